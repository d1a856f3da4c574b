"""A cited text and what is known of it: whether it still stands, what its document says today, who else says it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import islice
from typing import Literal

from indexing.collection import Collection
from indexing.copies import groups
from indexing.documents import Copy, Document
from indexing.schema import Facts, Standing
from indexing.spans import Span

COPIES_AT_MOST = 50
WORK_AT_MOST = 1_000_000  # pairs of words, or of lines, that a comparison may have to look at: a second at worst
TOKEN = re.compile(r"\s*\S+|\s+")
LINE = re.compile(r"[^\n]*\n|[^\n]+")
SUSPECT_NOTE = "reads like an instruction to a model: "  # how a warning about a sentence begins

Piece = tuple[Literal["same", "gone", "new"], str]


@dataclass(frozen=True, slots=True)
class Source:
    """One version of a document. `versions` are all it ever had, with the moment each was indexed, oldest first.

    `today` is its current text where that is another; `suspects` are the sentences that speak to a model.
    """

    document: Document
    standing: Standing = "current"
    versions: tuple[tuple[str, str], ...] = ()
    facts: Facts = field(default_factory=Facts)
    today: Document | None = None
    copies: tuple[Copy, ...] = ()
    suspects: tuple[Span, ...] = ()

    @property
    def title(self) -> str:
        return self.document.metadata.title or self.document.name

    @property
    def indexed_at(self) -> str:
        """When this version was indexed, the last time if it came back."""
        return next((moment for version, moment in reversed(self.versions) if version == self.document.version), "")

    @property
    def replaced_at(self) -> str:
        """When the version after it was indexed; empty where there is none."""
        later = [version == self.document.version for version, _ in self.versions]
        last = len(later) - later[::-1].index(True) if any(later) else len(later)
        return self.versions[last][1] if last < len(self.versions) else ""


def source_of(collection: Collection, document_id: str, version: str) -> Source | None:
    """What is known of a version of a document; None where there is no such version."""
    document = collection.document(document_id, version)
    if document is None:
        return None
    catalogue = collection.catalogue
    standing = catalogue.standing(document_id, version) or "removed"
    facts = catalogue.facts(document_id, version)
    others = (one for one in groups(catalogue, [document_id]).get(document_id, ()) if one != document_id)
    found = (collection.document(one) for one in islice(others, COPIES_AT_MOST) if standing == "current")
    if standing == "current":
        suspects = tuple(one.span for one in catalogue.sentences(document_id) if one.kind == "suspect")
    else:  # the sentences of older versions are not kept, but what was noticed about them is
        suspects = tuple(_noticed(document.text, facts.warnings))
    return Source(
        document,
        standing,
        tuple(catalogue.versions(document_id)),
        facts,
        collection.document(document_id) if standing == "superseded" else None,
        tuple(Copy.of(one, Span(0, 0)) for one in found if one),
        suspects,
    )


def _noticed(text: str, warnings: Sequence[str]) -> Iterator[Span]:
    for warning in warnings:
        words = warning.removeprefix(SUSPECT_NOTE)
        if words != warning and (start := text.find(words)) >= 0:
            yield Span(start, start + len(words))


def differences(before: str, after: str) -> tuple[Piece, ...] | None:
    """`before` word by word as `after` has it: the pieces that are not `new` join to `before`.

    Where there are too many changed words for that, line by line; None where there are too many lines as well.
    """
    for tokens in (TOKEN, LINE):
        ours, theirs = tokens.findall(before), tokens.findall(after)
        start = _common(ours, theirs)
        ending = _common(ours[start:][::-1], theirs[start:][::-1])
        middle = ours[start : len(ours) - ending], theirs[start : len(theirs) - ending]
        if len(middle[0]) * len(middle[1]) <= WORK_AT_MOST:
            head, tail = "".join(ours[:start]), "".join(ours[len(ours) - ending :])
            found: list[Piece] = [("same", head), *_compared(*middle, tail), ("same", tail)]
            return tuple((kind, text) for kind, text in found if text)
    return None


def _common(ours: Sequence[str], theirs: Sequence[str]) -> int:
    """How many tokens from the beginning are the same."""
    pairs = zip(map(str.strip, ours), map(str.strip, theirs), strict=False)
    return next((at for at, (one, two) in enumerate(pairs) if one != two), min(len(ours), len(theirs)))


def _compared(ours: Sequence[str], theirs: Sequence[str], tail: str) -> Iterator[Piece]:
    """The differences of tokens before `tail`, whatever the white space between them."""
    keys = [token.strip() for token in ours], [token.strip() for token in theirs]
    for kind, start, end, begin, until in SequenceMatcher(None, *keys, autojunk=False).get_opcodes():
        if kind == "equal":
            yield "same", "".join(ours[start:end])
        else:
            gone, new = "".join(ours[start:end]), "".join(theirs[begin:until])
            yield ("gone" if gone.strip() else "same"), gone
            if new.strip():  # the first word of a text has no blank before it
                following = ("".join(ours[end : end + 1]) or tail)[:1]
                apart = new[-1].isspace() or following.isspace() or not following
                yield "new", f"{'' if new[0].isspace() else ' '}{new}{'' if apart else ' '}"
