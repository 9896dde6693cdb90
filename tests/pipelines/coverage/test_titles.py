import numpy as np
import polars as pl

from pipelines.coverage.titles import cluster_titles


def test_names_and_slips_of_the_pen_are_no_title() -> None:
    names = ("Nadia", "Otto", "Ulla", "Ruth", "Will", "Igor", "Nora", "Gino", "Emil", "Lena", "Vito", "Remo")
    greetings = [f"{name} writes from the harbour about parcels" for name in names]
    greetings[3] = "Ruth wriites frmo the harbuor about parcles"
    others = [f"Which lamp fits shelf {letter}{letter}?" for letter in "abcdefghijkl"]
    prompts = pl.Series([*greetings, *others])
    titles = cluster_titles(prompts, np.repeat([0, 1], 12))
    assert set(titles[0].split(", ")) == {"writes", "harbour", "parcels"}
    assert set(titles[1].split(", ")) == {"lamp", "fits", "shelf"}


def test_the_words_of_a_cluster_whose_prompts_share_none_still_name_it() -> None:
    titles = cluster_titles(pl.Series(["red kites", "blue whales"]), np.array([0, 0]))
    assert set(titles[0].split(", ")) < {"red", "kites", "blue", "whales"}
