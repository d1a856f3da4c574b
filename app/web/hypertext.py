"""What all HTML of ours is made of; the only place that escapes it.

Text that comes from a document, a model or a person passes through `escape` exactly once. No tag, attribute, link
target or template expression of theirs reaches the page; what cannot be seen but changes what is seen is made visible.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from datetime import date, datetime
from urllib.parse import quote

from app.web.links import link
from indexing.documents import Document
from indexing.spans import Span

# C0 and C1 controls, embeddings and overrides of the writing direction, halves of surrogate pairs: none can be seen.
UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
# `${...}`, a backtick and `{{...}}` would mean something to a JavaScript or Handlebars template; a parser of HTML
# would turn a carriage return into a line feed.
TEMPLATE = str.maketrans({"$": "&#36;", "`": "&#96;", "{": "&#123;", "}": "&#125;", "\\": "&#92;", "\r": "&#13;"})
MONTHS = "January February March April May June July August September October November December".split()
MARKED = 100  # places in one address: as many as the server shows at once


def escape(text: str) -> str:
    """`text` as HTML that shows it and does nothing else; each unseen character stands as a named, empty element."""
    return "".join(
        _unseen(part) if UNSEEN.match(part) else html.escape(part).translate(TEMPLATE)
        for part in re.split(f"({UNSEEN.pattern})", text)
    )


def attribute(text: str) -> str:
    """`text` for a quoted attribute, without the characters that cannot be seen."""
    return html.escape(UNSEEN.sub("", text)).translate(TEMPLATE)


def _unseen(character: str) -> str:
    code = f"U+{ord(character):04X}"
    return f'<span class="unseen" title="{code}"></span>'


def byline(title: str, source: str, day: str, page: str = "") -> str:
    """What is known of these, in one line."""
    return ", ".join(filter(None, (escape(title), escape(source), day_of(day), page and f"page {escape(page)}")))


def name_of(document: Document) -> str:
    """The same of a document."""
    return title_of(document.metadata.title, document.name)


def title_of(title: str, file: str) -> str:
    """What a document is called: by its title, or else by its file."""
    return title or file


def day_of(text: str) -> str:
    """An ISO day as people write it, with the ISO form kept for machines; anything else as it is."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return escape(text)
    return f'<time datetime="{day.isoformat()}">{day.day} {MONTHS[day.month - 1]} {day.year}</time>'


def moment_of(text: str) -> str:
    """A recorded moment as people write it."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return escape(text)
    return f"{day_of(moment.date().isoformat())}, {moment:%H:%M}{' UTC' if moment.tzinfo else ''}"


def source_link(document_id: str, version: str, spans: Iterable[Span]) -> str:
    """An in-page address that the page's script turns into the source at these spans."""
    places = ",".join(f"{span.start}-{span.end}" for span in spans)
    return f"#source/{quote(document_id, safe='')}/{quote(version, safe='')}/{places}"


def source_page(document_id: str, version: str, spans: Iterable[Span] = ()) -> str:
    """The address of a source as a page of its own, with these spans marked; ready for an attribute."""
    places = "&amp;".join(f"start={span.start}&amp;end={span.end}" for span in list(spans)[:MARKED])
    path = f"/source/{quote(document_id, safe='')}/{quote(version, safe='')}"
    return f"{attribute(link(path))}{'?' if places else ''}{places}"


def page(title: str, content: str, *, reading: bool = False) -> str:
    """A small complete page around `content` (already HTML); with the script of the reader where that is `reading`."""
    script = f'<script src="{attribute(link("/reading.js"))}" defer></script>' if reading else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{attribute(title)} · Onrecord</title>"
        f'<link rel="icon" href="{attribute(link("/favicon.ico"))}">'
        f'<link rel="stylesheet" href="{attribute(link("/page.css"))}">{script}</head>'
        f'<body class="plain"><main>{content}</main></body></html>'
    )


def problem(title: str, text: str) -> str:
    """Something that did not work, away from a question."""
    return f'<div class="error" role="alert"><strong>{escape(title)}</strong><p>{escape(text)}</p></div>'
