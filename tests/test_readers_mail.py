"""E-mails: headers, parts, attachments, and what is no e-mail."""

from __future__ import annotations

from email.message import EmailMessage
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


def test_every_part_of_text_is_read_and_so_is_a_message_that_is_passed_on(tmp_path: Path) -> None:
    passed_on = EmailMessage()
    passed_on["From"], passed_on["Subject"] = "Bo <bo@x.example>", "The bridge"
    passed_on["Date"] = "Mon, 4 Mar 2024 10:00:00 +0000"
    passed_on.set_content("The bridge is closed.\n")
    message = EmailMessage()
    message["From"], message["Subject"] = "a@x.example", "Fwd"
    message.set_content("First part.\n")
    message.add_attachment("Attached words.", filename="notes.txt")
    message.add_attachment("Second part.\n", disposition="inline")
    message.add_attachment(passed_on)
    value = read_mail(tmp_path, message.as_bytes())
    assert value.text == (
        "First part.\n\nSecond part.\n\nFrom: Bo <bo@x.example>\nDate: Mon, 04 Mar 2024 10:00:00 +0000\n"
        "Subject: The bridge\n\nThe bridge is closed."
    )
    assert [block.pieces[0].of(value.text) for block in value.blocks][-1] == "The bridge is closed."
    assert value.warnings == ("the attachment notes.txt was not read",)


def test_a_plain_part_that_only_says_that_it_is_none_is_passed_over(tmp_path: Path) -> None:
    message = EmailMessage()
    message["From"], message["Subject"] = "a@x.example", "News"
    message.set_content("Your program does not show HTML.\n")
    message.add_alternative(f"<style>p {{}}</style><p>{PROSE}</p>", subtype="html")
    assert read_mail(tmp_path, message.as_bytes()).text == PROSE
    message = EmailMessage()
    message["From"], message["Subject"] = "a@x.example", "News"
    message.set_content(PROSE)
    message.add_alternative(f"<p>{PROSE} And more.</p>", subtype="html")
    assert read_mail(tmp_path, message.as_bytes()).text == PROSE
