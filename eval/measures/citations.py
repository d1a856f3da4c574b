"""Citations and faithfulness: what statements rest on, judged by the gate in app/ground."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from eval.measures.parts import Definition, Part, unmeasured
from eval.records import Judgement, Kind, Record

KINDS: tuple[tuple[Kind, str], ...] = (
    ("numbers", "a figure"),
    ("names", "a name"),
    ("negation", "a negation"),
    ("quotes", "words in quotation marks"),
)
FLAGS = {
    "always_flag": "a judge that calls every statement unsupported",
    "never_flag": "a judge that calls every statement supported",
    "word_overlap": "the mean share of a statement's tokens that stand in what it was judged by",
}
ANSWERS = "items that were answered (a refusal says nothing); unmeasured: failed items, and all without the gate"
ALCE = "ALCE (Gao et al., 2023), with the gate in the place of its NLI model"


def definitions() -> tuple[Definition, ...]:
    return (
        Definition(
            "citation_precision",
            "citations",
            "The share of an answer's citations that are needed: one that stands alone supports its statement; one "
            "of several either supports it by itself, or the others do not support it without it. Citations of a "
            "statement that is not fully supported do not count as needed. An answer without any citation scores 0. "
            "Mean over answers.",
            ANSWERS,
            citation_precision,
            FLAGS,
            judge="gate",
            source=ALCE,
        ),
        Definition(
            "citation_recall",
            "citations",
            "The share of an answer's statements that what they cite, taken together, supports fully (`supported`; "
            "`partly` is not enough). A statement without citations is not supported. What claims nothing is left out. "
            "Mean over answers.",
            ANSWERS,
            citation_recall,
            FLAGS,
            judge="gate",
            source=ALCE,
        ),
        Definition(
            "over_citation",
            "citations",
            "The share of all citations that are superfluous: they do not support their statement by themselves, and "
            "the others do so without them.",
            "citations of answers",
            over_citation,
            better="lower",
            judge="gate",
            source=ALCE,
        ),
        Definition(
            "citation_validity",
            "citations",
            "The share of citations whose quote is, character for character, what the document's text has at the "
            "citation's offsets. Where the collection is not at hand, they are held against the passages shown.",
            "citations; unmeasured: failed items, and citations of text that nobody showed",
            citation_validity,
        ),
        Definition(
            "faithfulness",
            "faithfulness",
            "Supported statements / statements, by the gate: each is judged by what it cites or, where it cites "
            "nothing, by all passages that were found. What claims nothing is left out.",
            "statements of answers; unmeasured: failed items, and answers the gate did not judge",
            partial(faithfulness, kind=None),
            FLAGS,
            judge="gate",
        ),
        *(
            Definition(
                f"faithfulness_{kind}",
                "faithfulness",
                f"The same over statements with {words}.",
                f"statements of answers that hold {words}",
                partial(faithfulness, kind=kind),
                FLAGS,
                judge="gate",
            )
            for kind, words in KINDS
        ),
    )


def _claims(record: Record) -> Sequence[tuple[Judgement, int]] | None:
    """The judged claims of an answer, each with its number of citations; None where the gate did not run."""
    assert record.output is not None
    if record.judged is None:
        return None
    pairs = zip(record.judged, record.output.statements, strict=True)
    return [(judged, len(judged.alone)) for judged, _ in pairs if judged.support != "not_a_claim"]


def _by_item(record: Record, value: float, claims: Sequence[tuple[Judgement, int]]) -> Part:
    overlap = sum(judged.overlap for judged, _ in claims) / len(claims)
    return Part(value, floors={"always_flag": (0.0, 1.0), "never_flag": (1.0, 1.0), "word_overlap": (overlap, 1.0)})


def citation_precision(record: Record) -> Part | None:
    if record.output is None:
        return unmeasured()
    if record.refused:
        return None
    if (claims := _claims(record)) is None:
        return unmeasured()
    if not claims:
        return None
    total = sum(count for _, count in claims)
    needed = sum(
        judged.support == "supported" and (alone or not without)
        for judged, _ in claims
        for alone, without in zip(judged.alone, judged.without, strict=True)
    )
    return _by_item(record, needed / total if total else 0.0, claims)


def citation_recall(record: Record) -> Part | None:
    if record.output is None:
        return unmeasured()
    if record.refused:
        return None
    if (claims := _claims(record)) is None:
        return unmeasured()
    if not claims:
        return None
    supported = sum(judged.support == "supported" and judged.basis == "citations" for judged, _ in claims)
    return _by_item(record, supported / len(claims), claims)


def over_citation(record: Record) -> Part | None:
    if record.output is None:
        return unmeasured()
    if record.refused:
        return None
    if (claims := _claims(record)) is None:
        return unmeasured()
    total = sum(count for _, count in claims)
    superfluous = sum(
        not alone and without
        for judged, _ in claims
        for alone, without in zip(judged.alone, judged.without, strict=True)
    )
    return Part(float(superfluous), float(total)) if total else None


def citation_validity(record: Record) -> Part | None:
    if record.output is None:
        return unmeasured()
    known = [valid for valid in record.citations_valid if valid is not None]
    missing = len(record.citations_valid) - len(known)
    return Part(float(sum(known)), float(len(known)), missing) if record.citations_valid else None


def faithfulness(record: Record, kind: Kind | None) -> Part | None:
    if record.output is None:
        return None if kind else unmeasured()
    if record.refused:
        return None
    if (claims := _claims(record)) is None:
        return None if kind else unmeasured()
    chosen = [judged for judged, _ in claims if kind is None or kind in judged.kinds]
    if not chosen:
        return None
    count = float(len(chosen))
    return Part(
        float(sum(judged.support == "supported" for judged in chosen)),
        count,
        floors={
            "always_flag": (0.0, count),
            "never_flag": (count, count),
            "word_overlap": (sum(judged.overlap for judged in chosen), count),
        },
    )
