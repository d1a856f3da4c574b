"""E-mails: headers, parts, attachments, and what is no e-mail."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexing.errors import LoadError
from indexing.extraction import Extraction, ReadOptions
from indexing.readers import read
from tests.samples import PROSE, eml


def read_mail(folder: Path, data: bytes) -> Extraction:
    path = folder / "mail.eml"
    path.write_bytes(data)
    (value,) = read(path, ReadOptions())
    assert isinstance(value, Extraction)
    return value


def test_headers_are_metadata_and_attachments_are_named(tmp_path: Path) -> None:
    value = read_mail(tmp_path, eml())
    known = value.metadata
    assert (known.title, known.author) == ("Bridge approved – at last", "Jane Roe <jane@daily.example>")
    assert (known.date, value.date_found) == ("2024-03-05", "Date header")
    assert value.warnings == ("the attachment plan.pdf was not read",)


def test_the_text_part_is_preferred_and_decoded_as_it_declares(tmp_path: Path) -> None:
    value = read_mail(tmp_path, eml())
    assert value.text == f"The café by the bridge stays open.\n\n{PROSE}"
    assert value.encoding == "cp1252"


def test_a_message_of_markup_alone_is_read_as_it_is_seen(tmp_path: Path) -> None:
    head = b"From: a@b.example\r\nSubject: x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    value = read_mail(tmp_path, head + "<h1>Hello</h1><p>Café</p><p hidden>Unseen words</p>".encode())
    assert value.text == "Hello\n\nCafé"
    assert value.hidden == ("Unseen words",)


def test_flowed_lines_are_one_paragraph(tmp_path: Path) -> None:
    head = b"From: a@b.example\r\nSubject: x\r\nContent-Type: text/plain; format=flowed\r\n\r\n"
    value = read_mail(tmp_path, head + b"A line that \r\ngoes on.\r\n\r\nA new one.\r\n-- \r\nJane\r\n")
    assert value.text == "A line that goes on.\n\nA new one.\n--\nJane"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"just some words, and no headers", "headers"),
        (b"From: a@b.example\r\nContent-Type: image/png\r\n\r\nxx", "no text"),
        (b"From: a@b.example\r\nContent-Type: text/plain; charset=nonsense\r\n\r\n\0\0\xff", "binary"),
    ],
)
def test_what_has_no_text_is_refused(tmp_path: Path, data: bytes, reason: str) -> None:
    with pytest.raises(LoadError, match=reason):
        read_mail(tmp_path, data)


def test_malformed_headers_count_as_absent(tmp_path: Path) -> None:
    head = b"From: =?utf-8?q?=ff?= <<>@\r\nDate: the day after\r\nSubject: \xff\xfe\r\n\r\n"
    value = read_mail(tmp_path, head + PROSE.encode())
    assert (value.text, value.metadata.date, value.date_found) == (PROSE, "", "")


def test_parts_in_parts_without_end_are_answered(tmp_path: Path) -> None:
    head = b"From: a@b.example\r\nSubject: x\r\n"
    deep = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(3000))
    with pytest.raises(LoadError):
        read_mail(tmp_path, head + deep + b"Content-Type: text/plain\r\n\r\nhello")
