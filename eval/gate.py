"""A release gate: conditions on a run, decided on the bounds of intervals and never on points.

Where there are too few clusters for an interval, the condition must hold with each cluster left out in turn; with a
single cluster, or nothing measured, it does not hold. A number that a judge made is corrected for the judge's errors
where these are known, and its bound is that of the widened interval.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from eval.compare import Both, Corrected, correction, difference
from eval.journal import read_config, read_records
from eval.judges.calibrations import UNLIKE, Judged
from eval.judges.correction import Shares, corrected, corrected_difference, fitting
from eval.metrics import BY_NAME, Scores
from eval.paired import Paired
from eval.stats import leave_one_out
from indexing.errors import UsageError

LEAST = re.compile(r"\s*(\w+)\s*(>=|<=)\s*(-?[\d.]+)\s*")
NO_WORSE = re.compile(r"\s*(\w+)\s*@\s*([\d.]+)\s*")
BOUND, LEFT_OUT = "95 % bound", "too few clusters; the worst with one of them left out"
CHANCE = "hardly better than chance, so that nothing can be decided by it"
FEW_SOURCES = "calibrated on too few sources for an interval, so that nothing can be decided by it"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One condition, whether it holds, and why in words."""

    condition: str
    holds: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Least:
    """`metric >= bound`, or `<=`."""

    metric: str
    sign: str
    bound: float

    @classmethod
    def read(cls, text: str) -> Least:
        match = LEAST.fullmatch(text)
        if match is None:
            raise UsageError(f'--min takes a metric and a bound, like "citation_precision>=0.95", not {text!r}')
        return cls(_known(match[1]), match[2], _number(match[3], text))

    def decide(self, scores: Scores, judged: Judged) -> Verdict:
        metric = scores.columns[self.metric].metric(scores.clusters)
        words = f"{self.metric} {self.sign} {self.bound:g}"
        if metric.value is None:
            return Verdict(words, False, f"nothing was measured ({metric.unmeasured} items unmeasured)")
        up = self.sign == ">="
        value, edge, how = metric.value, (metric.low if up else metric.high), BOUND
        if edge is None:
            edge, how = _left_out(scores, self.metric, up), LEFT_OUT
        note = judged.note(self.metric)
        if judged.is_unmasked(self.metric):
            return Verdict(words, False, f"{value:.3f} {note}: nothing can be decided by it")
        if edge is not None and (errors := judged.errors(self.metric)) is not None:
            whole = corrected(metric.as_json(), errors)
            there = {"value": edge, "low": edge, "high": edge, "n": metric.n}
            bounds = whole if how == BOUND else corrected(there, fitting(errors, value))
            edge, note = (bounds.low if up else bounds.high), f"{note} ({value:.3f} as judged)"
            if whole.value is None or edge is None:
                return Verdict(words, False, f"{note}: {CHANCE if whole.value is None else FEW_SOURCES}")
            value = whole.value
            note += "" if whole.fits else f", {UNLIKE}"
        if edge is None:
            return Verdict(words, False, f"{value:.3f} from a single cluster: it cannot be decided")
        holds = edge >= self.bound if up else edge <= self.bound
        told = f"{value:.3f}, {how} {edge:.3f} (n {metric.n}, {metric.clusters} clusters)"
        return Verdict(words, holds, f"{told}; {note}" if note else told)


