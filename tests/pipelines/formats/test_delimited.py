"""Tables: any delimiter, quoting by RFC 4180, true line numbers, and a stray quote that does not swallow the file."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.examples import messages_of
from pipelines.formats.read import ReadResult, ReadSettings, read_file
from pipelines.formats.table_dialect import Dialect, find_delimiter, find_dialect


def read(tmp_path: Path, text: str, **settings: object) -> ReadResult:
    path = tmp_path / "file"
    path.write_bytes(text.encode())
    result = read_file(path, ReadSettings(**settings))
    assert result.accepted.height + result.rejected.height == result.lines
    return result


def pairs(result: ReadResult) -> list[tuple[str, str]]:
    return [tuple(message["content"] for message in messages_of(text)) for text in result.accepted["messages"]]


@pytest.mark.parametrize(("delimiter", "name"), [(",", "csv"), (";", "csv"), ("\t", "tsv"), ("|", "csv")])
def test_the_delimiter_is_found(tmp_path, delimiter, name):
    text = f"id{delimiter}prompt{delimiter}completion\n1{delimiter}a, b; c{delimiter}d\n"
    if delimiter in ",;":
        text = text.replace("a, b; c", '"a, b; c"')
    result = read(tmp_path, text)
    assert result.format == name
    assert pairs(result) == [("a, b; c", "d")]
    assert result.accepted["metadata"].to_list() == ['{"id":"1"}']


def test_cells_may_hold_line_ends_and_quotes_and_lines_are_the_first_physical_ones(tmp_path):
    text = 'prompt,completion\r\n"two\r\nlines","say ""hi"""\r\n\r\nc,d\r\n'
    result = read(tmp_path, text)
    assert pairs(result) == [("two\r\nlines", 'say "hi"'), ("c", "d")]
    assert result.accepted["line"].to_list() == [2, 5]
    assert result.accepted["raw"].to_list() == ['"two\r\nlines","say ""hi"""', "c,d"]


def test_a_stray_quote_costs_its_own_line_only(tmp_path):
    text = 'prompt,completion\na,b\n"oops,c\nd,e\nf,g\n'
    result = read(tmp_path, text)
    assert pairs(result) == [("a", "b"), ("d", "e"), ("f", "g")]
    assert result.rejected["line"].to_list() == [3]
    assert result.rejected["raw"].to_list() == ['"oops,c']


def test_rows_with_too_few_or_too_many_cells_are_rejected(tmp_path):
    result = read(tmp_path, "prompt,completion\na\nb,c,d\ne,f\n")
    assert pairs(result) == [("e", "f")]
    assert result.rejected["reason"].to_list() == [
        "The row has 1 cells, the header 2.",
        "The row has 3 cells, the header 2.",
    ]


def test_text_after_a_closing_quote_is_rejected_not_glued(tmp_path):
    result = read(tmp_path, 'prompt,completion\n"a"b,c\nd,e\n')
    assert pairs(result) == [("d", "e")]
    assert "closing quote" in result.rejected["reason"][0]


def test_a_mapping_makes_a_foreign_header_readable(tmp_path):
    text = "ask,tell\na,b\nc,d\n"
    assert read(tmp_path, text).rejected["line"].to_list() == [2, 3]
    assert pairs(read(tmp_path, text, mapping={"prompt": "ask", "completion": "tell"})) == [("a", "b"), ("c", "d")]


def test_a_messages_column_may_hold_json(tmp_path):
    cell = '[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]'.replace('"', '""')
    assert pairs(read(tmp_path, f'id,messages\n1,"{cell}"\n')) == [("a", "b")]


def test_a_cell_longer_than_the_csv_modules_default_is_read(tmp_path):
    assert pairs(read(tmp_path, f'prompt,completion\n"{"x" * 300_000}",b\n')) == [("x" * 300_000, "b")]


def test_one_column_of_queries_is_a_table_when_its_header_says_so(tmp_path):
    result = read(tmp_path, 'query\nwhere is it\n"well, where?"\nhello, you; there\n', role="production")
    assert result.format == "csv"
    assert pairs(result) == [("where is it",), ("well, where?",), ("hello, you; there",)]


def test_find_delimiter_falls_back_to_the_comma():
    assert find_delimiter([]) == ","
    assert find_delimiter(["one word", "two words"]) == ","


@pytest.mark.parametrize("delimiter", ["^", "~", "\x1f", "¦", ":"])
def test_any_other_delimiter_is_found_when_it_cuts_all_lines_alike(tmp_path, delimiter):
    text = "\n".join(delimiter.join(cells) for cells in [("prompt", "completion"), ("a, b; c", "d"), ("e", "f")])
    assert pairs(read(tmp_path, text)) == [("a, b; c", "d"), ("e", "f")]


def test_cells_in_single_quotes_are_read(tmp_path):
    text = "'prompt','completion'\n'a, b','it''s \"c\"'\n'two\nlines','d'\n"
    assert pairs(read(tmp_path, text)) == [("a, b", 'it\'s "c"'), ("two\nlines", "d")]


def test_quotes_behind_backslashes_are_read_and_other_backslashes_stay(tmp_path):
    text = 'prompt,completion\n"say \\"hi\\", bo","C:\\new"\n"a\\\\","b"\n'
    assert pairs(read(tmp_path, text)) == [('say "hi", bo', "C:\\new"), ("a\\\\", "b")]


def test_quotes_mean_nothing_between_tabs_when_most_lines_say_so(tmp_path):
    text = 'prompt\tcompletion\n"Hi" he said\tok\n5" pipe\t"what\n'
    assert pairs(read(tmp_path, text)) == [('"Hi" he said', "ok"), ('5" pipe', '"what')]
    assert find_dialect(["a\tb", '"c\td"\te']) == Dialect("\t")


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.tuples(st.text(alphabet='ab,"\n; \t'), st.text(alphabet='xy,"\n\r|', min_size=1)), min_size=1, max_size=8
    )
)
def test_what_the_csv_module_wrote_reads_back(tmp_path_factory, rows):
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(["prompt", "completion"])
    writer.writerows(rows)
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    path.write_bytes(out.getvalue().encode())
    result = read_file(path)
    assert pairs(result) == [row for row in rows if any(cell.strip() for cell in row)]  # empty ones are refused


@pytest.mark.parametrize("header", ["prompt, completion", '"prompt", "completion"'])
def test_blanks_between_a_delimiter_and_a_quote_belong_to_no_cell(tmp_path, header):
    assert pairs(read(tmp_path, f'{header}\n"a, b", "say ""f"""\n"c", "d"\n')) == [("a, b", 'say "f"'), ("c", "d")]


def test_blanks_stay_where_no_quote_follows_one(tmp_path):
    assert pairs(read(tmp_path, "prompt,completion\na, b\n")) == [("a", " b")]


@pytest.mark.parametrize("delimiter", ["@", "$", "%", "!", "/", "&"])
def test_an_unlikely_delimiter_is_taken_where_the_names_are_known(tmp_path, delimiter):
    assert pairs(read(tmp_path, f"prompt{delimiter}completion\na b{delimiter}c\n")) == [("a b", "c")]
    queries = f"status{delimiter}open\nbilling{delimiter}help\n"
    assert read(tmp_path, queries, role="production").lines == 2


@pytest.mark.parametrize("line", ["sep=;", '"sep=;"', "SEP=;"])
def test_a_first_line_may_name_the_delimiter(tmp_path, line):
    result = read(tmp_path, f"{line}\nprompt;completion\na, b;c\n")
    assert pairs(result) == [("a, b", "c")]
    assert result.accepted["line"].to_list() == [3]
