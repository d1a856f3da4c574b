"""CSV and JSONL: a document for each row, columns mapped or guessed, rows that fail alone."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import pytest

from indexing.documents import Metadata
from indexing.errors import LoadError
from indexing.extraction import Extraction, Read, ReadOptions, Unread
from indexing.readers import read
from tests.samples import PROSE, csv_rows, jsonl_rows


def read_table(folder: Path, name: str, data: bytes, options: ReadOptions | None = None) -> list[Read]:
    path = folder / name
    path.write_bytes(data)
    return list(read(path, options or ReadOptions()))


def documents(values: list[Read]) -> list[Extraction]:
    return [value for value in values if isinstance(value, Extraction)]


def test_columns_are_guessed_by_their_usual_names(tmp_path: Path) -> None:
    first, second = documents(read_table(tmp_path, "a.csv", csv_rows()))
    assert first.text == f"{PROSE}\n\nA second paragraph."
    assert (first.metadata.title, first.metadata.author, first.member) == ("Bridge; approved", "Jane Roe", "row 1")
    assert (second.metadata.title, second.metadata.date, second.date_found) == (
        "Café closed",
        "2024-03-13",
        "column published",
    )
    assert "not clear" in first.warnings[0]


def test_a_row_without_text_is_named_and_the_others_go_on(tmp_path: Path) -> None:
    values = read_table(tmp_path, "a.csv", csv_rows())
    assert [value.member for value in values] == ["row 1", "row 2", "row 3"]
    assert isinstance(values[2], Unread)
    assert values[2].error.skipped


def test_columns_are_mapped_as_asked(tmp_path: Path) -> None:
    table = f"nr,kop,stuk,tag\n7,Bridge,{PROSE.replace(',', '')},2024-03-05\n".encode()
    options = ReadOptions(columns={"text": "stuk", "title": "kop", "date": "tag", "id": "nr"})
    (value,) = documents(read_table(tmp_path, "a.csv", table, options))
    assert (value.metadata.title, value.metadata.date, value.member) == ("Bridge", "2024-03-05", "7")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({}, r"its columns: kop, stuk.*--map title=headline,text=body"),
        ({"text": "body"}, r"no column body \(its columns: kop, stuk\).*--map"),
        ({"headline": "kop"}, r"--map sets headline; set only text, title"),
    ],
)
@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_without_a_text_column_the_error_names_the_columns_and_the_remedy(
    tmp_path: Path, name: str, columns: dict[str, str], message: str
) -> None:
    data = b"kop,stuk\na,b\n" if name == "a.csv" else b'{"kop": "a", "stuk": "b"}\n'
    with pytest.raises(LoadError, match=message):
        read_table(tmp_path, name, data, ReadOptions(columns=columns))


def test_lines_of_json_are_documents_named_by_their_ids(tmp_path: Path) -> None:
    values = read_table(tmp_path, "a.jsonl", jsonl_rows())
    assert [value.member for value in values] == ["a1", "row 2", "a2"]
    first, third = documents(values)
    assert (first.text, first.metadata.author, first.metadata.date) == (PROSE, "J. Roe, M. Poe", "2024-03-05")
    assert (third.text, third.hidden, third.metadata.url) == (PROSE, ("Unseen",), "https://daily.example/2")


@pytest.mark.parametrize("line", [b"[" * 100_000, b"[1, 2]", b'"text"', b"{", b"\xff\xfe{}", b'{"text": {"a": 1}}'])
def test_a_bad_line_does_not_stop_the_others(tmp_path: Path, line: bytes) -> None:
    good = json.dumps({"text": PROSE}).encode()
    values = read_table(tmp_path, "a.jsonl", good + b"\n" + line + b"\n" + good)
    assert len(documents(values)) >= 2
    assert values[0].member == "row 1"
    assert values[-1].member == "row 3"


def test_a_line_over_the_limit_is_passed_over(tmp_path: Path) -> None:
    good = json.dumps({"text": PROSE}).encode()
    long = json.dumps({"text": "x" * 50_000}).encode()
    values = read_table(tmp_path, "a.jsonl", good + b"\n" + long + b"\n" + good, ReadOptions(max_bytes=1000))
    assert [type(value) for value in values] == [Extraction, Unread, Extraction]


def test_a_cell_that_runs_over_the_rest_of_the_file_is_suspected(tmp_path: Path) -> None:
    (unread,) = read_table(tmp_path, "a.csv", b'title,text\n"never closed,\n' + b"b,words\n" * 2_000)
    assert isinstance(unread, Unread)
    assert "quotation mark were left open" in unread.error.reason


def test_an_open_quotation_mark_does_not_swallow_memory(tmp_path: Path) -> None:
    table = b"title,text\n" + b'a,"never closed\n' + b"b,words and more words\n" * 20_000
    values = read_table(tmp_path, "a.csv", table, ReadOptions(max_bytes=10_000))
    assert any(isinstance(value, Unread) and "quotation marks" in value.error.remedy for value in values)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_the_encoding_of_a_table_is_found(tmp_path: Path, encoding: str) -> None:
    words = "Le café était fermé depuis l’été. « Où êtes-vous allés ? » a demandé la mère à l’élève, très gênée."
    table = f'title,text\nCafé,"{words * 5}"\n'
    (value,) = documents(read_table(tmp_path, "a.csv", table.encode(encoding)))
    assert value.metadata.title == "Café"
    assert "était" in value.text


def test_memory_holds_one_row_of_a_long_table(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("title,text\n" + f'Bridge,"{PROSE}"\n' * 40_000)
    tracemalloc.start()
    count = 0
    for value in read(path, ReadOptions()):
        count += isinstance(value, Extraction)
        if count == 3_000:
            break
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert path.stat().st_size > 9_000_000
    assert peak < 8_000_000


def test_what_programs_write_for_nothing_is_nothing_and_values_in_values_are_read(tmp_path: Path) -> None:
    (row,) = documents(
        read_table(tmp_path, "a.csv", b"title,text,author,date,source\nnan,The council voted.,None,NaT,N/A\n")
    )
    assert row.metadata == Metadata(title="The council voted.")
    assert row.warnings == ()
    line = (
        b'{"text": "A.", "author": [{"name": "Ann"}, "Bo"], "date": {"$date": "2024-03-05T10:00:00Z"}, "source": null}'
    )
    (row,) = documents(read_table(tmp_path, "a.jsonl", line))
    assert (row.metadata.author, row.metadata.date, row.metadata.source) == ("Ann, Bo", "2024-03-05", "")


def test_entities_and_tags_are_read_as_they_are_seen(tmp_path: Path) -> None:
    data = b'text,title\n"AT&amp;T said &ldquo;no&rdquo; to R&D.","The <i>Post</i> &amp; more"\n'
    (row,) = documents(read_table(tmp_path, "a.csv", data))
    assert (row.text, row.metadata.title) == ("AT&T said \u201cno\u201d to R&D.", "The Post & more")


def test_columns_of_other_languages_and_the_first_line_of_excel_are_known(tmp_path: Path) -> None:
    data = b"sep=;\r\nTitel;Inhalt;Datum;Autorin;Quelle\r\nT;Der Rat, einstimmig.;5.3.2024;Ann;Post\r\n"
    (row,) = documents(read_table(tmp_path, "a.csv", data))
    assert row.text == "Der Rat, einstimmig."
    assert (row.metadata.title, row.metadata.author, row.metadata.source) == ("T", "Ann", "Post")
