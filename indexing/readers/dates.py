"""Dates as files write them, to ISO; what is ambiguous or not understood is not guessed."""

from __future__ import annotations

import datetime
import re
from email.utils import parsedate_to_datetime

# How a month's name begins, in English, German, French and Spanish; those that begin like English ones are left out.
BEGINNINGS = (
    *(("jan", 1), ("ene", 1), ("feb", 2), ("fév", 2), ("fev", 2), ("mar", 3), ("mär", 3), ("mrz", 3), ("maer", 3)),
    *(("apr", 4), ("avr", 4), ("abr", 4), ("may", 5), ("mai", 5), ("jun", 6), ("juin", 6), ("jul", 7), ("juil", 7)),
    *(("aug", 8), ("aoû", 8), ("aou", 8), ("ago", 8), ("sep", 9), ("oct", 10), ("okt", 10), ("nov", 11), ("dec", 12)),
    *(("déc", 12), ("dez", 12), ("dic", 12)),
)
NAMED = rf"(?P<month>{'|'.join(name for name, _ in BEGINNINGS)})[^\W\d_]*\.?"
ORDINAL = r"(?:st|nd|rd|th|er|º)?"
OF = r"(?:\s+de\s+|[\s-]+)"
FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        r"(?:D:)?(?P<year>\d{4})[-/.](?P<number>\d{1,2})(?:[-/.](?P<day>\d{1,2}))?(?!\d)",  # 2024-03-05, 2024/3
        r"(?:D:)?(?P<year>\d{4})(?P<number>\d\d)(?P<day>\d\d)(?!\d{0,5}\.)",  # 20240305, PDF's D:20240305120000Z
        rf"(?:[^\W\d_]+\.?,?\s+)?{NAMED}\s+(?P<day>\d{{1,2}}){ORDINAL},?\s+(?P<year>\d{{4}})",  # March 5, 2024
        rf"(?:[^\W\d_]+\.?,?\s+)?(?P<day>\d{{1,2}}){ORDINAL}\.?{OF}{NAMED},?{OF}(?P<year>\d{{4}})",  # 5 March 2024
        r"(?P<day>\d{1,2})\.\s?(?P<number>\d{1,2})\.\s?(?P<year>\d{4})(?!\d)",  # 5.3.2024: with dots the day is first
        rf"{NAMED},?\s+(?:de\s+)?(?P<year>\d{{4}})$",  # March 2024
        r"(?P<year>\d{4})$",
    )
)
NUMBERS = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?!\d)")


def iso_date(value: object) -> str:
    """`YYYY-MM-DD`, `YYYY-MM` or `YYYY`; empty where the value is no date or 03/04/2024 could be two."""
    if isinstance(value, datetime.datetime):
        return value.date().isoformat()
    if isinstance(value, datetime.date):
        return value.isoformat()
    text = str(value or "").strip()[:100]
    if re.fullmatch(r"\d{9,10}(?:\.\d+)?|\d{12,13}", text):  # seconds or milliseconds since 1970
        seconds = float(text) / (1000 if len(text.split(".")[0]) > 10 else 1)
        return datetime.datetime.fromtimestamp(seconds, datetime.UTC).date().isoformat()
    for form in FORMS:
        if match := form.match(text):
            return _checked(match.groupdict())
    if match := NUMBERS.match(text):
        first, second, year = (int(part) for part in match.groups())
        if first == second or (first > 12) != (second > 12):
            return _checked({"year": str(year), "number": str(min(first, second)), "day": str(max(first, second))})
    return ""


def header_date(value: str) -> str:
    """The date of an e-mail's `Date` header where it was sent; empty if it is not one."""
    try:
        return parsedate_to_datetime(value).date().isoformat()
    except (ValueError, TypeError, OverflowError, IndexError):
        return ""


def _checked(parts: dict[str, str | None]) -> str:
    year = int(parts["year"] or 0)
    named = parts.get("month")
    month = dict(BEGINNINGS)[named.lower()] if named else int(parts.get("number") or 0)
    day = int(parts.get("day") or 0)
    try:
        datetime.date(year, month or 1, day or 1)
    except ValueError:
        return ""
    if year < 1000:
        return ""
    return f"{year:04}" + (f"-{month:02}" if month else "") + (f"-{day:02}" if month and day else "")
