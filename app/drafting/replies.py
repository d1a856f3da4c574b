"""A model's reply, plain text with markers or JSON as the schema asks for it, to claims: whichever it turns out to be.

An endpoint may take a schema and not keep to it, so the reply itself decides. Every character is looked at a bounded
number of times, and what is kept is bounded, too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from app.drafting.references import Claim, Reference, ReferenceParser, parse_marker, read_claims
from indexing.errors import ModelError

LONGEST = 8000  # characters of one JSON object
DEEPEST = 6  # objects within each other that are kept
UNDECIDED = 40  # characters at the front in which JSON must show itself

_FENCE = r"\ufeff?\s*(?:```\w{0,8}\s*)?(?:\[\s*)?"
_JSON = re.compile(_FENCE + r"\{\s*[\"}]")
# After words of a model's own, only what has our names is taken for the answer.
_OURS = re.compile(_FENCE + r"\{\s*\"(?:statements|text|statement|sentences?|answer|claims?)\"", re.IGNORECASE)
_MAY_BE_JSON = re.compile(
    r"\ufeff?\s*(?:`{0,3}|```\w{0,8}\s*(?:\[\s*)?(?:\{\s*(?:\"\w{0,12})?)?|(?:\[\s*)?(?:\{\s*(?:\"\w{0,12})?)?)"
)
_TRAILING = re.compile(r",(?=\s*[}\]])")
_TEXTS = ("text", "statement", "sentence", "answer", "claim")
_SENTENCES = ("sentences", "references", "citations", "sources", "refs", "reference", "source")


class ReplyReader:
    """Feed it deltas of any size, then `finish`; a claim comes out as soon as it is known to be finished.

    JSON may stand behind what the model thought and behind a line that announces it; that line is dropped.
    """

    def __init__(self) -> None:
        self._ahead = ""  # of a line that may be the beginning of JSON
        self._front = True  # nothing but blanks was said so far
        self._begins = True  # a line begins here, or what follows a tag
        self._plain = ReferenceParser()
        self._objects: _Objects | None = None

    @property
    def unread(self) -> int:
        """The statements that were lost because their JSON is broken."""
        return self._objects.unread if self._objects else 0

    def feed(self, delta: str) -> Iterator[Claim]:
        for at, character in enumerate(delta):
            if self._objects is not None:
                yield from self._objects.feed(delta[at:])
                return
            yield from self._take(character)

    def finish(self) -> Iterator[Claim]:
        """The rest, when the reply is over; ModelError where it was to be JSON and is none."""
        if self._objects is not None:
            yield from self._objects.finish()
            return
        yield from self._plain.feed(self._ahead)
        yield from self._plain.finish()

    def _take(self, character: str) -> Iterator[Claim]:
        if not self._begins:
            self._begins = character in "\n>"
            yield from self._plain.feed(character)
            return
        self._ahead += character
        if not self._plain.hidden and (_JSON if self._front else _OURS).match(self._ahead):
            self._objects = _Objects()
            yield from self._objects.feed(self._ahead)
        elif not self._ahead.strip() or len(self._ahead) >= UNDECIDED or not _MAY_BE_JSON.fullmatch(self._ahead):
            ahead, self._ahead = self._ahead, ""
            self._begins = character in "\n>" or not ahead.strip()
            yield from self._plain.feed(ahead)
            self._front = self._front and (not ahead.strip() or self._plain.hidden or character == ">")


class _Objects:
    """Reads each JSON object as soon as it closes; of one within another the inner one, where that has a text."""

    def __init__(self) -> None:
        self._open: list[list[str]] = []  # the innermost last; empty where one has become too long
        self._told: list[bool] = []  # whether one within it had a text, or was to have one
        self._quoted = self._escaped = False
        self._found = False
        self.unread = 0

    def feed(self, delta: str) -> Iterator[Claim]:
        for character in delta:
            yield from self._step(character)

    def finish(self) -> Iterator[Claim]:
        if not self._found:
            raise ModelError("the model began an answer in JSON that cannot be read")
        yield from ()

    def _step(self, character: str) -> Iterator[Claim]:
        if character == "{" and not self._quoted:
            self._open.append([])
            self._told.append(False)
            del self._open[:-DEEPEST], self._told[:-DEEPEST]
        for each in self._open:
            each.append(character)
            if len(each) > LONGEST:
                each.clear()  # what is left of it is no JSON
        if self._quoted:
            self._quoted = self._escaped or character != '"'
            self._escaped = character == "\\" and not self._escaped
        elif character == '"':
            self._quoted = True
        elif character == "}" and self._open:
            whole, told, before = "".join(self._open.pop()), self._told.pop(), self.unread
            claims = [] if told else self._claims(whole)
            if self._told:
                self._told[-1] = self._told[-1] or told or bool(claims) or self.unread > before
            yield from claims

    def _claims(self, whole: str) -> list[Claim]:
        read = _read(whole)
        if read is None:
            self.unread += any(f'"{name}"' in whole for name in _TEXTS)
            return []
        self._found = True
        texts = next(([read[key]] for key in _TEXTS if isinstance(read.get(key), str)), None)
        if texts is None and isinstance(listed := read.get("statements"), list):
            texts = [one for one in listed if isinstance(one, str)]
        references = _references(next((read[key] for key in _SENTENCES if key in read), ()))
        return [
            replace(claim, references=tuple(dict.fromkeys((*claim.references, *references))))
            for text in texts or ()
            for claim in read_claims([text])
        ]


def _read(whole: str) -> dict[str, Any] | None:
    """An object with its names in small letters; None for what is no JSON even without commas before a bracket."""
    for text in (whole, _TRAILING.sub("", whole)):
        try:
            return {key.casefold(): value for key, value in json.loads(text, strict=False).items()}
        except (ValueError, AttributeError, RecursionError):
            continue
    return None


def _references(named: object) -> tuple[Reference, ...]:
    """What stands where a schema has the sentences: numbers as text, bare, or in brackets; anything else is none."""
    several = named if isinstance(named, list) else [named]
    each = (str(_one(one)).strip(" []") for one in several if isinstance(_one(one), (str, int, float)))
    return tuple(dict.fromkeys(reference for one in each for reference in parse_marker(one)))


def _one(named: object) -> object:
    """A reference that is an object of its own (`{"passage": 1, "sentence": 2}`) as it would stand in a marker."""
    if not isinstance(named, dict):
        return named
    values = [str(value) for value in named.values() if isinstance(value, (str, int, float))]
    return ".".join(values[:2])
