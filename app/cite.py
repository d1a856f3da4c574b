"""A citation in the forms that people paste: a line, Markdown, a footnote, an address that opens at the words.

Plain strings; whoever shows them escapes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from urllib.parse import quote, urlsplit

from app.answers import Citation, Statement
from indexing.documents import Document
from indexing.spans import Span

MONTHS = "January February March April May June July August September October November December".split()
WHOLE = 8  # words of a quotation that an address names one by one; of a longer one it names both ends
EDGE = 5  # words at each end then
MARKUP = re.compile(r"([\\`*_\[\]<>#|])")


def variants(document: Document, span: Span) -> Iterator[tuple[str, str]]:
    """`(name, text)` of each form, for a span of a document or, where it is empty, for the document itself."""
    about, words = document.metadata, _line(span.of(document.text))
    page = document.page(span) if words else ""
    place = f"{document.name}:{span.start}-{span.end}" if words else document.name
    known = _known(about.author, about.title or document.name, about.source, about.date, page)
    web = urlsplit(about.url).scheme in ("http", "https")
    yield "Plain", f"“{words}” ({known}; {place})" if words else f"{known} ({place})"
    title = _markdown(about.title or document.name)
    linked = f"[{title}]({about.url.replace('(', '%28').replace(')', '%29').replace(' ', '%20')})" if web else title
    rest = _known(about.author, "", about.source, about.date, page)
    byline = ", ".join(filter(None, (linked, _markdown(rest))))
    yield "Markdown", f"> {_markdown(words)}\n>\n> — {byline}" if words else byline
    yield "Footnote", f"[^1]: {byline}: “{_markdown(words)}” ({place})" if words else f"[^1]: {byline} ({place})"
    if web:
        yield "Address of the words" if words else "Address", text_fragment(about.url, document.text, span)


def text_fragment(url: str, text: str, span: Span) -> str:
    """`url` with a text fragment: a browser that follows it goes to the words of `span` and marks them."""
    bare, words = url.partition("#")[0], span.of(text).split()
    if not words:
        return bare
    if len(words) <= WHOLE and "\n" not in span.of(text).strip():
        return f"{bare}#:~:text={_encoded(words)}"
    # Each end must stand in one paragraph, so no words across a line's end.
    lines = [line.split() for line in span.of(text).splitlines() if line.strip()]
    return f"{bare}#:~:text={_encoded(lines[0][:EDGE])},{_encoded(lines[-1][-EDGE:])}"


def _encoded(words: Sequence[str]) -> str:
    return quote(" ".join(words), safe="").replace("-", "%2D")  # a hyphen has a meaning in text fragments


def answer_plain(question: str, statements: Sequence[Statement], numbers: Mapping[Citation, int]) -> str:
    """An answer with numbers in brackets, and below it what they stand for."""
    said = "\n".join(f"{_said(one)}{''.join(f' [{numbers[each]}]' for each in one.citations)}" for one in statements)
    notes = "\n".join(f"[{number}] {_note(one)}: “{_line(one.quote)}”" for one, number in numbers.items())
    return f"{question}\n\n{said}\n\n{notes}".strip()


def answer_markdown(question: str, statements: Sequence[Statement], numbers: Mapping[Citation, int]) -> str:
    """The same in Markdown, with footnotes."""
    said = "\n\n".join(
        f"{_markdown(_said(one))}{''.join(f'[^{numbers[each]}]' for each in one.citations)}" for one in statements
    )
    notes = "\n".join(
        f"[^{number}]: {_markdown(_note(one))}: “{_markdown(_line(one.quote))}”" for one, number in numbers.items()
    )
    return f"**{_markdown(question)}**\n\n{said}\n\n{notes}".strip()


def _said(one: Statement) -> str:
    """A statement, with a word where its sources do not carry it."""
    doubt = {"unsupported": " (not supported by the sources)", "partly": " (partly supported)"}
    return f"{one.text}{doubt.get(one.support, '')}"


def _note(one: Citation) -> str:
    known = _known("", one.title or one.file, one.source, one.date, one.page)
    return f"{known} ({one.file}:{one.span.start}-{one.span.end})"


def _known(author: str, title: str, source: str, day: str, page: str) -> str:
    parts = (author, f"“{title}”" if title else "", source, _day(day), f"p. {page}" if page else "")
    return ", ".join(" ".join(part.split()) for part in parts if part)


def _day(text: str) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return text
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def _line(text: str) -> str:
    return " ".join(text.split())


def _markdown(text: str) -> str:
    """Text that means itself in Markdown."""
    return MARKUP.sub(r"\\\1", text)
