"""Values of metadata as files hold them (front matter, tables, JSON) as one line of text each."""

from __future__ import annotations

import datetime
import html
import re
from collections.abc import Iterator
from itertools import islice

MAX_VALUE = 1_000  # characters of one value
MAX_LISTED = 50  # items of a list
# What programs write where they have nothing to say.
NOTHING = frozenset(("", "~", "null", "NULL", "None", "nan", "NaN", "NaT", "N/A", "n/a", "#N/A"))
NAMING = ("name", "title", "$date")  # what stands for a mapping
TAG = re.compile(r"</?(?:a|b|br|cite|em|font|i|p|small|span|strong|sub|sup|u)\b[^<>]*>", re.IGNORECASE)
ENTITY = re.compile(
    r"&(?:#\d{1,6}|#x[0-9a-fA-F]{1,5}|amp|apos|gt|hellip|ldquo|lsquo|lt|mdash|nbsp|ndash|quot|rdquo|rsquo);"
)


def value_text(value: object) -> str:
    """A value of metadata as one line of text: lists joined, of a mapping its name, anything deeper left out."""
    return ", ".join(dict.fromkeys(filter(None, map(_scalar, islice(_items(value, 2), MAX_LISTED)))))[:MAX_VALUE]


def _items(value: object, depth: int) -> Iterator[object]:
    """The scalars of a value. Aliases can nest lists without end: a few lines can stand for billions of items."""
    if isinstance(value, dict):
        yield next((value[key] for key in NAMING if key in value), None)
    elif isinstance(value, list):
        for item in value[:MAX_LISTED] if depth else ():
            yield from _items(item, depth - 1)
    else:
        yield value


def _scalar(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float | datetime.date):
        return ""
    text = value.isoformat() if isinstance(value, datetime.date) else str(value)
    # An escape such as "\ud800" makes half a character, which no index can store.
    text = " ".join(text.encode("utf-8", "replace").decode("utf-8").replace("\0", " ").split())[:MAX_VALUE]
    text = html.unescape(TAG.sub("", text)) if TAG.search(text) or ENTITY.search(text) else text
    return "" if text in NOTHING else re.sub(r"^\[\[(?:[^|\]]*\|)?([^\]]*)\]\]$", r"\1", text)
