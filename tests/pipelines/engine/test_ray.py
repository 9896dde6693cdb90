"""A real Ray of two workers on this machine gives what this process gives, bit for bit."""

import importlib.util
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from polars.testing import assert_frame_equal

from pipelines.duplicates.settings import DuplicateSettings
from pipelines.embedding.settings import EmbeddingSettings
from pipelines.engine.embedding import embed_shards
from pipelines.engine.executor import Executor
from pipelines.engine.ray_executor import RayExecutor
from pipelines.engine.scoring import score_shards
from pipelines.engine.shard_files import read_frames
from pipelines.engine.stages import Stages
from pipelines.errors import CurationError
from pipelines.quality.settings import QualitySettings
from tests.pipelines.engine.shard_rows import as_in_memory, found_in_shards, ordered, sample_examples

# Not `importorskip`: Ray reads its settings as it is imported, and the executor sets them before.
WITHOUT_RAY = importlib.util.find_spec("ray") is None
needs_ray = pytest.mark.skipif(WITHOUT_RAY, reason="Ray is not installed (extra [ray])")


@pytest.fixture(scope="module")
def ray() -> Iterator[Executor]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parents[3]), os.environ.get("PYTHONPATH", "")]))
        with RayExecutor(2) as executor:
            yield executor


@needs_ray
@pytest.mark.filterwarnings("default")
def test_duplicates_scores_and_embeddings_are_those_of_this_process(ray: Executor, tmp_path: Path) -> None:
    chosen = DuplicateSettings(permutations=16, band_recall=0.8)
    examples = sample_examples(300)
    own = as_in_memory(found_in_shards(examples, tmp_path / "own", chosen, 1, 1))
    theirs = as_in_memory(found_in_shards(examples, tmp_path / "ray", chosen, 3, 2, ray, seed=4))
    for one, other in zip(own, theirs, strict=True):
        assert_frame_equal(one, other, check_exact=True)
    assert own[1].height > 0
    results = []
    for name, executor in (("own", None), ("ray", ray)):
        parts, stages = ordered(examples.head(30), tmp_path / name / "few", 2, 2, executor)
        scores = read_frames(score_shards(parts, QualitySettings(), tmp_path / name / "scores", stages))
        vectors = read_frames(embed_shards(parts, EmbeddingSettings(), tmp_path / name / "vectors", stages))
        results.append((scores, vectors))
    for one, other in zip(*results, strict=True):
        assert_frame_equal(one, other, check_exact=True)


def fail(out: Path) -> None:
    raise CurationError(f"{out.name} is wrong.", "Mend it.")


@needs_ray
@pytest.mark.filterwarnings("default")
def test_an_error_for_people_comes_through(ray: Executor, tmp_path: Path) -> None:
    with pytest.raises(CurationError, match="out is wrong"):
        Stages(ray, 1).run("Failing", fail, [(tmp_path / "out",)])


def die_once(marker: Path, out: Path) -> None:
    if not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    out.write_text("there")


@needs_ray
@pytest.mark.filterwarnings("default")
def test_the_job_of_a_worker_that_died_is_done_by_another(ray: Executor, tmp_path: Path) -> None:
    [out] = Stages(ray, 1).run("Dying", die_once, [(tmp_path / "marker", tmp_path / "out")])
    assert out.read_text() == "there"


@needs_ray
@pytest.mark.filterwarnings("default")
def test_nothing_listens_beyond_this_machine_and_nothing_is_reported(ray: Executor) -> None:
    started = [psutil.Process(), *psutil.Process().children(recursive=True)]
    listening = [
        (process.name(), connection.laddr.ip)
        for process in started
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listening) > 2
    assert {address.removeprefix("::ffff:") for _, address in listening} <= {"127.0.0.1", "::1"}, listening
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"


@needs_ray
@pytest.mark.parametrize("address", ["127.0.0.1:1", "10.0.0.5", "ray://10.0.0.5:10001", "127.0.0.1:99999"])
def test_an_address_where_no_ray_answers_is_told_at_once(address: str) -> None:
    with pytest.raises(CurationError, match=r"No Ray answers|no address"):
        RayExecutor(2, address)


@pytest.mark.skipif(not WITHOUT_RAY, reason="Ray is installed")
def test_without_ray_the_error_names_the_extra() -> None:
    with pytest.raises(CurationError, match="Ray is not installed"):
        RayExecutor(2)
