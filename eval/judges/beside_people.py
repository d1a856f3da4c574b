"""Judges on answers that people have judged: ours, a language model, and floors; with canaries that show a judge who
always says the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from app.commands.ground_command import source_of
from app.grounding.wording import is_claim
from app.judging.check import Checker, statements_of
from app.judging.second_opinion import SecondOpinion
from app.language_models.llm import language_model
from app.settings import Settings
from eval.judges import canaries
from eval.judges.agreement import Vote, agreement
from eval.judges.claims import NO_REPLY, ClaimJudge
from eval.judges.gate_judge import overlap
from eval.judges.human_labels import Kind as Labels
from eval.judges.human_labels import Labelled, read_labelled
from eval.judges.identity import Judge, Kind, judge_of
from eval.judges.replies import Asking, Replies
from eval.pool import ask_all
from eval.report import plots
from indexing.errors import ModelError, UsageError
from indexing.spans import Span

Judged = tuple[Span, bool | None, float | None]  # a statement's place in its answer, its label, its score
Round = tuple[list[Judged], float | None]
Judges = Callable[[Labelled, int], Round]
"""The claims of an answer, each with whether its sources support it (None: the judge gave no verdict); and a score of
the whole, where there is one. The number counts the rounds of repeated asking."""

HALF = 0.5
PATIENCE = 3600.0  # seconds that judging one answer may take


def calibrate(
    path: Path, name: Kind, settings: Settings, *, kind: Labels | None = None, split: str | None = None,
    repeats: int = 1, limit: int | None = None, jobs: int = 1, replies: Path | None = None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> dict[str, Any]:  # fmt: skip
    """A judge's agreement with the people of one labelled set: on answers, on statements where people marked spans,
    and on canaries, whose labels nobody doubts. Answers and statements without a verdict are counted as unmeasured.

    `replies` keeps what the judge `llm` says, so that a calibration broken off goes on; `jobs` answers are judged at a
    time. Raises UsageError for a judge that needs a model without one, ModelError where the model does not reply.
    """
    items = [one for one in read_labelled(path, kind) if split in (None, one.split)][:limit]
    if not items:
        raise UsageError(f"{path} has no item of that split")
    about = judge_of(name, settings)
    watched = _watched(items)
    with ExitStack() as stack:
        judge = _judges(about, settings, replies, stack)
        turns = {item.id: repeats for item in items}  # a canary is asked once: its label is known
        found = _rounds([*items, *watched], judge, turns, jobs, progress)
    answers: list[Vote] = []
    statements: list[Vote] = []
    lost = {"answers": 0, "statements": 0}
    for item in items:
        rounds = found[item.id]
        if rounds[0][0]:
            vote = _answer(item, rounds)
            answers += [vote] if vote else []
            lost["answers"] += vote is None
            voted = list(_statements(item, rounds))
            statements += [one for one in voted if one is not None]
            lost["statements"] += voted.count(None)
    said = [(item.supported, _label(found[item.id][0])) for item in watched if found[item.id][0][0]]
    return {
        "judge": name,
        "model": about.model,
        "fingerprint": about.fingerprint,
        "data": {
            "file": path.name,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "split": _part(split, limit),
        },
        "repeats": repeats,
        "unmeasured": lost,
        "answers": agreement(answers),
        "statements": agreement(statements) if statements else None,
        "canaries": canaries.counted(said),
    }


def _part(split: str | None, limit: int | None) -> str:
    return (split or "all") + (f", first {limit}" if limit else "")


def _rounds(
    items: Sequence[Labelled], judge: Judges, turns: Mapping[str, int], jobs: int, progress: Callable[[int, int], None]
) -> dict[str, list[Round]]:
    """What the judge says of each item, by its id, in every round; `turns` are how many, where it is not one."""
    found: dict[str, list[Round]] = {}
    outcomes = ask_all(
        items,
        lambda item: [judge(item, turn) for turn in range(turns.get(item.id, 1))],
        jobs=jobs,
        timeout=PATIENCE,
        retries=0,
        again=lambda _error: False,
    )
    for number, (item, outcome) in enumerate(outcomes, 1):
        if outcome.value is None:
            raise outcome.error or AssertionError("an outcome is a value or an error")
        found[item.id] = outcome.value
        progress(number, len(items))
    return found


def _judges(about: Judge, settings: Settings, replies: Path | None, stack: ExitStack) -> Judges:
    if about.kind == "gate":
        return _gate(None)
    if about.kind == "second_opinion":
        return _gate(SecondOpinion(language_model(settings)))
    if about.kind == "llm":
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="onrecord-judge-")))
        kept = Replies(replies or folder / "replies.jsonl")
        stack.callback(kept.close)
        return _model(about, Asking(language_model(settings), kept, about.fingerprint), settings.llm_context)
    if about.kind == "overlap":
        return _overlap
    return lambda item, _turn: ([(span, about.kind == "always", None) for _, span in _claims(item.answer)], None)


def _model(about: Judge, asking: Asking, context: int) -> Judges:
    """The same judge as a run's: claims, and a verdict on each."""

    def judge(item: Labelled, turn: int) -> Round:
        claims = ClaimJudge(about, lambda system, user: asking(system, user, turn), context)
        found: list[Judged] = []
        for text, span in _claims(item.answer):
            held, problem = claims.holds(item.answer, text, item.sources)
            if problem.startswith(NO_REPLY):
                raise ModelError(f"the judge does not reply ({problem.removeprefix(NO_REPLY)}); run this again later")
            found.append((span, held, None))
        return found, None

    return judge


