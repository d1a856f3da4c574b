"""Judges on answers that people have judged: ours, a language model, and floors; with canaries that show a judge who
always says the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from app.ground_command import source_of
from app.grounding.check import Checker, statements_of
from app.grounding.wording import is_claim
from app.llm import language_model
from app.second_opinion import SecondOpinion
from app.settings import Settings
from eval.agreement import Vote, agreement, corrected
from eval.human_labels import Kind, Labelled, read_labelled
from eval.judge import overlap
from eval.report import plots
from indexing.errors import OnrecordError, UsageError
from indexing.spans import Span

JudgeName = Literal["gate", "llm", "overlap", "always", "never"]
Judged = tuple[Span, bool, float | None]  # a statement's place in its answer, its label, its score
Round = tuple[list[Judged], float | None]
Judge = Callable[[Labelled], Round]
"""The claims of an answer, each with whether its sources support it; and a score of the whole, where there is one."""

CANARIES = 20
JUDGED = ("faithfulness", "citation_precision", "citation_recall")  # what a judge decides, statement by statement
HALF = 0.5
SENTENCE = 60  # characters that a canary has at least


def judge_of(name: JudgeName, settings: Settings) -> Judge:
    """A judge by its name. Raises UsageError for `llm` without a model."""
    if name == "gate":
        return _gate(None)
    if name == "llm":
        if not settings.llm:
            raise UsageError("the judge `llm` needs a language model; name one with --llm")
        return _gate(SecondOpinion(language_model(settings)), alone=True)
    if name == "overlap":
        return _overlap
    return lambda item: ([(span, name == "always", None) for _, span in _claims(item.answer)], None)


def calibrate(
    path: Path, name: JudgeName, settings: Settings, *, kind: Kind | None = None, split: str | None = None,
    repeats: int = 1, limit: int | None = None, progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> dict[str, Any]:  # fmt: skip
    """A judge's agreement with the people of one labelled set: on answers, on statements where people marked spans,
    and on canaries, whose labels nobody doubts."""
    items = [one for one in read_labelled(path, kind) if split in (None, one.split)][:limit]
    if not items:
        raise UsageError(f"{path} has no item of that split")
    judge = judge_of(name, settings)
    answers: list[Vote] = []
    statements: list[Vote] = []
    for number, item in enumerate(items, 1):
        rounds = [judge(item) for _ in range(repeats)]
        if rounds[0][0]:
            answers.append(_answer(item, rounds))
            statements += _statements(item, rounds)
        progress(number, len(items))
    watched = [_answer(item, [found]) for item in canaries(items) if (found := judge(item))[0]]
    return {
        "judge": name,
        "model": settings.llm if name == "llm" else "",
        "data": {"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "split": split or "all"},
        "repeats": repeats,
        "answers": agreement(answers),
        "statements": agreement(statements) if statements else None,
        "canaries": {
            "n": len(watched),
            "right": sum(one.label == one.held for one in watched),
            "constant": len({one.label for one in watched}) < 2,
        },
    }


def canaries(items: Sequence[Labelled]) -> list[Labelled]:
    """Sentences copied from their own source, which hold, and sentences of another source, which do not."""
    sources = list(dict.fromkeys(item.sources for item in items))[: CANARIES + 1]
    found = []
    for number, (one, other) in enumerate(pairwise(sources)):
        for held, text in ((True, _sentence(one[0])), (False, _sentence(other[0]))):
            if text and (held or text not in one[0]):
                canary = Labelled(f"canary-{number}-{held}", f"canary-{number}", "canary", one, text, held)
                found.append(canary)
    return found[: CANARIES * 2]


def write(found: dict[str, Any], path: Path) -> None:
    """Keep a calibration, to be named by `metrics --calibration`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise OnrecordError(f"{path} cannot be written ({error.strerror}); choose another --out") from error


def table(found: dict[str, Any]) -> str:
    """A calibration for people."""
    lines = [f"judge {found['judge']} {found['model']}".rstrip() + f" on {found['data']['file']}"]
    for level in ("answers", "statements"):
        part = found[level]
        if part is None:
            continue
        lines.append(f"{level}: n {part['n']} of {part['sources']} sources, {part['base_rate']:.3f} of them hold")
        for name in ("kappa", "balanced_accuracy", "sensitivity", "specificity", "auroc"):
            one = part[name]
            value = "unmeasured" if one["value"] is None else f"{one['value']:.3f}"
            bounds = "" if one["low"] is None else f"  {one['low']:.3f} to {one['high']:.3f}"
            lines.append(f"  {name:<18}{value:>10}{bounds}")
        if part["self_consistency"] is not None:
            lines.append(f"  {'self_consistency':<18}{part['self_consistency']:>10.3f}")
        if part["constant"]:
            lines.append("  this judge always says the same: its figures say nothing about answers")
    watched = found["canaries"]
    lines.append(f"canaries: {watched['right']} of {watched['n']} right{', CONSTANT' if watched['constant'] else ''}")
    return "\n".join(lines)


