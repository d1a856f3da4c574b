"""A language model's opinion on every answer of a run: asked for by a few threads, kept, and written into the records.

A kill loses no reply: the same command goes on, and asks only what was not replied to.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.language_models.llm import LanguageModel, language_model
from app.settings import Settings
from eval.estimate import Prices
from eval.journal import read_records, rewrite, write_json
from eval.judges import canaries
from eval.judges.calibrations import CANARIES
from eval.judges.claims import NO_REPLY, ClaimJudge
from eval.judges.identity import Judge, judge_of
from eval.judges.replies import Asking, Replies
from eval.pool import ask_all
from eval.progress import Progress
from eval.records import Opinion, Record
from indexing.errors import ModelError

REPLIES = "judge.jsonl"
PATIENCE = 3600.0  # seconds that judging one answer may take
DEAD = 5  # answers in a row without a single reply: the endpoint is not there


@dataclass(frozen=True, slots=True)
class Judging:
    """Which model judges (`settings.llm`), how many answers at a time, and where its replies are kept: without
    `replies` in the run's own folder."""

    settings: Settings
    jobs: int = 4
    prices: Prices = field(default_factory=Prices)
    replies: Path | None = None


def judge_records(folder: Path, judging: Judging) -> int:
    """Write an opinion into every record of a run that has an answer; returns how many answers got no reply to some
    of what was asked, which the same call then asks again.

    Raises ModelError when the endpoint does not reply at all; what it replied before is kept.
    """
    judge = judge_of("llm", judging.settings)
    replies = Replies(judging.replies or folder / REPLIES)
    try:
        _ask(folder, judge, judging, language_model(judging.settings), replies)
        known = _claim_judge(judge, judging, None, replies)
        _watch(folder, judge, judging, replies)
        failed = 0

        def change(line: dict[str, Any]) -> None:
            nonlocal failed
            record = Record.read(line)
            if record.output is None or record.refused:
                line["opinion"] = None
            elif not _is_whole(record.opinion, judge):
                opinion = known.opinion(record.question, record.output)
                line["opinion"] = opinion.model_dump(mode="json")
                failed += not _is_whole(opinion, judge)

        rewrite(folder, change)
    finally:
        replies.close()
    return failed


def _ask(folder: Path, judge: Judge, judging: Judging, model: LanguageModel, replies: Replies) -> None:
    """Ask everything once, so that all replies are kept."""
    asking = _claim_judge(judge, judging, model, replies)
    number = sum(1 for _ in _unjudged(folder, judge))
    if not number:
        return
    print(f"{judge.name} judges {number} answers", file=sys.stderr)
    silent = 0
    outcomes = ask_all(
        _unjudged(folder, judge),
        lambda record: asking.opinion(record.question, record.output) if record.output else None,
        jobs=judging.jobs,
        timeout=PATIENCE,
        retries=0,
        again=lambda _error: False,
    )
    with Progress(number, 0, "answers") as progress:
        for _, outcome in outcomes:
            if outcome.error is not None and not isinstance(outcome.error, TimeoutError):
                raise outcome.error
            opinion = outcome.value
            whole = opinion is not None and _is_whole(opinion, judge)
            progress.step(failed=not whole, cost=opinion.cost if opinion else None)
            silent = 0 if opinion is not None and (whole or opinion.calls) else silent + 1
            if silent >= DEAD and opinion is not None:
                why = opinion.problems[-1].removeprefix(NO_REPLY)
                raise ModelError(f"the judge does not reply ({why}); what it said so far is kept, run this again later")


def _watch(folder: Path, judge: Judge, judging: Judging, replies: Replies) -> None:
    """Hold statements whose label is known against passages of the run, and keep what the judge says of them: whoever
    always says the same is seen without any answer that people judged. Those without a reply are left out."""
    asking = _claim_judge(judge, judging, language_model(judging.settings), replies)
    outcomes = ask_all(
        canaries.canaries(_passages(folder), canaries.IN_RUN),
        lambda one: asking.holds(one.text, one.text, one.sources),
        jobs=judging.jobs,
        timeout=PATIENCE,
        retries=0,
        again=lambda _error: False,
    )
    said = [
        (one.held, outcome.value[0])
        for one, outcome in outcomes
        if outcome.value is not None and not outcome.value[1].startswith(NO_REPLY)
    ]
    found = canaries.counted(said)
    write_json(folder / CANARIES, {"judge": judge.fingerprint, **found})
    if canaries.failed(found):
        print(f"notice: {judge.name} {canaries.told(found)}", file=sys.stderr)


def _passages(folder: Path) -> list[tuple[str, ...]]:
    """The best passage of each answer, one a document where there are several documents."""
    best = {
        record.output.retrieved[0].text: record.output.retrieved[0].file
        for record in read_records(folder)
        if record.output is not None and not record.refused and record.output.retrieved
    }
    one_each = {file: text for text, file in reversed(best.items())}
    texts = reversed(one_each.values()) if len(one_each) > 1 else best
    return [(text,) for text in texts]


def _claim_judge(judge: Judge, judging: Judging, model: LanguageModel | None, replies: Replies) -> ClaimJudge:
    asking = Asking(model, replies, judge.fingerprint)
    return ClaimJudge(judge, asking, judging.settings.llm_context, judging.prices)


def _unjudged(folder: Path, judge: Judge) -> Iterator[Record]:
    for record in read_records(folder):
        if record.output is not None and not record.refused and not _is_whole(record.opinion, judge):
            yield record


def _is_whole(opinion: Opinion | None, judge: Judge) -> bool:
    """Whether this judge replied to all that it was asked, however well."""
    if opinion is None or opinion.judge != judge.fingerprint:
        return False
    return not any(problem.startswith(NO_REPLY) for problem in opinion.problems)
