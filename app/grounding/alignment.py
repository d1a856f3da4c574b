"""How well the words of a statement are carried by sentences of its sources: a few measures that calibration weighs."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from app.grounding import polarity
from app.grounding.figures import figures
from app.grounding.names import Named, names
from app.grounding.wording import plain
from indexing.embed import packaged
from indexing.words import stems

Rows = NDArray[np.float32]

WORD = re.compile(r"\w+(?:[.'&’]\w+)*")
HELD_AGAINST = 4  # sentences of a source that a statement is compared with, at most
LONGEST = 1200  # characters of a sentence that the encoder is given
# Words that say nothing alone; what a statement adds of these is not new.
EMPTY = frozenset(
    """a an the and or but of to in on at by for from with as is are was were be been being has have had do does did it
    its this that these those he she they them his her their who which what when where will would can could may than
    then so if into about over after before also there i you we our your my me us him said says not no""".split()
)
Measures = dict[str, float]


@dataclass(frozen=True, slots=True)
class _Read:
    """A text as the encoder reads it: its words, a unit vector in context for each, and one for the whole."""

    words: tuple[str, ...]
    vectors: Rows
    whole: Rows


class Evidence:
    """Sentences of the sources that statements are held against; what was read of them is kept."""

    def __init__(self, sentences: Sequence[str]) -> None:
        self.sentences = tuple(sentences)
        self.plain = [plain(sentence) for sentence in self.sentences]
        self._stems = [frozenset(stems(sentence)) for sentence in self.plain]
        self._holders: dict[str, list[int]] = defaultdict(list)
        for index, held in enumerate(self._stems):
            for stem in held:
                self._holders[stem].append(index)
        self._read: dict[int, _Read] = {}

    def nearest(self, statement: str) -> list[int]:
        """The sentences that hold most of the statement, best first: two that share most, then what these lack."""
        wanted = list(dict.fromkeys(stems(plain(statement))))
        shared = self._shared(wanted)
        order = sorted(range(len(self.sentences)), key=lambda one: (-shared.get(one, 0.0), len(self._stems[one])))
        chosen = order[:2]
        left = [stem for stem in wanted if not any(stem in self._stems[one] for one in chosen)]
        while left and len(chosen) < HELD_AGAINST:
            gains = self._shared(left)
            if not gains:
                break
            best = min(gains, key=lambda one: (-gains[one], one))
            chosen.append(best)
            left = [stem for stem in left if stem not in self._stems[best]]
        return chosen + [one for one in order[: 2 * HELD_AGAINST] if one not in chosen][: HELD_AGAINST - len(chosen)]

    def _shared(self, wanted: Sequence[str]) -> dict[int, float]:
        """For each sentence that holds any of them the summed rarity of the stems it holds."""
        shared: dict[int, float] = defaultdict(float)
        for stem in wanted:
            if holders := self._holders.get(stem):
                rarity = math.log(1 + len(self.sentences) / len(holders))
                for index in holders:
                    shared[index] += rarity
        return shared

    def measures(self, statement: str, among: Sequence[int]) -> Measures:
        """What calibration weighs, of a statement beside the sentences `among` these; each is 0 without a fault."""
        said = plain(statement)
        ours, theirs = self._reading(said, among)
        held = frozenset[str]().union(*(self._stems[one] for one in among))
        content = [index for index, word in enumerate(ours.words) if word.casefold() not in EMPTY]
        content = content or list(range(len(ours.words)))
        near = [_similar(ours, one) for one in theirs]  # (words here, words there) a sentence
        closest = np.max([rows.max(axis=1) for rows in near], axis=0) if near else np.zeros(len(ours.words))
        ranked = np.sort(closest[content]) if content else np.zeros(1)
        parts = [frozenset(stems(ours.words[index])) for index in content]
        new = [part for part in parts if part and not part & held]
        best = self._stems[among[0]] if among else frozenset()
        cited = [self.plain[one] for one in among]
        text = " ".join(cited)
        known, values = Named(text), {value for value, _ in figures(text, ones=True)}
        return {
            "new_words": len(new) / max(1, len(parts)),
            "many_new_words": max(0.0, len(new) / max(1, len(parts)) - 0.4),
            "new_pairs": 1 - _pairs_held(ours.words, [one.words for one in theirs]),
            "far_sentence": 1 - max((float(ours.whole @ one.whole) for one in theirs), default=0.0),
            "far_word": 1 - float(ranked[0]),
            "second_far_word": 1 - float(ranked[min(1, len(ranked) - 1)]),
            "displaced": 1 - _least_alike(ours, theirs, near, content),
            "scattered": sum(bool(part & held) and not part & best for part in parts) / max(1, len(parts)),
            "figures": min(2.0, len({value for value, _ in figures(said)} - values)),
            "names": min(2.0, sum(not known.has(name, said) for name in names(said))),
            "denial": float(bool(cited) and polarity.denied(said, " ".join(polarity.nearest(said, cited)))),
            "opposites": min(2.0, len(polarity.opposites(said, text)) / 2),
            "order": min(2.0, len(list(polarity.reordered(said, cited)))),
            "length": math.log1p(len(content)),
        }

    def _reading(self, said: str, among: Sequence[int]) -> tuple[_Read, list[_Read]]:
        """The statement and the sentences as the encoder reads them, all that is not known yet in one go."""
        unread = [one for one in among if one not in self._read]
        texts = [said[:LONGEST], *(self.plain[one][:LONGEST] for one in unread)]
        ours, *others = list(_read(texts))
        self._read.update(zip(unread, others, strict=True))
        return ours, [one for index in among if (one := self._read[index]).words]


def _read(texts: Sequence[str]) -> Iterator[_Read]:
    for text, (offsets, tokens) in zip(texts, packaged().words(texts), strict=True):
        starts = np.array([start for start, _ in offsets])
        ends = np.array([end for _, end in offsets])
        words, rows = [], []
        for match in WORD.finditer(text):
            inside = (ends > starts) & (starts < match.end()) & (ends > match.start())
            if inside.any():
                words.append(match[0])
                rows.append(tokens[inside].mean(axis=0))
        vectors = np.array(rows, dtype=np.float32).reshape(len(rows), tokens.shape[1])
        yield _Read(tuple(words), _unit(vectors), _unit(tokens.mean(axis=0)))


def _unit(rows: Rows) -> Rows:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-9), dtype=np.float32)


def _similar(one: _Read, other: _Read) -> Rows:
    return np.asarray(one.vectors @ other.vectors.T)


def _least_alike(ours: _Read, theirs: Sequence[_Read], near: Sequence[Rows], content: Sequence[int]) -> float:
    """Of the words that both have, how alike the one is that stands in the most different context."""
    least = 1.0
    for index in content:
        word = ours.words[index].casefold()
        alike = [
            float(rows[index, place])
            for one, rows in zip(theirs, near, strict=True)
            for place, other in enumerate(one.words)
            if other.casefold() == word
        ]
        least = min(least, max(alike, default=1.0))
    return least


def _pairs_held(words: Sequence[str], others: Sequence[Sequence[str]]) -> float:
    """The share of neighbouring words that stand side by side in one of the others, too."""
    pairs = list(pairwise(word.casefold() for word in words))
    held = {pair for other in others for pair in pairwise(word.casefold() for word in other)}
    return sum(pair in held for pair in pairs) / len(pairs) if pairs else 1.0
