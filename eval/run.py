"""Run a suite against a target: what was asked before is not asked again, every record goes to disk at once."""

from __future__ import annotations

import datetime
import sys
import tempfile
import time
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from app.assistant import Assistant, build
from app.indexer import run_index
from app.settings import Settings, load_settings
from eval.benchmarks.machine import machine, quantiles
from eval.cache import Cache
from eval.configuration import Configuration
from eval.estimate import Prices
from eval.journal import CONFIG, METRICS, TIMINGS, Journal, read_config, read_records, write_json
from eval.judges.calibrations import CANARIES, Judged, carry
from eval.judges.gate_judge import judge
from eval.judges.opinions import REPLIES, Judging, judge_records
from eval.metrics import Scores
from eval.pool import Outcome, ask_all
from eval.progress import Progress
from eval.records import Output
from eval.reference import Reference
from eval.report import write_report
from eval.suite import Item, Suite, complaints, load_suite
from eval.targets.ours import may_pass
from eval.targets.prose import completed
from eval.targets.target import OURS, Target, TargetError, open_target
from indexing.collection import CATALOGUE
from indexing.errors import OnrecordError, UsageError


@dataclass(frozen=True, slots=True)
class Options:
    """How to run. `documents`, or else the items' own document sets, or else `default`, are indexed before."""

    target: str = OURS
    key: str = field(default="", repr=False)  # a token that an HTTP target wants
    answers: Path | None = None  # recorded ones, in the place of a target
    documents: Path | None = None
    default: Path | None = None
    split: str | None = None
    gate: bool = True  # whether statements are judged
    history: bool = True  # whether follow-ups come with what was said before
    fresh: bool = False  # whether what was asked before is asked again
    jobs: int = 1
    timeout: float = 300.0
    retries: int = 1
    cache: Path | None = None
    prices: Prices = field(default_factory=Prices)
    report: bool = True
    judging: Judging | None = None  # a language model that judges the answers, too


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run: where its files lie, and its scores."""

    folder: Path
    scores: Scores
    numbers: dict[str, Any]
    errors: Mapping[str, int]  # what items failed of, each with how many
    unjudged: int = 0  # answers on which the judging model did not reply to all

    @property
    def items(self) -> int:
        return len(self.scores.ids)

    @property
    def failed(self) -> int:
        return sum(self.errors.values())

    def metrics(self) -> dict[str, Any]:
        """The object in metrics.json."""
        return self.numbers


def recompute(folder: Path, calibration: Path | None = None) -> dict[str, Any]:
    """The metrics of a run from its records alone; metrics.json is written anew with the configuration it has, and
    with what is known of its judges: the calibration given, or those kept."""
    metrics = _numbers(Scores(read_records(folder)), read_config(folder), folder, calibration)
    write_json(folder / METRICS, metrics)
    return metrics


def _numbers(
    scores: Scores, config: Mapping[str, Any], folder: Path, calibration: Path | None = None
) -> dict[str, Any]:
    return carry(scores.as_json(config), Judged.of(scores.judges(config), folder, calibration))


def run_suite(path: Path, *, flags: dict[str, Any], out: Path | None = None, options: Options | None = None) -> Run:
    """Ask every item of a suite. Documents are indexed into the home among `flags`, or into a temporary one; with a
    home and no `documents` it is taken as it is.

    A folder `out` with records of the same configuration is gone on with: only what has no answer yet is asked. An
    item that fails leaves a record that says why. Raises OnrecordError before anything is asked when the suite, its
    evidence, the target or the collection cannot be used.
    """
    options = options or Options()
    suite = load_suite(path)
    suite.part(options.split)
    with ExitStack() as stack:
        settings = load_settings(flags)
        now = datetime.datetime.now().astimezone()
        folder = out or settings.home / "runs" / f"{suite.name}-{now:%Y%m%d-%H%M%S}"
        settings, assistant = _assistant(suite, settings, flags, options, stack)
        collection = assistant.collection if assistant else None
        target = open_target(options.target, settings, assistant, options.answers, options.key, stack)
        items = suite.part(options.split)
        reference = Reference.of(collection, items)
        configuration = Configuration.of(suite, options, target.describe(), settings, collection)
        return _Runner(target, reference, configuration, options).run(items, folder)


def _assistant(
    suite: Suite, settings: Settings, flags: Mapping[str, Any], options: Options, stack: ExitStack
) -> tuple[Settings, Assistant | None]:
    """The assistant over the collection that answers are held against; None where no documents are at hand."""
    named: list[Path | None] = [*suite.documents()] or [options.default]
    sets = [path for path in named if path]
    if options.documents is not None or "home" in flags:
        sets = [options.documents] if options.documents else []
    if sets:
        if "home" not in flags:
            temporary = stack.enter_context(tempfile.TemporaryDirectory(prefix="onrecord-eval-"))
            settings = settings.model_copy(update={"home": Path(temporary)})
        report = run_index(settings, sets)
        if report["skipped"] or report["failed"]:
            where = ", ".join(map(str, sets))
            print(
                f"notice: {report['skipped']} files skipped and {report['failed']} failed in {where}", file=sys.stderr
            )
    ours = options.target == OURS and options.answers is None
    if not sets and "home" not in flags:
        if not ours:
            return settings, None
        if not (settings.home / CATALOGUE).is_file():
            raise UsageError(
                f"{suite.name} names no documents, and there is no index in {settings.home}: give --documents PATH or "
                "--home DIR"
            )
    assistant = build(settings if ours else settings.model_copy(update={"llm": ""}))
    stack.enter_context(assistant.collection)
    return settings, assistant


class _Runner:
    """One run on its way."""

    def __init__(self, target: Target, reference: Reference, configuration: Configuration, options: Options) -> None:
        self._target, self._reference, self._options = target, reference, options
        self._configuration = configuration
        self._cache = Cache(options.cache, configuration) if options.cache else None
        self._overhead = array("d")

    def run(self, items: Sequence[Item], folder: Path) -> Run:
        began = time.perf_counter()
        try:
            self._claim(folder)
            fresh, ids = self._options.fresh, lambda: (item.id for item in items)
            journal = Journal(folder, self._configuration.fingerprint, ids, fresh=fresh)
            try:
                kept = journal.count()
                self._ask(items, journal, Progress(len(items), kept))
            finally:
                journal.close()
            journal.settle()
            unjudged = judge_records(folder, self._options.judging) if self._options.judging else 0
            scores, times, errors = _scored(folder)
            run = Run(folder, scores, _numbers(scores, self._config(), folder), errors, unjudged)
            write_json(folder / METRICS, run.metrics())
            asked = {"asked": len(items) - kept, "kept": kept}
            seconds = round(time.perf_counter() - began, 3)
            overhead = {"overhead_ms": quantiles(self._overhead)} if self._overhead else {}
            write_json(folder / TIMINGS, {**_timings(times), "seconds": seconds, **asked, **overhead})
            if self._options.report:
                write_report(folder)
        except OSError as error:
            raise OnrecordError(f"{folder} cannot be written ({error.strerror}); choose another --out") from error
        return run

    def _config(self) -> dict[str, Any]:
        return {**self._configuration.values, "fingerprint": self._configuration.fingerprint}

    def _claim(self, folder: Path) -> None:
        """Make the folder this run's; refused where it holds records of another configuration."""
        before = read_config(folder)
        there = before.get("fingerprint", "")
        if not self._options.fresh and there not in ("", self._configuration.fingerprint):
            differs = ", ".join(self._configuration.differences(before)) or "the configuration"
            raise OnrecordError(
                f"{folder} holds the records of another configuration ({differs}); choose another --out, or say --fresh"
            )
        folder.mkdir(parents=True, exist_ok=True)
        for name in (METRICS, TIMINGS, *([REPLIES, CANARIES] if self._options.fresh else [])):
            (folder / name).unlink(missing_ok=True)  # they would not belong to these records
        write_json(folder / CONFIG, self._config())

    def _ask(self, items: Sequence[Item], journal: Journal, progress: Progress) -> None:
        outcomes = ask_all(
            self._pending(items, journal),
            self._answer,
            jobs=self._options.jobs,
            timeout=self._options.timeout,
            retries=self._options.retries,
            again=may_pass,
        )
        with progress:
            for (number, item), outcome in outcomes:
                began = time.perf_counter()
                record = self._record(item, outcome)
                journal.write(number, record)
                progress.step(failed=record["output"] is None, cost=record["cost"])
                self._overhead.append((time.perf_counter() - began) * 1000)

    def _pending(self, items: Sequence[Item], journal: Journal) -> Iterator[tuple[int, Item]]:
        """The items that have no answer yet, each with its number."""
        for number, item in enumerate(items):
            if not journal.has(number):
                yield number, item

    def _answer(self, numbered: tuple[int, Item]) -> dict[str, Any]:
        item = numbered[1]
        if not self._options.history:  # it is asked without; what it is stays in its record
            item = item.model_copy(update={"history": ()})
        if self._cache and (kept := self._cache.get(item)):
            return kept
        answer = self._target.ask(item)
        try:
            Output.model_validate(answer)
        except ValidationError as error:
            raise TargetError(f"not an answer: {complaints(error)}") from None
        if self._cache:
            self._cache.put(item, answer)
        return answer

    def _record(self, item: Item, outcome: Outcome[dict[str, Any]]) -> dict[str, Any]:
        """The record of one item, as it is written; times come last and are all in `timings_ms`."""
        values = self._configuration.values
        error = outcome.error
        timings = {"total": round(outcome.seconds * 1000, 2)}
        output: dict[str, Any] | None = None
        judged, valid, cost = None, [], None
        if outcome.value is not None:
            output = completed(outcome.value)
            timings |= output.pop("timings_ms", None) or {}
            read = Output.model_validate(output)
            valid = self._reference.valid(read)
            cost = self._options.prices.of({key: value for key, value in read.usage.items() if value is not None})
            if self._options.gate:
                judged = [one.model_dump(mode="json") for one in judge(read, self._reference.find)]
        return {
            **item.model_dump(mode="json"),
            "cluster": item.group,
            **self._reference.gold(item),
            "collection_passages": self._reference.passages,
            "output": output,
            "citations_valid": valid,
            "judged": judged,
            "attempts": outcome.attempts,
            "cost": cost,
            "error": "" if error is None else f"{type(error).__name__}: {error}",
            "config": self._configuration.fingerprint,
            "model": values["settings"]["llm"],
            "prompts": values["prompts"],
            "versions": values["versions"],
            "timings_ms": timings,
        }


@dataclass(slots=True)
class _Times:
    """Milliseconds of every item by stage, and the first item's, which also pays for what is loaded on first use."""

    first: float | None = None
    stages: dict[str, array[float]] = field(default_factory=dict)

    def add(self, timings: Mapping[str, float]) -> None:
        if self.first is None:
            self.first = timings["total"]
        for stage, milliseconds in timings.items():
            self.stages.setdefault(stage, array("d")).append(milliseconds)


def _scored(folder: Path) -> tuple[Scores, _Times, Mapping[str, int]]:
    """Scores, times and what items failed of, a record at a time."""
    scores, times, errors = Scores(), _Times(), Counter[str]()
    for record in read_records(folder):
        scores.add(record)
        times.add(record.timings_ms)
        if record.output is None:
            errors[record.error] += 1
    return scores, times, errors


def _timings(times: _Times) -> dict[str, Any]:
    """What timings.json says of times; each stage's are from the question on."""
    return {
        "machine": machine(),
        "finished_at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "first_item_ms": times.first,
        "ms": {stage: quantiles(times.stages[stage]) for stage in sorted(times.stages)},
    }