def correct(metrics: dict[str, Any], calibration: Path) -> dict[str, Any]:
    """A run's metrics with `judge`: who judged, how far it agrees with people, and what it judged corrected for that.

    Raises OnrecordError for a file that `calibrate` did not write.
    """
    try:
        found = json.loads(calibration.read_text(encoding="utf-8"))
        level = found["statements"] or found["answers"]
        known = {key: level[key]["value"] for key in ("kappa", "balanced_accuracy", "sensitivity", "specificity")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise OnrecordError(f"{calibration} is no calibration ({error}); make one with `calibrate --out`") from error
    judged = {
        name: corrected(one["value"], one["n"], level)
        for name, one in metrics["metrics"].items()
        if name in JUDGED and one["value"] is not None
    }
    about = {"name": found["judge"], "model": found["model"], "data": found["data"], "n": level["n"], **known}
    return {**metrics, "judge": {**about, "constant": level["constant"], "corrected": judged}}


def correction_table(judge: dict[str, Any]) -> str:
    """What a judge's errors do to what it judged, a line each."""
    agreed = ", ".join(
        f"{key.replace('_', ' ')} {judge[key]:.3f}"
        for key in ("kappa", "balanced_accuracy", "sensitivity", "specificity")
        if judge[key] is not None
    )
    lines = [f"\njudged by {judge['name']} {judge['model']}".rstrip() + f"; on {judge['data']['file']}: {agreed}"]
    for name, one in judge["corrected"].items():
        known = one["value"] is not None
        shown = f"{one['value']:.3f}, {one['low']:.3f} to {one['high']:.3f}" if known else "beyond this judge"
        lines.append(f"{name} corrected for its errors: {shown}")
    return "\n".join(lines) + "\n"


def diagram_page(found: dict[str, Any]) -> str:
    """The reliability of its scores as a page: the mean score of each part against how often people agree."""
    points = [(one["score"], one["held"]) for one in found["answers"]["reliability"]]
    title = f"Reliability of the judge {found['judge']} on {found['data']['file']}"
    return plots.page(title, plots.curve(points, title, "score", "share that holds"))


def _gate(opinion: SecondOpinion | None, *, alone: bool = False) -> Judge:
    """Our gate; with an opinion `alone`, the model's view of what the gate finds for each claim."""
    kept: dict[tuple[str, ...], Checker] = {}

    def judge(item: Labelled) -> Round:
        if item.sources not in kept:
            kept.clear()
            kept[item.sources] = Checker([source_of(text, "source") for text in item.sources])
        checked = kept[item.sources].check(item.answer)
        found: list[Judged] = []
        for one in checked.statements:
            if one.support == "not_a_claim":
                continue
            label, score = one.support == "supported", one.score
            if opinion is not None and alone:
                view = opinion.view(one.text, [citation.quote for citation in one.citations])
                label, score = view == "supported", None
            found.append((one.span, label, score))
        return found, None if opinion is not None else checked.score

    return judge


def _overlap(item: Labelled) -> Round:
    sources = " ".join(item.sources)
    shares = [(span, overlap(text, sources)) for text, span in _claims(item.answer)]
    return [(span, share >= HALF, share) for span, share in shares], overlap(item.answer, sources)


def _claims(answer: str) -> Iterator[tuple[str, Span]]:
    return ((text, span) for text, span, _ in statements_of(answer) if is_claim(text))


def _answer(item: Labelled, rounds: Sequence[Round]) -> Vote:
    """An answer holds where its score says so; where there is none, where all its claims do."""
    labels = tuple(all(label for _, label, _ in claims) if score is None else score >= HALF for claims, score in rounds)
    return Vote(item.group, item.supported, labels, rounds[0][1])


def _statements(item: Labelled, rounds: Sequence[Round]) -> Iterator[Vote]:
    """Each claim, where people marked what is not supported."""
    if item.spans is None:
        return
    for at, (span, _, score) in enumerate(rounds[0][0]):
        held = not any(start < span.end and end > span.start for start, end in item.spans)
        labels = tuple(claims[at][1] for claims, _ in rounds if at < len(claims))
        yield Vote(item.group, held, labels, score)


def _sentence(text: str) -> str:
    """The first sentence of some length."""
    whole = (text[span.start : span.end] for _, span, _ in statements_of(text))
    return next((" ".join(one.split()) for one in whole if len(one) >= SENTENCE), "")
