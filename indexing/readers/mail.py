"""E-mails by the standard library: headers as metadata, all parts of text, HTML as it is seen, messages passed on."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path
from typing import NamedTuple

from indexing.clean import Block, plain_blocks, shifted
from indexing.decoding import decode_as
from indexing.documents import Metadata
from indexing.errors import LoadError
from indexing.extraction import Extraction, ReadOptions, TextBuilder, excerpts, one_line, tidy, within
from indexing.readers import damaged, read_limited
from indexing.readers.dates import header_date

TEXTS = ("text/plain", "text/html")
DEEPEST = 30  # parts within parts
STUB = 25  # words; a plain part of fewer is passed over where the other one has more than four times as many


def read_eml(path: Path, options: ReadOptions) -> Iterator[Extraction]:
    """One document: the message and those it passes on, without attachments, which the warnings name."""
    # Attachments are written out in base64, so a message is larger than its text by far.
    data = read_limited(path, 10 * options.max_bytes)
    message = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    if not any(message[name] for name in ("From", "Date", "Subject", "Message-ID")):
        raise damaged(".eml", "it has none of the headers of an e-mail")
    text, blocks, encoding, hidden = _body(message, options)
    date = header_date(_header(message, "Date"))
    name, address = parseaddr(_header(message, "From"))
    metadata = Metadata(
        title=_header(message, "Subject") or path.stem,
        source=_header(message, "List-Id"),
        author=f"{name} <{address}>" if name and address else name or address,
        date=date,
    )
    attached = [
        f"the attachment {one_line(part.get_filename()) or part.get_content_type()} was not read"
        for part in message.walk()
        if part.get_content_disposition() == "attachment" and part.get_content_type() != "message/rfc822"
    ]
    yield Extraction(
        text,
        blocks,
        metadata,
        encoding=encoding,
        date_found="Date header" if date else "",
        language=_header(message, "Content-Language"),
        hidden=excerpts(hidden),
        warnings=tuple(attached[:50]),
    )


def _header(message: EmailMessage, name: str) -> str:
    """A header as one line; what breaks the rules so far that it has no value counts as absent."""
    try:
        return one_line(message[name])
    except (ValueError, IndexError, AttributeError, TypeError, LookupError):  # the parser's own, on malformed headers
        return ""


def _body(message: EmailMessage, options: ReadOptions) -> tuple[str, tuple[Block, ...], str, list[str]]:
    """What a reader sees of a message, part after part: its text, its blocks, the first encoding, what is hidden."""
    text, encoding = "", ""
    blocks: list[Block] = []
    hidden: list[str] = []
    for part in _parts(message, options, 0):
        hidden += part.hidden
        encoding = encoding or part.encoding
        if part.blocks:
            before = f"{text}\n\n" if text else ""
            blocks += shifted(part.blocks, len(before))
            text = within(before + part.text, options)
    if not blocks:
        raise LoadError("the message has no text", "save its attachments as files", skipped=True)
    return text, tuple(blocks), encoding, hidden


class _Part(NamedTuple):
    text: str
    blocks: tuple[Block, ...]
    encoding: str = ""
    hidden: tuple[str, ...] = ()


def _parts(message: EmailMessage, options: ReadOptions, depth: int) -> Iterator[_Part]:
    """What a mail program shows, one below the other; attachments are no part of it, a message passed on is."""
    if depth > DEEPEST:
        raise LoadError(f"its parts are nested more than {DEEPEST} deep", "save its text as a file")
    kind = message.get_content_type()
    if not message.is_multipart():
        if kind in TEXTS and message.get_content_disposition() != "attachment":
            yield _read(message, options)
        return
    inside = [part for part in message.get_payload() if isinstance(part, EmailMessage)]
    if kind == "message/rfc822" and inside:
        lines = [f"{name}: {value}" for name in ("From", "Date", "Subject") if (value := _header(inside[0], name))]
        text = "\n".join(lines)
        yield _Part(text, plain_blocks(text))
    if kind == "multipart/alternative":
        inside = _alternative(inside)
    for part in inside[:1] if kind == "multipart/related" else inside:
        yield from _parts(part, options, depth + 1)


def _alternative(parts: list[EmailMessage]) -> list[EmailMessage]:
    """The plain one, else the last; that, too, where the plain one only says that it cannot be shown."""
    plain = next((part for part in parts if part.get_content_type() == "text/plain"), None)
    others = [part for part in parts if part is not plain]
    if plain is None or not others:
        return parts[-1:]
    said = len(_content(plain)[0].split())
    rich = next((part for part in others[-1].walk() if part.get_content_type() == "text/html"), None)
    shown = re.sub(r"<style.*?</style>|<[^>]*>", " ", _content(rich)[0], flags=re.DOTALL) if rich else ""
    return others[-1:] if said < STUB and len(shown.split()) > 4 * said else [plain]


def _read(part: EmailMessage, options: ReadOptions) -> _Part:
    """One part of text; without blocks where it is empty."""
    content, encoding = _content(part)
    if part.get_content_type() == "text/plain":
        if part.get_param("format", "") == "flowed":
            content = re.sub(r"(?<!--) \r?\n(?!>)", " ", content)
        text = within(tidy_lines(content), options)
        return _Part(text, plain_blocks(text), encoding)
    from indexing.readers.visible import blocks_of, take_out_hidden
    from indexing.readers.web import parse

    if not content.strip():
        return _Part("", (), encoding)
    tree = parse(content)
    hidden = tuple(take_out_hidden(tree))
    builder = TextBuilder(options)
    for kind, shown in blocks_of(tree):
        builder.add(shown, kind)
    return _Part(*builder.build(), encoding, hidden) if builder.length else _Part("", (), encoding, hidden)


def _content(part: EmailMessage) -> tuple[str, str]:
    """A part's text and encoding: as it declares where that holds, else as detected."""
    data = part.get_payload(decode=True)
    assert isinstance(data, bytes)
    return decode_as(part.get_content_charset(""), data)[:2]


def tidy_lines(text: str) -> str:
    """Lines stay lines and empty lines stay, since they tell paragraphs apart; everything else as `tidy` does."""
    return "\n".join(tidy(line) for line in re.split(r"\r\n|\r|\n", text)).strip()
