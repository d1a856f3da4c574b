"""All pairs, from the data sets in a folder and from our own material, divided by document."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path

from eval.training import claims, questions
from eval.training.pairs import Pair
from indexing.errors import UsageError

SEED = 20260
CONSTRUCTED = 3000
ASKED = Path(str(resources.files("eval.training"))) / "by_model" / "asked.jsonl"  # the file that is shipped
KEPT_ASIDE = 0.06  # of the documents, for stopping and temperatures; never reported
REPORTED = 0.06  # ... looked at once, when all else is settled


def pairs(
    folder: Path, *, synthetic: bool = True, hard: bool = True, suites: bool = True, asked: Path | None = None
) -> list[Pair]:
    """Every pair; without `synthetic` none by construction, without `hard` sentences drawn at random beside answers.

    With the questions of a model in the file `asked`, which leave the other pairs as they are.
    """
    rng = random.Random(SEED)
    reading = reading_of(folder)
    found = [*questions.asked(reading, rng, hard=hard), *questions.written(reading, rng, hard=hard)]
    if suites:
        found += questions.from_suites(_weighed(), hard=hard)
    found += claims.summedits(folder / "summedits_dev.jsonl")
    found += claims.ragtruth(folder / "ragtruth_dev.jsonl", rng)
    found += claims.wice(folder / "wice_dev.jsonl")
    found += claims.written(reading)
    if synthetic:
        found += claims.constructed(reading, rng, CONSTRUCTED)
    if asked is not None:
        found += by_model(reading, asked, hard=hard)
    if not synthetic:
        found = [one for one in found if not one.source.endswith(" vague")]
    return found


def by_model(reading: questions.Reading, asked: Path, *, hard: bool = True) -> list[Pair]:
    """The pairs of the questions that a model asked; UsageError where there is no such file."""
    if not asked.is_file():
        raise UsageError(f"there is no {asked}; make it: python -m eval train questions --out {asked}")
    return list(questions.asked_by_model(reading, asked, random.Random(SEED), hard=hard))


def given(folder: Path | None) -> Path:
    """The folder with the data sets; UsageError where none is named."""
    if folder is None:
        raise UsageError("give --data DIR, the folder with xquad_dev.json, wice_dev.jsonl and the others")
    return folder


def reading_of(folder: Path) -> questions.Reading:
    """The texts that questions are asked about: paragraphs of XQuAD in a folder of data sets, and our own."""
    return questions.Reading([*questions.paragraphs(folder / "xquad_dev.json"), *questions.own_texts()])


def _weighed() -> Sequence[object]:
    from eval.fitting.answers import tuning_items

    return tuning_items()


def divided(given: Sequence[Pair]) -> tuple[list[Pair], list[Pair], list[Pair]]:
    """Those to train on, those kept aside and those that are reported, no document in two of them."""
    parts: tuple[list[Pair], list[Pair], list[Pair]] = ([], [], [])
    for one in given:
        place = int(hashlib.sha256(f"aside {one.group}".encode()).hexdigest()[:8], 16) / 0xFFFFFFFF
        parts[1 if place < KEPT_ASIDE else 2 if place < KEPT_ASIDE + REPORTED else 0].append(one)
    return parts


def counted(given: Sequence[Pair]) -> Iterator[str]:
    """A line for each source: how many pairs, how many of them positive."""
    total, positive = Counter(one.source for one in given), Counter(one.source for one in given if one.positive)
    for source in sorted(total):
        yield f"{source:<28}{total[source]:>7}{positive[source]:>7}"
