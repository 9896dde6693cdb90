"""Logs of production: the same rows from every kind of file, and an error that names the row for what is none."""

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import polars as pl
import pytest

from pipelines.errors import CurationError
from pipelines.production.log import LOG, read_log
from pipelines.production.settings import ABSettings

ROWS = [
    ("tuned", 1.0, datetime(2026, 3, 2, 9, 15), "u1"),
    ("base", 0.0, datetime(2026, 3, 2, 23, 59, 59, 250_000), "ü 2"),
    ("base", -2.5, datetime(2026, 3, 8), "007"),
]
HEAD = "variant,outcome,time,user\n"


def write(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def test_every_kind_of_file_gives_the_same_rows(tmp_path: Path) -> None:
    expected = pl.DataFrame([(*row, n) for n, row in enumerate(ROWS)], schema=LOG, orient="row").drop("row")
    texts = [(a, str(o), t.isoformat() + "Z", u) for a, o, t, u in ROWS]
    files = [
        write(tmp_path / "a.csv", HEAD + "".join(",".join(row) + "\n" for row in texts)),
        write(tmp_path / "a.tsv", (HEAD + "".join(",".join(row) + "\n" for row in texts)).replace(",", "\t")),
        write(
            tmp_path / "a.jsonl",
            "\n\n".join(json.dumps({"user": u, "time": t, "variant": a, "outcome": float(o)}) for a, o, t, u in texts),
        ),
        tmp_path / "a.parquet",
        tmp_path / "zoned.parquet",
    ]
    expected.write_parquet(files[3])
    expected.with_columns(pl.col("time").dt.replace_time_zone("UTC").dt.convert_time_zone("Asia/Tokyo")).write_parquet(
        files[4]
    )
    for file in files:
        found = read_log(file)
        assert found.schema == LOG
        assert found.drop("row").equals(expected), file.name
    assert [read_log(file)["row"].to_list() for file in files] == [[2, 3, 4]] * 2 + [[1, 3, 5]] + [[1, 2, 3]] * 2


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-03-02T09:15:00Z", datetime(2026, 3, 2, 9, 15)),
        ("2026-03-02T09:15:00+02:00", datetime(2026, 3, 2, 7, 15)),
        ("2026-03-02 09:15:00.5", datetime(2026, 3, 2, 9, 15, 0, 500_000)),
        ("2026-03-02T09:15", datetime(2026, 3, 2, 9, 15)),
        ("2026-03-02", datetime(2026, 3, 2)),
        (str(int(datetime(2026, 3, 2, 9, 15, tzinfo=UTC).timestamp())), datetime(2026, 3, 2, 9, 15)),
        (str(int(datetime(2026, 3, 2, 9, 15, tzinfo=UTC).timestamp() * 1000)), datetime(2026, 3, 2, 9, 15)),
        (
            datetime(2026, 3, 2, 9, 15, tzinfo=timezone(timedelta(hours=-5))).isoformat(),
            datetime(2026, 3, 2, 14, 15),
        ),
    ],
)
def test_times_are_read_as_utc(tmp_path: Path, written: str, moment: datetime) -> None:
    assert read_log(write(tmp_path / "a.csv", f"{HEAD}a,1,{written},u\n"))["time"].to_list() == [moment]


@pytest.mark.parametrize(("written", "outcome"), [("true", 1), ("False", 0), (" 3 ", 3), ("1e3", 1000), ("-0.5", -0.5)])
def test_outcomes_are_numbers_or_true_and_false(tmp_path: Path, written: str, outcome: float) -> None:
    found = read_log(write(tmp_path / "a.csv", f"{HEAD}a,{written},2026-03-02,u\n"))
    assert found["outcome"].to_list() == [outcome]
    as_json = {"variant": "a", "outcome": written.strip().lower() == "true", "time": 0, "user": 7}
    lines = write(tmp_path / "a.jsonl", json.dumps(as_json))
    assert read_log(lines)["outcome"].to_list() == [float(written.strip().lower() == "true")]
    assert read_log(lines)["user"].to_list() == ["7"]


def test_columns_may_have_other_names(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "arm,solved,at,who,outcome\nb,1,2026-03-02,u,9\n")
    names = {"variant_column": "arm", "outcome_column": "solved", "time_column": "at", "user_column": "who"}
    assert read_log(path, ABSettings(**names)).row(0) == ("b", 1.0, datetime(2026, 3, 2), "u", 2)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", HEAD + "a,1,2026-03-02,u\na,good,2026-03-02,v\n", r"row 3: the outcome 'good' is no number \(1 such"),
        ("a.csv", HEAD + "a,,2026-03-02,u\n", "row 2: the outcome .* is no number"),
        ("a.csv", HEAD + "a,nan,2026-03-02,u\n", "row 2: the outcome 'nan' is no number"),
        ("a.csv", HEAD + "a,inf,2026-03-02,u\n", "row 2: the outcome 'inf' is no number"),
        ("a.csv", HEAD + "a,1,yesterday,u\n", "row 2: the time 'yesterday' is no time"),
        ("a.csv", HEAD + "a,1,2026-13-02,u\n", "row 2: the time '2026-13-02' is no time"),
        ("a.csv", HEAD + "a,1,-5,u\n", "row 2: the time '-5' is no time"),
        ("a.csv", HEAD + " ,1,2026-03-02,u\n", "row 2: the variant ' ' is empty"),
        ("a.csv", HEAD + "a,1,2026-03-02,\n", "row 2: the user .* is empty"),
        (
            "a.csv",
            "variant,outcome,user\na,1,u\n",
            "no column 'time' for the time; it has 'variant', 'outcome', 'user'",
        ),
        ("a.csv", HEAD, "holds no rows"),
        ("a.csv", "", "holds no rows"),
        ("a.csv", HEAD + "a,1,2026-03-02,u,5,6\n", "cannot be read"),
        ("a.jsonl", '{"variant": "a", "outcome": [1], "time": 0, "user": "u"}', r"row 1: the outcome '\[1\]'"),
        ("a.jsonl", '{"variant": "a", "outcome": 1, "time": 0}\n', "no column 'user'"),
        ("a.jsonl", '{"variant": "a"}\n[1]\n', "row 2: no JSON object"),
        ("a.jsonl", "[" * 100_000, "row 1: no JSON object"),
        ("a.jsonl", "", "holds no rows"),
        ("a.parquet", "no parquet", "cannot be read"),
        ("a.xlsx", "", "no log that can be read"),
    ],
)
def test_what_is_no_log_is_refused_and_named(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(CurationError, match=message) as caught:
        read_log(write(tmp_path / name, text))
    assert caught.value.remedy


def test_odd_files_are_refused_too(tmp_path: Path) -> None:
    (tmp_path / "latin.csv").write_bytes(HEAD.encode() + "a,1,2026-03-02,\xe4\n".encode("latin-1"))
    (tmp_path / "latin.jsonl").write_bytes(b'{"user": "\xe4"}\n')
    nested = pl.DataFrame({"variant": [["a"]], "outcome": [{"x": 1}], "time": [[1]], "user": [b"u"]})
    nested.write_parquet(tmp_path / "nested.parquet")
    for name in ("latin.csv", "latin.jsonl", "nested.parquet", "nowhere.csv"):
        with pytest.raises(CurationError):
            read_log(tmp_path / name)
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(CurationError, match="There is no file"):
        read_log(tmp_path / "folder.csv")