@dataclass(frozen=True, slots=True)
class NoWorse:
    """Not worse than the baseline by more than `margin`, on the items of both."""

    metric: str
    margin: float

    @classmethod
    def read(cls, text: str) -> NoWorse:
        match = NO_WORSE.fullmatch(text)
        if match is None:
            raise UsageError(f"--no-worse takes a metric and a margin, like faithfulness@0.02, not {text!r}")
        return cls(_known(match[1]), _number(match[2], text))

    def decide(self, both: Both) -> Verdict:
        words = f"{self.metric} no worse than the baseline by more than {self.margin:g}"
        found, _ = difference(both, self.metric)
        if found is None:
            return Verdict(words, False, "one of the two runs measured nothing")
        fixed = correction(both, self.metric, found)
        if any(judged.is_unmasked(self.metric) for judged in both.judged):
            return Verdict(words, False, f"{fixed.note}: nothing can be decided by it")
        first, second, note = found.first, found.second, fixed.note
        if fixed.errors is not None:
            note += f" ({first:.3f} to {second:.3f} as judged)"
            if fixed.found is None:
                return Verdict(words, False, f"{note}: it cannot be decided")
            first, second = fixed.found.first, fixed.found.second
        edge, how = self._edge(both, found, fixed)
        told = f"{first:.3f} to {second:.3f}"
        if edge is None:
            return Verdict(words, False, f"{told}{'; ' * bool(note)}{note}: {how}")
        told += f", {how} {edge:+.3f} (n {found.items}, {found.clusters} clusters)"
        return Verdict(words, edge >= -self.margin, f"{told}; {note}" if note else told)

    def _edge(self, both: Both, found: Paired, fixed: Corrected) -> tuple[float | None, str]:
        """The change at its worst, turned so that less is worse, and what it is; without one, why there is none."""
        up = BY_NAME[self.metric].better != "lower"
        sign = 1 if up else -1
        if found.interval is not None:
            bounds = found.interval if fixed.found is None else fixed.found.difference
            edge = bounds.low if up else bounds.high
            return (None, FEW_SOURCES) if edge is None else (sign * edge, BOUND)
        if found.difference == 0 and found.p == 1.0 and fixed.same:
            return 0.0, "the same in every cluster"
        before, after = (leave_one_out(*sums) for sums in both.sums(self.metric)[:2])
        if found.clusters < 2 or not np.isfinite(after - before).all():
            return None, "a single cluster, it cannot be decided"
        worst = int((sign * (after - before)).argmin())
        if fixed.errors is None:
            return float(sign * (after - before)[worst]), LEFT_OUT
        shares = Shares(float(before[worst]), float(after[worst]))
        there = corrected_difference(shares, *fixed.errors, same=fixed.same)
        edge = None if there is None else there.difference.low if up else there.difference.high
        return (None, FEW_SOURCES) if edge is None else (sign * edge, LEFT_OUT)


def _left_out(scores: Scores, name: str, up: bool) -> float | None:
    _, totals, counts = scores.columns[name].sums(scores.clusters)
    values = leave_one_out(totals, counts)
    if len(values) < 2 or not np.isfinite(values).all():
        return None
    return float(values.min() if up else values.max())


def _known(name: str) -> str:
    if name not in BY_NAME:
        raise UsageError(f"there is no metric {name!r}; `python -m eval metrics --definitions` lists them")
    return name


def _number(text: str, whole: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"{text!r} in {whole!r} is not a number") from None


def decide(
    run: Path,
    least: Sequence[Least],
    no_worse: Sequence[NoWorse],
    baseline: Path | None = None,
    calibration: Path | None = None,
) -> list[Verdict]:
    """The verdict of each condition, in order; UsageError where there are none, or a baseline is missing. Judges are
    known by the calibration given, or by those kept."""
    if not least and not no_worse:
        raise UsageError("give at least one condition: --min or --no-worse")
    if no_worse and baseline is None:
        raise UsageError("--no-worse compares with a run: give --baseline DIR")
    scores = Scores(read_records(run)) if least else Scores()
    judged = Judged.of(scores.judges(read_config(run)), run, calibration)
    verdicts = [condition.decide(scores, judged) for condition in least]
    if baseline is not None and no_worse:
        both = Both.read(baseline, run, calibration)
        verdicts += [condition.decide(both) for condition in no_worse]
    return verdicts


def junit(verdicts: Sequence[Verdict]) -> str:
    """A test suite with a case for each condition, as JUnit XML."""
    failed = sum(not verdict.holds for verdict in verdicts)
    suite = ElementTree.Element(
        "testsuite", name="onrecord eval gate", tests=str(len(verdicts)), failures=str(failed), errors="0"
    )
    for verdict in verdicts:
        case = ElementTree.SubElement(suite, "testcase", classname="gate", name=verdict.condition)
        if verdict.holds:
            ElementTree.SubElement(case, "system-out").text = verdict.reason
        else:
            ElementTree.SubElement(case, "failure", message=verdict.reason)
    ElementTree.indent(suite)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(suite, encoding="unicode") + "\n"
