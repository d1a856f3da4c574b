"""Answers against gold answers and gold evidence."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

from app.grounding.figures import FIGURE, figures
from eval.measures.parts import Definition, Part, one
from eval.records import Gold, Record, Said
from indexing.words import stems

SQUAD = "SQuAD v1.1 (Rajpurkar et al., 2016): lower case, without punctuation and articles"
WITH_GOLD = "answerable items with a gold answer; a refusal scores 0, a failed item is unmeasured"
WITH_EVIDENCE = "answerable items with evidence; a refusal scores 0, a failed item is unmeasured"
ANSWER_FLOORS = {"always_refuse": "a system that refuses everything", "top_passage": "the first passage found, whole"}
REFUSES = {"always_refuse": "a system that refuses everything"}
ARTICLES = re.compile(r"\b(?:a|an|the)\b")
PUNCTUATION = str.maketrans("", "", string.punctuation + "“”‘’«»–—…")


def definitions() -> tuple[Definition, ...]:
    against_gold: tuple[tuple[str, str, Callable[[str, Sequence[str]], float]], ...] = (
        ("answer_f1", "F1 of the answer's tokens against those of the nearest gold answer.", token_f1),
        ("exact_match", "1 when the answer is one of the gold answers, after normalising.", exact_match),
        (
            "contains_gold",
            "1 when the answer holds one of the gold answers as whole words, after normalising.",
            contains,
        ),
        (
            "gold_by_value",
            "1 when the answer holds each figure of a gold answer by value and each of its other words, in any order.",
            by_value,
        ),
    )
    return (
        *(
            Definition(
                name,
                "answers",
                about,
                WITH_GOLD,
                partial(_against_gold, measure),
                ANSWER_FLOORS,
                source="" if name == "gold_by_value" else SQUAD,
            )
            for name, about, measure in against_gold
        ),
        Definition(
            "statement_correctness",
            "answers",
            "The share of an answer's statements that hold a gold answer, or cite characters of the gold evidence.",
            "statements of answers to answerable items with evidence or a gold answer; unmeasured: failed items",
            statement_correctness,
        ),
        Definition(
            "answered",
            "answers",
            "The share of answerable items that got an answer, right or wrong.",
            "answerable items; a failed item is unmeasured",
            _answered,
            REFUSES | {"never_refuse": "a system that answers everything"},
        ),
        Definition(
            "gold_sentence_shown",
            "answers",
            "1 when a citation holds the evidence quote whole, or is a sentence of a longer one.",
            f"of one evidence quote: {WITH_EVIDENCE}",
            _gold_sentence_shown,
            REFUSES,
        ),
        Definition(
            "evidence_shown",
            "answers",
            "The share of the item's evidence of which every letter and digit is cited by the answer.",
            WITH_EVIDENCE,
            _evidence_shown,
            REFUSES,
        ),
        Definition(
            "statements_per_answer",
            "answers",
            "How many statements an answer has.",
            "answers; a failed item is unmeasured",
            _statements,
            better="neither",
            share=False,
        ),
    )


def followups() -> tuple[Definition, ...]:
    """Over items that have a history."""

    def only(score: Callable[[Record], Part | None], record: Record) -> Part | None:
        return score(record) if record.history else None

    chosen = [one for one in definitions() if one.name in ("contains_gold", "answered")]
    return (
        *(
            Definition(
                f"followup_{metric.name}",
                "conversation",
                f"`{metric.name}` over questions that follow others.",
                "answerable items with a history",
                partial(only, metric.score),
                metric.floors,
            )
            for metric in chosen
        ),
        Definition(
            "followup_rewritten",
            "conversation",
            "The share of questions that follow others which were searched as something else than was typed.",
            "items with a history whose answer says what was searched; others are unmeasured",
            _rewritten,
            better="neither",
        ),
    )


# -- gold answers ------------------------------------------------------------------------------------------------------


def normalised(text: str) -> list[str]:
    """The tokens that are compared."""
    return ARTICLES.sub(" ", text.lower().translate(PUNCTUATION)).split()


def token_f1(text: str, golds: Sequence[str]) -> float:
    return max((_f1(normalised(text), normalised(gold)) for gold in golds), default=0.0)


def _f1(said: list[str], gold: list[str]) -> float:
    shared = sum((Counter(said) & Counter(gold)).values())
    return 2 * shared / (len(said) + len(gold)) if shared else float(said == gold)


def exact_match(text: str, golds: Sequence[str]) -> float:
    return float(any(normalised(text) == normalised(gold) for gold in golds))


def contains(text: str, golds: Sequence[str]) -> float:
    said = f" {' '.join(normalised(text))} "
    return float(any(f" {' '.join(normalised(gold))} " in said for gold in golds if normalised(gold)))


def by_value(text: str, golds: Sequence[str]) -> float:
    return float(any(_holds_values(text, gold) for gold in golds if stems(gold)))


def _holds_values(text: str, gold: str) -> bool:
    wanted = {value for value, _ in figures(gold)}
    words = stems(FIGURE.sub(" ", gold))
    return wanted <= {value for value, _ in figures(text, ones=True)} and set(stems(text)).issuperset(words)


def _against_gold(measure: Callable[[str, Sequence[str]], float], record: Record) -> Part | None:
    if not record.answerable or not record.golds:
        return None
    if record.output is None:
        return one(None, {"always_refuse": 0.0})
    top = record.output.retrieved[0].text if record.output.retrieved else ""
    value = 0.0 if record.refused else measure(record.output.text, record.golds)
    return one(value, {"always_refuse": 0.0, "top_passage": measure(top, record.golds)})


def statement_correctness(record: Record) -> Part | None:
    if not record.answerable or record.refused or not (record.golds or record.evidence):
        return None
    if record.output is None:
        return one(None)
    statements = record.output.statements
    return Part(float(sum(_is_right(said, record) for said in statements)), float(len(statements)))


def _is_right(said: Said, record: Record) -> bool:
    cites = any(
        touches(gold, place.file, place.start, place.end) for gold in record.evidence for place in said.citations
    )
    return cites or bool(contains(said.text, record.golds))


def touches(gold: Gold, file: str, start: int, end: int) -> bool:
    """Whether a place shares characters with the gold evidence."""
    return file == gold.file and any(max(start, first) < min(end, last) for first, last in gold.spans)


# -- shown evidence ----------------------------------------------------------------------------------------------------


def _answered(record: Record) -> Part | None:
    if not record.answerable:
        return None
    return one(None if record.refused is None else not record.refused, {"always_refuse": 0.0, "never_refuse": 1.0})


def _gold_sentence_shown(record: Record) -> Part | None:
    if not record.answerable or len(record.evidence) != 1:
        return None
    if record.output is None:
        return one(None, {"always_refuse": 0.0})
    (gold,) = record.evidence
    shown = any(gold.is_in(place) or gold.holds(place) for place in record.output.citations)
    return one(not record.refused and shown, {"always_refuse": 0.0})


def _evidence_shown(record: Record) -> Part | None:
    if not record.answerable or not record.evidence:
        return None
    if record.output is None:
        return one(None, {"always_refuse": 0.0})
    shown = [not record.refused and _is_shown(record, gold) for gold in record.evidence]
    return one(sum(shown) / len(shown), {"always_refuse": 0.0})


def _is_shown(record: Record, gold: Gold) -> bool:
    assert record.output is not None
    cited = [place for place in record.output.citations if place.file == gold.file]
    if not gold.spans:
        return any(gold.is_in(place) for place in cited)
    letters = [offset for offset, character in enumerate(gold.quote) if character.isalnum()]
    return any(
        all(any(place.start <= start + offset < place.end for place in cited) for offset in letters)
        for start, _ in gold.spans
    )


def _statements(record: Record) -> Part | None:
    if record.output is None:
        return one(None)
    return None if record.refused else one(float(len(record.output.statements)))


def _rewritten(record: Record) -> Part | None:
    if not record.history:
        return None
    if record.output is None or "rewritten" not in record.output.model_fields_set:
        return one(None)
    said = record.output.rewritten or ""
    return one(said.strip() not in ("", record.question.strip()))
