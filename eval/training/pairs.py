"""What the reader learns from: a text to be judged beside what it is read with."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from app.evidence.reader_model import Encoded
from indexing.clean import Block
from indexing.sentences import sentences_of
from indexing.spans import Span

Task = Literal["answers", "supports"]
Label = Literal["yes", "no", "contradicted", "not_enough"]
"""`yes` answers or is supported; `no` does not answer, or is not supported for a reason that nobody noted."""

TOKEN = re.compile(r"\w+(?:[.,'’-]\w+)*|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Pair:
    """`judged` is a sentence that may answer the question `read`, or a claim that the evidence `read` may support.

    `context` stands before the sentence. `marks` are the characters of `judged` that answer, or that are wrong; None
    where nobody knows which. `group` is what must not be on both sides of a split: the document.
    """

    task: Task
    read: str
    judged: str
    label: Label
    source: str
    group: str
    context: str = ""
    marks: tuple[tuple[int, int], ...] | None = None

    @property
    def positive(self) -> bool:
        return self.label == "yes"


def sentences(text: str) -> list[tuple[str, Span]]:
    """The sentences of a plain text with their places."""
    found = sentences_of(text, (Block("text", (Span(0, len(text)),)),))
    return [(one.span.of(text), one.span) for one in found]


def around(title: str, before: str) -> str:
    """What a sentence is read with: the title of its document and the sentence before it."""
    return " ".join(part for part in (f"{title}." if title else "", before) if part)


def changed(before: str, after: str) -> tuple[tuple[int, int], ...]:
    """The characters of `after` that `before` does not have there; where words are left out, their neighbours."""
    ours, theirs = list(TOKEN.finditer(after)), list(TOKEN.finditer(before))
    matcher = difflib.SequenceMatcher(None, [one[0] for one in theirs], [one[0] for one in ours], autojunk=False)
    marks = []
    for kind, _, _, start, end in matcher.get_opcodes():
        if kind == "equal" or not ours:
            continue
        first, last = (start, end - 1) if end > start else (max(0, start - 1), min(start, len(ours) - 1))
        marks.append((ours[first].start(), ours[last].end()))
    return tuple(marks)


def nearest(wanted: frozenset[str], held: Sequence[frozenset[str]], most: int) -> list[int]:
    """The places of those that share most stems with what is wanted, best first."""
    order = sorted(range(len(held)), key=lambda one: (-len(wanted & held[one]), len(held[one]), one))
    return order[:most]


def padded(pairs: Sequence[Encoded]) -> dict[str, npt.NDArray[np.int64]]:
    """Several pairs as the network reads them at once, each of the three `(len(pairs), longest)`."""
    width = max(len(one.ids) for one in pairs)
    found = {
        name: np.zeros((len(pairs), width), dtype=np.int64)
        for name in ("input_ids", "attention_mask", "token_type_ids")
    }
    for row, one in enumerate(pairs):
        found["input_ids"][row, : len(one.ids)] = one.ids
        found["attention_mask"][row, : len(one.ids)] = 1
        found["token_type_ids"][row, : len(one.kinds)] = one.kinds
    return found
