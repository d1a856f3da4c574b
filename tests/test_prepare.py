"""A metadata table as people keep it: from Excel, in older encodings, under other names."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexing.prepare import read_metadata


@pytest.mark.parametrize(
    "data",
    [
        b"file,title,author,date\na.txt,The caf\xc3\xa9 vote,Ann,2024-03-05\n",
        b'\xef\xbb\xbffile,title,author,date,source\r\na.txt,The caf\xc3\xa9 vote,Ann,"March 5, 2024",nan\r\n',
        "File;Titel;Autorin;Datum\na.txt;The café vote;Ann;2024-3-5\n".encode("cp1252"),
        b"sep=;\r\nFilename;Headline;Byline;Published on\r\na.txt;The caf\xe9 vote;Ann;2024-03-05T10:00\r\n\r\n;;;\r\n",
        "path\ttitle\tauthor\tdate\na.txt\tThe café vote\tAnn\t2024-03-05\n".encode("utf-16"),
    ],
    ids=["plain", "bom", "german", "excel", "utf-16"],
)
def test_a_metadata_table_is_read_as_people_keep_it(tmp_path: Path, data: bytes) -> None:
    table = tmp_path / "about.csv"
    table.write_bytes(data)
    assert read_metadata(table) == {"a.txt": {"title": "The café vote", "author": "Ann", "date": "2024-03-05"}}
