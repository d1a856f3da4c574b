"""Refusal: whether what the collection does not hold is said to be missing, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from eval.measures.answers import contains, touches
from eval.measures.parts import Definition, Part, one, unmeasured
from eval.records import Record

FLOORS = {"always_refuse": "a system that refuses everything", "never_refuse": "a system that answers everything"}
DECIDABLE = "answerable and unanswerable items"


def definitions() -> tuple[Definition, ...]:
    return (
        Definition(
            "refusal_precision",
            "refusal",
            "The share of refusals that are right: the collection holds no answer.",
            "refused items; a failed item is unmeasured, since it may have been one",
            refusal_precision,
            FLOORS,
        ),
        Definition(
            "refusal_recall",
            "refusal",
            "The share of unanswerable items that were refused.",
            "unanswerable items; a failed item is unmeasured",
            partial(_refused, lambda record: record.unanswerable),
            FLOORS,
        ),
        Definition(
            "refusal_f1",
            "refusal",
            "The harmonic mean of refusal precision and recall: 2 x right refusals / (refusals + unanswerable items).",
            f"{DECIDABLE}; a failed item is unmeasured",
            refusal_f1,
            FLOORS,
        ),
        Definition(
            "near_miss_refused",
            "refusal",
            "The share of near misses (the topic is there, the detail asked for is not) that were refused.",
            "items of type unanswerable_near; a failed item is unmeasured",
            partial(_refused, lambda record: record.type == "unanswerable_near"),
            FLOORS,
        ),
        Definition(
            "off_topic_refused",
            "refusal",
            "The share of questions off the collection's topics that were refused.",
            "items of type unanswerable_off; a failed item is unmeasured",
            partial(_refused, lambda record: record.type == "unanswerable_off"),
            FLOORS,
        ),
        Definition(
            "premise_corrected",
            "refusal",
            "The share of questions with a false premise whose answer corrects it: it holds a gold answer (which says "
            "what is so), or it names the premise as wrong (`premise`) and cites characters of the gold evidence. A "
            "refusal corrects nothing.",
            "items of type false_premise; a failed item is unmeasured",
            premise_corrected,
            {"always_refuse": "a system that refuses everything"},
        ),
    )


def _refused(chosen: Callable[[Record], bool], record: Record) -> Part | None:
    return one(record.refused, {"always_refuse": 1.0, "never_refuse": 0.0}) if chosen(record) else None


def _decidable(record: Record) -> bool:
    return record.answerable or record.unanswerable


def refusal_precision(record: Record) -> Part | None:
    """The floor of refusing everything counts every item that did not fail, refused or not."""
    if not _decidable(record):
        return None
    if record.output is None:
        return unmeasured()
    base = {"always_refuse": (float(record.unanswerable), 1.0)}
    if not record.refused:
        return Part(0.0, 0.0, floors=base)
    return Part(float(record.unanswerable), floors=base)


def refusal_f1(record: Record) -> Part | None:
    if not _decidable(record):
        return None
    if record.output is None:
        return unmeasured()
    right = float(bool(record.refused) and record.unanswerable)
    return Part(
        2 * right,
        float(bool(record.refused)) + float(record.unanswerable),
        units=1.0,
        floors={
            "always_refuse": (2.0 * record.unanswerable, 1.0 + record.unanswerable),
            "never_refuse": (0.0, float(record.unanswerable)),
        },
    )


def premise_corrected(record: Record) -> Part | None:
    if record.type != "false_premise":
        return None
    floors = {"always_refuse": 0.0}
    if record.output is None:
        return one(None, floors)
    says_so = bool(contains(record.output.text, record.golds))
    places = [(place.file, place.start, place.end) for place in record.output.citations]
    places += _shown_beside(record.output.premise)
    cites = any(touches(gold, *place) for gold in record.evidence for place in places)
    return one(not record.refused and (says_so or (bool(record.output.premise) and cites)), floors)


def _shown_beside(premise: object) -> list[tuple[str, int, int]]:
    """The place that the answer gives for what is wrong with the premise."""
    cited = premise.get("citation") if isinstance(premise, dict) else None
    if not isinstance(cited, dict):
        return []
    start, end = cited.get("start"), cited.get("end")
    return [(str(cited.get("file")), start, end)] if isinstance(start, int) and isinstance(end, int) else []
