"""E-mails by the standard library: headers as metadata, the text part, else the HTML part as it is seen."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path

from indexing.clean import Block, plain_blocks
from indexing.decoding import decode_as
from indexing.documents import Metadata
from indexing.errors import LoadError
from indexing.extraction import Extraction, ReadOptions, TextBuilder, excerpts, one_line, tidy, within
from indexing.readers import damaged, read_limited
from indexing.readers.dates import header_date


def read_eml(path: Path, options: ReadOptions) -> Iterator[Extraction]:
    """One document: the message without its attachments, which the warnings name."""
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
        if part.get_content_disposition() == "attachment" or part.get_content_type() == "message/rfc822"
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
    plain, html = (message.get_body((kind,)) for kind in ("plain", "html"))
    if isinstance(plain, EmailMessage):
        content, encoding = _content(plain)
        if plain.get_param("format", "") == "flowed":
            content = re.sub(r"(?<!--) \r?\n(?!>)", " ", content)
        text = within(tidy_lines(content), options)
        if blocks := plain_blocks(text):
            return text, blocks, encoding, []
    if isinstance(html, EmailMessage):
        from indexing.readers.visible import blocks_of, take_out_hidden
        from indexing.readers.web import parse

        content, encoding = _content(html)
        tree = parse(content)
        hidden = take_out_hidden(tree)
        builder = TextBuilder(options)
        for kind, shown in blocks_of(tree):
            builder.add(shown, kind)
        return *builder.build(), encoding, hidden
    raise LoadError("the message has no text", "save its attachments as files", skipped=True)


def _content(part: EmailMessage) -> tuple[str, str]:
    """A part's text and encoding: as it declares where that holds, else as detected."""
    data = part.get_payload(decode=True)
    assert isinstance(data, bytes)
    return decode_as(part.get_content_charset(""), data)[:2]


def tidy_lines(text: str) -> str:
    """Lines stay lines and empty lines stay, since they tell paragraphs apart; everything else as `tidy` does."""
    return "\n".join(tidy(line) for line in re.split(r"\r\n|\r|\n", text)).strip()
