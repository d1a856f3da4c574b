"""What stands before a text and says what it is: YAML between `---`, TOML between `+++`, or lines of keys.

What a reader could mean to say is never taken for it: the span is empty where no key of it is known for one.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import yaml

from indexing.extraction import USUAL_NAMES, usual_name
from indexing.spans import Span

LINE_END = r"(?:\r\n|\r|\n)"
OPENING = re.compile(rf"(?:[ \t]*{LINE_END})*(?P<fence>---|\+\+\+)[ \t]*{LINE_END}")
CLOSING = {
    "---": re.compile(rf"^(?:---|\.\.\.)[ \t]*(?:{LINE_END}|\Z)"),
    "+++": re.compile(rf"^\+\+\+[ \t]*(?:{LINE_END}|\Z)"),
}
LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
MAX_FRONT_MATTER = 65_536  # characters
MOST_NAMED = 3  # lines that a note quotes
QUOTED = 60  # characters of each
# PyYAML's own errors, and the bare ones that it lets through: `!!timestamp x`, `[[[[...`
YAML_ERRORS = (yaml.YAMLError, ValueError, LookupError, AttributeError, TypeError, RecursionError)
KNOWN = frozenset(name for key, names in USUAL_NAMES.items() if key not in ("text", "id") for name in names.split())
# Keys that nobody in a dialogue is called.
TELLING = frozenset(
    "title headline titel titre source publication publisher quelle author authors byline autor autorin auteur date"
    " published published_on datum url".split()
)
MOST_KEYS = 20
MARK = {"---": r":(?:[ \t]+|$)", "+++": r"[ \t]*=[ \t]*"}
KEY = {fence: re.compile(rf"([^\W\d][\w.-]*(?: [\w-]+){{0,2}})[ \t]*{mark}(.*)") for fence, mark in MARK.items()}
BARE = re.compile(r"([^\W\d][\w.-]*):(\S.*)")  # `title:Trade`
ITEM = re.compile(r"-(?:[ \t]+|$)(.*)")


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """Values by key as written (texts, numbers, dates, lists, mappings), where it stands, and what to tell about it."""

    values: Mapping[str, object] = field(default_factory=dict)
    span: Span = Span(0, 0)
    notes: tuple[str, ...] = ()


NONE = FrontMatter()


def front_matter(text: str) -> FrontMatter:
    """The block at the head of a text; NONE where there is none. Prose between two rules is none."""
    opening = OPENING.match(text, 0, MAX_FRONT_MATTER)
    if opening is None:
        return _without_fence(text)
    fence = opening["fence"]
    lines = list(_lines(text, opening.end()))
    closing = next((at for at, line in enumerate(lines) if CLOSING[fence].match(line.of(text))), None)
    if closing is not None:
        end = lines[closing].end
        inside = text[opening.end() : lines[closing].start]
        values = _parsed(inside, fence)
        if values is not None and (not values or _says_what_it_is(values)):
            return FrontMatter(values, Span(0, end), _repeated(_known_keys(lines[:closing], text, fence)))
        if values is not None:
            return NONE
    return _read_line_by_line(text, lines, closing, fence)


def _without_fence(text: str) -> FrontMatter:
    """Lines such as `Title: ...` and `Date: ...` above a text, up to a blank line; each key once, two of them telling.

    Lines of a dialogue have keys, too: one that tells nothing is taken along only where there are two that do.
    """
    values: dict[str, object] = {}
    for span in _lines(text, 0):
        line = span.of(text).rstrip()
        match = KEY["---"].match(line)
        if not line.strip() and len(TELLING & {usual_name(key) for key in values}) >= 2 and text[span.end :].strip():
            return FrontMatter(values, Span(0, span.end), (f"its first lines say what it is: {', '.join(values)}",))
        if match is None or not match[2].strip() or match[1] in values or len(values) == MOST_KEYS:
            return NONE
        values[match[1]] = _scalar(match[2].strip())
    return NONE


def _lines(text: str, at: int) -> Iterator[Span]:
    while at < min(len(text), MAX_FRONT_MATTER):
        match = LINE.match(text, at)
        assert match is not None
        yield Span(at, match.end())
        at = match.end()


def _parsed(inside: str, fence: str) -> dict[str, object] | None:
    """The mapping that it is, empty where it says nothing; None where it is no valid one."""
    try:
        if fence == "+++":
            return tomllib.loads(re.sub(LINE_END, "\n", inside))
        # Every scalar as it is written: a title of "No" or "007" is no truth value and no number.
        values = yaml.load(inside, Loader=yaml.BaseLoader)  # it makes nothing but text, lists, mappings
    except YAML_ERRORS:
        return None
    if not inside.strip():
        return {}
    return {str(key): value for key, value in values.items()} if isinstance(values, dict) else None


def _says_what_it_is(keys: Mapping[str, object]) -> bool:
    """Whether these are keys and not the first words of sentences with a colon."""
    return any(usual_name(key) in KNOWN for key in keys) or all(re.fullmatch(r"[^\W\dA-Z][\w.-]*", key) for key in keys)


def _known_keys(lines: list[Span], text: str, fence: str) -> list[str]:
    found = (match[1] for line in lines if (match := KEY[fence].match(line.of(text).rstrip())))
    return [key for key in found if usual_name(key) in KNOWN]


def _repeated(keys: Iterable[str]) -> tuple[str, ...]:
    """What to tell of keys that stand there more than once."""
    doubled = [key for key, count in Counter(keys).items() if count > 1]
    return (f"its front matter has {', '.join(doubled)} more than once; the last counts",) if doubled else ()


@dataclass(slots=True)
class _Entry:
    key: str
    value: str
    below: list[str]  # the indented lines and the items under it, as written


def _read_line_by_line(text: str, lines: list[Span], closing: int | None, fence: str) -> FrontMatter:
    """Every key that can be read. What follows a blank line and is no key any more is the text itself."""
    entries: list[_Entry] = []
    odd: list[tuple[int, str]] = []  # lines that are neither key nor value
    end, blank, base = closing, False, ""
    for at, span in enumerate(lines[:closing]):
        line = span.of(text).rstrip()
        indent = line[: len(line) - len(line.lstrip())]
        base = indent if not entries and line.strip() else base
        match = _key(line[len(base) :] if line.startswith(base) else line.lstrip(), entries, fence)
        if not line.strip():
            blank = True
            continue
        if match:
            entries.append(_Entry(match[1], match[2].strip(), []))
        elif entries and (len(indent) > len(base) or ITEM.match(line.lstrip())):
            entries[-1].below.append(line)
        elif not line.lstrip().startswith("#"):
            if blank or closing is None:
                end = at
                break
            odd.append((at, line.strip()))
        blank = False
    closed = end is not None and end == closing
    values = {entry.key: _value(entry) for entry in entries}
    if not any(usual_name(key) in KNOWN for key in values) or len(odd) > len(entries):
        return NONE
    notes = [_how(values, odd, fence, closed=closed), *_repeated(entry.key for entry in entries)]
    stop = lines[end].end if closed and end is not None else lines[end].start if end is not None else lines[-1].end
    return FrontMatter(values, Span(0, stop), tuple(notes))


def _key(line: str, entries: list[_Entry], fence: str) -> re.Match[str] | None:
    """A line that opens with a key; one that stands deeper does where its key is known and nothing waits for it."""
    match = KEY[fence].match(line) or BARE.match(line)
    if match is None and line[:1] in (" ", "\t") and entries and entries[-1].value not in ("", "|", ">", "|-", ">-"):
        match = KEY[fence].match(line.lstrip())
        return match if match and usual_name(match[1]) in KNOWN else None
    if match is not None and match.re is BARE and usual_name(match[1]) not in KNOWN:
        return None
    return match


def _value(entry: _Entry) -> object:
    """What stands under one key, as YAML reads it by itself, else as it is written."""
    below = [line.strip() for line in entry.below]
    if entry.below:
        alone = _parsed("\n".join([f"key: {entry.value}", *entry.below]), "---")
        if alone is not None and set(alone) == {"key"}:
            return alone["key"]
    if re.fullmatch(r"[|>][-+]?\d?", entry.value):
        return " ".join(below)
    if entry.value:
        return _scalar(" ".join([entry.value, *below]))
    if below and all(ITEM.match(line) for line in below):
        return [_scalar(match[1]) for line in below if (match := ITEM.match(line))]
    return " ".join(below)


def _scalar(written: str) -> object:
    """A value in marks or a list as YAML reads it by itself, else as it is written, without marks around all of it."""
    if written[:1] in ("'", '"', "["):
        alone = _parsed(f"key: {written}", "---")
        if alone is not None and isinstance(alone.get("key"), str | list):
            return alone["key"]
    written = re.sub(r"[ \t]#[ \t].*", "", written).strip()
    return written[1:-1] if len(written) > 1 and written[0] == written[-1] and written[0] in "'\"" else written


def _how(values: Mapping[str, object], odd: list[tuple[int, str]], fence: str, *, closed: bool) -> str:
    read = ", ".join(list(values)[:20])
    kind = {"---": "YAML", "+++": "TOML"}[fence]
    told = f"is no valid {kind}" if closed else f"has no closing {fence}"
    note = f"its front matter {told} and was read line by line: {read}"
    if odd:
        lines = "; ".join(f"“{line[:QUOTED]}”" for _, line in odd[:MOST_NAMED])
        note += f"; not understood: {lines}" + (" and more" if len(odd) > MOST_NAMED else "")
    return note
