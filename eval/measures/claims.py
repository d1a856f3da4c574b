"""Faithfulness by a language model as judge, claim by claim, computed from the verdicts that records keep."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal

from eval.measures.parts import Definition, Part, one, unmeasured
from eval.records import Claim, Opinion, Record, Verdict

Basis = Literal["cited", "retrieved"]
FLOORS = {
    "always_flag": "a judge that calls every claim unsupported",
    "never_flag": "a judge that calls every claim supported",
    "word_overlap": "the mean share of a claim's tokens that stand in what it was judged by",
}
UNMEASURED = (
    "unmeasured: failed items, answers that no model judged, statements that it did not take apart, and claims on "
    "which its reply was not the JSON that was asked for"
)
SOURCE = "FActScore (Min et al., 2023) and RAGAS (Es et al., 2024): claims, each judged alone"


def definitions() -> tuple[Definition, ...]:
    def judged(name: str, about: str, population: str, score: Callable[[Record], Part | None]) -> Definition:
        return Definition(name, "faithfulness by a judge", about, population, score, FLOORS, judge="llm", source=SOURCE)

    return (
        judged(
            "faithfulness_judge",
            "Supported claims / claims, by a language model: it takes each statement apart into claims and holds each "
            "against the characters that its statement cites. What is cited nowhere is not supported; a statement that "
            "claims nothing is left out.",
            f"claims of answers; {UNMEASURED}",
            partial(_supported, "cited"),
        ),
        judged(
            "faithfulness_judge_retrieved",
            "The same against all passages that were found, whatever the statement cites.",
            f"claims of answers; {UNMEASURED}",
            partial(_supported, "retrieved"),
        ),
        judged(
            "faithfulness_judge_statements",
            "The share of statements all of whose claims are supported by what the statement cites: the unit in which "
            "`faithfulness` counts, and in which `calibrate` holds judges against people.",
            f"statements of answers that claim something; {UNMEASURED}",
            _statements,
        ),
        Definition(
            "contradicted_judge",
            "faithfulness by a judge",
            "The share of claims that the passages found contradict, by the same model.",
            f"claims of answers; {UNMEASURED}",
            _contradicted,
            {name: FLOORS[name] for name in ("always_flag", "never_flag")},
            better="lower",
            judge="llm",
        ),
    )


def costs() -> tuple[Definition, ...]:
    """What judging took: not the target's cost."""
    counted: tuple[tuple[str, str, Callable[[Opinion], float | None]], ...] = (
        ("judge_prompt_tokens", "Tokens read by the judging model for an answer", lambda one: float(one.prompt_tokens)),
        ("judge_answer_tokens", "Tokens written by the judging model for an answer", lambda o: float(o.answer_tokens)),
        ("judge_money", "Money for judging an answer, at the prices given for the judge", lambda one: one.cost),
    )
    return tuple(
        Definition(
            name,
            "cost",
            f"{about}, counted as cl100k_base has them; a reply that an earlier run paid for counts again.",
            "items that were answered; those that no model judged are unmeasured",
            partial(_cost, count),
            better="lower",
            share=False,
        )
        for name, about, count in counted
    )


def all_hold(verdicts: Sequence[Verdict | None]) -> bool | None:
    """Whether all claims of a statement are supported; None where that hangs on one without a verdict."""
    if any(verdict in ("contradicted", "missing") for verdict in verdicts):
        return False
    return None if None in verdicts else True


def _opinion(record: Record) -> Opinion | Part | None:
    """The opinion on an answer; the part of an item that has none."""
    if record.output is None:
        return unmeasured()
    if record.refused:
        return None
    return record.opinion if record.opinion is not None else unmeasured()


def _verdict(basis: Basis, claim: Claim) -> tuple[str | None, float]:
    return (claim.cited, claim.overlap_cited) if basis == "cited" else (claim.retrieved, claim.overlap_retrieved)


def _shared(opinion: Opinion, basis: Basis, wanted: str, floors: tuple[float, float]) -> Part | None:
    """Claims with the wanted verdict / claims with any; `floors` are those of flagging always and never."""
    missing = sum(claims is None for claims in opinion.statements)
    found = [_verdict(basis, claim) for claims in opinion.statements for claim in claims or ()]
    known = [(verdict, share) for verdict, share in found if verdict is not None]
    missing += len(found) - len(known)
    if not known:
        return Part(0.0, 0.0, missing) if missing else None
    count = float(len(known))
    return Part(
        float(sum(verdict == wanted for verdict, _ in known)),
        count,
        missing,
        floors={
            "always_flag": (floors[0] * count, count),
            "never_flag": (floors[1] * count, count),
            **({"word_overlap": (sum(share for _, share in known), count)} if wanted == "supported" else {}),
        },
    )


def _supported(basis: Basis, record: Record) -> Part | None:
    found = _opinion(record)
    return _shared(found, basis, "supported", (0.0, 1.0)) if isinstance(found, Opinion) else found


def _contradicted(record: Record) -> Part | None:
    found = _opinion(record)
    return _shared(found, "retrieved", "contradicted", (1.0, 0.0)) if isinstance(found, Opinion) else found


def _statements(record: Record) -> Part | None:
    found = _opinion(record)
    if not isinstance(found, Opinion):
        return found
    held = [
        (None if claims is None else all_hold([claim.cited for claim in claims]), claims or ())
        for claims in found.statements
        if claims is None or claims
    ]
    known = [(one, claims) for one, claims in held if one is not None]
    missing = len(held) - len(known)
    if not known:
        return Part(0.0, 0.0, missing) if missing else None
    count = float(len(known))
    overlap = sum(sum(claim.overlap_cited for claim in claims) / len(claims) for _, claims in known)
    floors = {"always_flag": (0.0, count), "never_flag": (count, count), "word_overlap": (overlap, count)}
    return Part(float(sum(one for one, _ in known)), count, missing, floors=floors)


def _cost(count: Callable[[Opinion], float | None], record: Record) -> Part | None:
    found = _opinion(record)
    return one(count(found)) if isinstance(found, Opinion) else found
