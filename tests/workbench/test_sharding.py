"""Work on shards: the same lines are kept as by the audit in memory, and a run that was cut off goes on."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import psutil
import pytest
from click.testing import CliRunner
from polars.testing import assert_frame_equal

from pipelines.duplicates.find import find_duplicates
from pipelines.errors import CurationError
from pipelines.examples import examples_frame, messages_of
from pipelines.formats.read import read_file
from workbench.cli.main import workbench
from workbench.sharding import work_on_shards

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "sample_data" / "train.jsonl"
SMALL = {"duplicates.permutations": 32, "duplicates.band_recall": 0.9}


def sample(folder: Path, lines: int) -> Path:
    path = folder / "train.jsonl"
    path.write_text("\n".join(SAMPLE.read_text("utf-8").split("\n")[:lines]), "utf-8")
    return path


def table(folder: Path) -> pl.DataFrame:
    frame = pl.concat([pl.read_parquet(path) for path in sorted(folder.glob("*.parquet"))])
    return frame.select(sorted(set(frame.columns) - {"row", "row_a", "row_b"})).sort(pl.all())


def test_files_become_tables_and_each_line_is_told(tmp_path: Path) -> None:
    path = sample(tmp_path, 500)
    report = work_on_shards(
        [path], tmp_path / "out", shards=3, only=["scores", "duplicates"], processes=1, settings=SMALL
    )
    read = read_file(path).accepted
    examples = examples_frame(messages_of(text) for text in read["messages"])
    groups = find_duplicates(examples).duplicates
    figures = report.figures["duplicates"]
    assert figures["groups"] == groups["group_id"].n_unique() > 0
    lines = pl.read_parquet(tmp_path / "out" / "duplicates" / "lines" / "*.parquet").sort("line")
    assert lines["line"].to_list() == read["line"].to_list()
    members = groups.filter(pl.col("example_id") != pl.col("representative_id"))["example_id"]
    assert set(lines.filter("keep")["example_id"]) == set(examples["example_id"]) - set(members)
    assert lines["keep"].sum() == figures["lines_kept"] == examples["example_id"].n_unique() - members.n_unique()
    assert report.figures["examples"] == {
        "lines": 500,
        "accepted": 500,
        "rejected": 0,
        "examples": examples["example_id"].n_unique(),
    }
    assert not list((tmp_path / "out").rglob("work"))


def test_a_second_run_computes_nothing_and_a_further_result_only_itself(tmp_path: Path) -> None:
    path, out = sample(tmp_path, 60), tmp_path / "out"
    first = work_on_shards([path], out, shards=2, only=["duplicates"], processes=1, settings=SMALL)
    again = work_on_shards([path], out, shards=2, only=["duplicates"], processes=1, settings=SMALL)
    assert (again.computed, again.figures) == (0, first.figures)
    more = work_on_shards([path], out, shards=2, only=["scores"], processes=1)
    assert more.computed == 2


def test_a_folder_of_another_run_is_refused(tmp_path: Path) -> None:
    path, out = sample(tmp_path, 20), tmp_path / "out"
    work_on_shards([path], out, shards=2, only=["scores"], processes=1)
    with pytest.raises(CurationError, match="another run"):
        work_on_shards([path], out, shards=3, only=["scores"], processes=1)
    with pytest.raises(CurationError, match="another run"):
        work_on_shards([path], out, shards=2, only=["scores"], processes=1, settings={"quality.copied_share": 0.5})
    path.write_text(path.read_text("utf-8") + "\n", "utf-8")
    with pytest.raises(CurationError, match="another run"):
        work_on_shards([path], out, shards=2, only=["scores"], processes=1)
    with pytest.raises(CurationError, match="holds other files"):
        work_on_shards([path], tmp_path, only=["scores"], processes=1)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"only": ["gaps"]}, "no result 'gaps'"),
        ({"address": "auto"}, "An address is for Ray"),
        ({"settings": {"nothing.at_all": 1}}, "no setting of a stage"),
    ],
)
def test_what_cannot_be_done_is_told_before_anything_is_written(tmp_path: Path, more: dict, message: str) -> None:
    path = sample(tmp_path, 5)
    with pytest.raises(CurationError, match=message):
        work_on_shards([path], tmp_path / "out", **more)


def test_files_without_examples_are_told_and_their_lines_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("{broken\n")
    with pytest.raises(CurationError, match="no training example"):
        work_on_shards([path], tmp_path / "out", shards=2, processes=1)
    assert pl.read_parquet(tmp_path / "out" / "rejected" / "*.parquet")["line"].to_list() == [1]


def test_the_command_prints_one_object(tmp_path: Path) -> None:
    path = sample(tmp_path, 30)
    command = ["shards", str(path), "--out", str(tmp_path / "out"), "--only", "scores", "--processes", "1", "--json"]
    result = CliRunner().invoke(workbench, command)
    assert result.exit_code == 0
    assert json.loads(result.stdout)["figures"]["examples"]["lines"] == 30


def finished(work: Path) -> int:
    """Count the outputs of stages that lie there whole."""
    found = [*work.glob("signed/*"), *work.glob("classes/*"), *work.glob("words/*/*")]
    return sum(not path.name.startswith(".") for path in found)


def test_a_worker_that_is_killed_costs_only_what_it_had_not_finished(tmp_path: Path) -> None:
    path = sample(tmp_path, 1_500)
    whole = work_on_shards([path], tmp_path / "whole", shards=5, only=["duplicates"], processes=1)
    out = tmp_path / "out"
    command = [sys.executable, "-m", "workbench.cli.main", "shards", str(path), "--out", str(out), "--shards", "5"]
    command += ["--only", "duplicates", "--processes", "2", "--json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    buckets = out / "duplicates" / "work" / "words" / "buckets"
    while run.poll() is None and len(list(buckets.glob("0*"))) < 3:
        time.sleep(0.002)
    children = psutil.Process(run.pid).children(recursive=True)
    workers = [child for child in children if "spawn_main" in " ".join(child.cmdline())]
    workers[0].send_signal(signal.SIGKILL)
    _, told = run.communicate(timeout=120)
    assert run.returncode == 1
    assert "A worker process died" in told
    assert "Traceback" not in told
    before = finished(out / "duplicates" / "work")
    assert before >= 5 + 5 + 5 + 3
    again = work_on_shards([path], out, shards=5, only=["duplicates"], processes=1)
    assert again.figures == whole.figures
    # Five each of lines counted, slices read, keys, dealt, parts, and the cuts: these were finished altogether.
    assert again.computed == whole.computed - before - (5 * 5 + 1)
    for name in ("pairs", "groups", "lines"):
        assert_frame_equal(
            table(out / "duplicates" / name), table(tmp_path / "whole" / "duplicates" / name), check_exact=True
        )
