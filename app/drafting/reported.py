"""Where and when something was reported, and that it is a part of what was said, in words; and a text without them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from indexing.documents import Document, Metadata

PART, IN_PART = "is part of what was said by", "said in part"  # before a name, before words


def reported(about: Metadata) -> str:
    """Where and when, as a lead has it between commas: `as the Ledger reported on 2 March 2024`."""
    try:
        day = date.fromisoformat(about.date)
        when = f" on {day.day} {day:%B} {day.year}"
    except ValueError:
        when = f" ({about.date})" if about.date else ""
    where = about.source or (f"“{about.title}”" if about.title else "")
    return f"as {where} reported{when}" if where else f"as reported{when}" if when else ""


def without_report(text: str, documents: Sequence[Document]) -> str:
    """A lead without where and when, if these are just what is stored of a document that it cites.

    Nor does it say that it gives a part: no source says that.
    """
    text = text.replace(f"” {PART} ", "”, said ", 1).replace(f" {IN_PART} “", " said “", 1)
    for about in (document.metadata for document in documents):
        if found := reported(about):
            text = text.replace(f", {found}", "", 1)
    return text
