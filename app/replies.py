"""A model's reply, plain text with markers or JSON as the schema asks for it, to claims: whichever it turns out to be.

An endpoint may take a schema and not keep to it, so the reply itself decides. Every character is looked at a bounded
number of times, and what is kept is bounded, too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace

from app.references import Claim, Reference, ReferenceParser, parse_marker, read_claims
from indexing.errors import ModelError

LONGEST = 8000  # characters of one JSON object
UNDECIDED = 40  # characters at the front in which JSON must show itself

_JSON = re.compile(r"\s*(?:```\w{0,8}\s*)?(?:\[\s*)?\{\s*[\"}]")
_MAY_BE_JSON = re.compile(r"\s*(?:`{0,3}|```\w{0,8}\s*(?:\[\s*)?(?:\{\s*)?|(?:\[\s*)?(?:\{\s*)?)")
_TEXTS = ("text", "statement", "sentence", "answer", "claim")
_SENTENCES = ("sentences", "references", "citations", "sources", "refs", "reference", "source")


class ReplyReader:
    """Feed it deltas of any size, then `finish`; a claim comes out as soon as it is known to be finished."""

    def __init__(self) -> None:
        self._ahead = ""
        self._reader: ReferenceParser | _Objects | None = None

    def feed(self, delta: str) -> Iterator[Claim]:
        if self._reader is None:
            self._ahead += delta
            if len(self._ahead) < UNDECIDED and _MAY_BE_JSON.fullmatch(self._ahead):
                return
            delta = self._decide()
        assert self._reader is not None
        yield from self._reader.feed(delta)

    def finish(self) -> Iterator[Claim]:
        """The rest, when the reply is over; ModelError where it was to be JSON and is none."""
        if self._reader is None:
            ahead = self._decide()
            assert self._reader is not None
            yield from self._reader.feed(ahead)
        yield from self._reader.finish()

    def _decide(self) -> str:
        self._reader = _Objects() if _JSON.match(self._ahead) else ReferenceParser()
        ahead, self._ahead = self._ahead, ""
        return ahead


class _Objects:
    """Reads each JSON object that holds no other, as soon as it closes."""

    def __init__(self) -> None:
        self._object: list[str] | None = None
        self._quoted = self._escaped = False
        self._found = False

    def feed(self, delta: str) -> Iterator[Claim]:
        for character in delta:
            yield from self._step(character)

    def finish(self) -> Iterator[Claim]:
        if not self._found:
            raise ModelError("the model began an answer in JSON that cannot be read")
        yield from ()

    def _step(self, character: str) -> Iterator[Claim]:
        if self._object is not None:
            self._object.append(character)
        if self._quoted:
            self._quoted = self._escaped or character != '"'
            self._escaped = character == "\\" and not self._escaped
        elif character == '"':
            self._quoted = True
        elif character == "{":
            self._object = ["{"]
        elif character == "}" and self._object is not None:
            whole, self._object = "".join(self._object), None
            yield from self._claims(whole)
        if self._object is not None and len(self._object) > LONGEST:
            self._object = None

    def _claims(self, whole: str) -> Iterator[Claim]:
        try:
            read = json.loads(whole, strict=False)
        except (ValueError, RecursionError):
            return
        self._found = True
        text = next((read[key] for key in _TEXTS if isinstance(read.get(key), str)), "")
        named = next((read[key] for key in _SENTENCES if key in read), ())
        references = _references(named)
        for claim in read_claims([text]):
            yield replace(claim, references=tuple(dict.fromkeys((*claim.references, *references))))


def _references(named: object) -> tuple[Reference, ...]:
    """What stands where a schema has the sentences: numbers as text, bare, or in brackets; anything else is none."""
    several = named if isinstance(named, list) else [named]
    each = (str(one).strip(" []") for one in several if isinstance(one, (str, int, float)))
    return tuple(dict.fromkeys(reference for one in each for reference in parse_marker(one)))
