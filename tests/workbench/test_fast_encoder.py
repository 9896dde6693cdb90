"""A project whose embeddings come from the fast encoder: every stage, the split and what is stored."""

import json
from pathlib import Path

import numpy as np
import pytest

from pipelines.embedding import static
from tests.pipelines.embedding.tiny_bert import make_tiny_bert
from tests.workbench.conftest import chat, support_examples
from workbench.project import Project


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a tiny BERT in the place of the bundled one, and let nobody load the bundled encoder."""
    folder = tmp_path / "tiny-bert"
    folder.mkdir()
    make_tiny_bert(folder)
    monkeypatch.setattr(static, "bundled_folder", lambda: folder)

    def refuse(name: str = "default") -> None:
        raise AssertionError(f"the encoder '{name}' was loaded")

    monkeypatch.setattr("pipelines.embedding.minilm.load_encoder", refuse)


def test_all_stages_and_the_split_take_the_vectors_of_the_fast_encoder(
    project: Project, tiny: None, write_jsonl, tmp_path: Path
) -> None:
    # Besides: texts without any word that the encoder knows, which have no direction.
    odd = [chat("🙂", "zzz"), chat("🚀", "qqq"), chat("zzz", " "), chat("where is my order", "late, late")]
    project.importing.import_files([write_jsonl("a.jsonl", [*support_examples(30), *odd])])
    report = project.curation.curate(settings={"embeddings.encoder": "fast"})
    assert {stage.stage: stage.figures for stage in report.stages}["embeddings"]["encoder"] == "fast"
    pairs = project.store.analysis.duplicates()
    emoji = project.store.examples.with_role("train").filter(prompt="🙂")["example_id"].item()
    assert emoji not in pairs["example_id"].to_list()
    project.splitting.split(include_pending=True)
    kept = list((project.folder / "cache" / "embeddings").iterdir())
    assert [path.name.startswith("all-MiniLM-L6-v2-static-") for path in kept] == [True]
    assert all(np.isfinite(np.load(shard)["vector"]).all() for shard in kept[0].glob("*.npy"))
    assert json.loads(project.store.analysis.stage("embeddings").settings)["encoder"] == "fast"
    # The second run finds everything in the cache.
    assert all(stage.skipped for stage in project.curation.curate(settings={"embeddings.encoder": "fast"}).stages)