def _watched(items: Sequence[Labelled]) -> list[Labelled]:
    return [
        Labelled(f"canary-{number}", f"canary-{number}", "canary", one.sources, one.text, one.held)
        for number, one in enumerate(canaries.canaries(item.sources for item in items))
    ]


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
    lost = found["unmeasured"]
    if any(lost.values()):
        lines.append(f"unmeasured, without a verdict: {lost['answers']} answers, {lost['statements']} statements")
    lines.append(f"canaries: {canaries.told(found['canaries']) or 'none: the answers have too few sources'}")
    return "\n".join(lines)


def diagram_page(found: dict[str, Any]) -> str:
    """The reliability of its scores as a page: the mean score of each part against how often people agree."""
    points = [(one["score"], one["held"]) for one in found["answers"]["reliability"]]
    title = f"Reliability of the judge {found['judge']} on {found['data']['file']}"
    return plots.page(title, plots.curve(points, title, "score", "share that holds"))


def _gate(opinion: SecondOpinion | None) -> Judges:
    """Our gate; with an opinion, the model's view of what the gate finds for each claim."""
    kept: dict[tuple[str, ...], Checker] = {}

    def judge(item: Labelled, _turn: int) -> Round:
        checker = kept.get(item.sources)
        if checker is None:
            kept.clear()
            checker = kept[item.sources] = Checker([source_of(text, "source") for text in item.sources])
        checked = checker.check(item.answer)
        found: list[Judged] = []
        for one in checked.statements:
            if one.support == "not_a_claim":
                continue
            label: bool | None = one.support == "supported"
            score = one.score
            if opinion is not None:
                view = opinion.view(one.text, [citation.quote for citation in one.citations])
                label, score = None if view is None else view == "supported", None
            found.append((one.span, label, score))
        return found, None if opinion is not None else checked.score

    return judge


def _overlap(item: Labelled, _turn: int) -> Round:
    sources = " ".join(item.sources)
    shares = [(span, overlap(text, sources)) for text, span in _claims(item.answer)]
    return [(span, share >= HALF, share) for span, share in shares], overlap(item.answer, sources)


def _claims(answer: str) -> Iterator[tuple[str, Span]]:
    return ((text, span) for text, span, _ in statements_of(answer) if is_claim(text))


def _answer(item: Labelled, rounds: Sequence[Round]) -> Vote | None:
    """An answer holds where its score says so; where there is none, where all its claims do. None without a verdict."""
    labels = [_label(one) for one in rounds]
    known = tuple(label for label in labels if label is not None)
    return Vote(item.group, item.supported, known, rounds[0][1]) if len(known) == len(labels) else None


def _label(said: Round) -> bool | None:
    claims, score = said
    return _all(claims) if score is None else score >= HALF


def _all(claims: Sequence[Judged]) -> bool | None:
    labels = [label for _, label, _ in claims]
    return False if False in labels else None if None in labels else True


def _statements(item: Labelled, rounds: Sequence[Round]) -> Iterator[Vote | None]:
    """Each claim, where people marked what is not supported; None for one without a verdict."""
    if item.spans is None:
        return
    for at, (span, _, score) in enumerate(rounds[0][0]):
        held = not any(start < span.end and end > span.start for start, end in item.spans)
        labels = [claims[at][1] for claims, _ in rounds if at < len(claims)]
        known = tuple(label for label in labels if label is not None)
        yield Vote(item.group, held, known, score) if len(known) == len(labels) else None
