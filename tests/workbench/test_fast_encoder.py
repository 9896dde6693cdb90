"""A project whose embeddings come from the fast encoder: every stage, the split, who judges, and what is stored."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from pipelines.embedding import static
from pipelines.progress import Progress, no_progress
from tests.pipelines.embedding.tiny_bert import make_tiny_bert
from tests.workbench.conftest import WordEncoder, chat, support_examples
from workbench.project import Project


class Keeping(WordEncoder):
    """Keeps what it was asked for."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def encode(self, texts: Sequence[str], *, progress: Progress = no_progress) -> np.ndarray:
        self.texts += texts
        return super().encode(texts, progress=progress)


@pytest.fixture
def judge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Keeping:
    """Put a tiny BERT in the place of the one that is distilled; give the encoder that judges."""
    folder = tmp_path / "tiny-bert"
    folder.mkdir()
    make_tiny_bert(folder)
    monkeypatch.setattr(static, "bundled_folder", lambda: folder)

    judge = Keeping()
    monkeypatch.setattr("pipelines.embedding.minilm.load_encoder", lambda name="default": judge)
    return judge


def test_all_stages_and_the_split_take_the_vectors_of_the_fast_encoder(
    project: Project, judge: Keeping, write_jsonl, tmp_path: Path
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
    assert sorted(path.name.startswith("all-MiniLM-L6-v2-static-") for path in kept) == [False, True]
    assert all(np.isfinite(np.load(shard)["vector"]).all() for folder in kept for shard in folder.glob("*.npy"))
    # Only what may be a semantic duplicate was judged, and found to be one by what its words say.
    examples = project.store.examples.with_role("train")
    assert 0 < len(judge.texts) < 2 * examples.height
    assert judge.texts == list(dict.fromkeys(judge.texts))
    assert json.loads(project.store.analysis.stage("embeddings").settings)["encoder"] == "fast"
    # The second run finds everything in the cache.
    assert all(stage.skipped for stage in project.curation.curate(settings={"embeddings.encoder": "fast"}).stages)
