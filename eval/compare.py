"""Two runs beside each other: every metric's difference on the items of both, and the items that flipped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from eval.journal import read_config, read_records
from eval.judges.calibrations import Judged
from eval.judges.correction import Difference, Shares, corrected_difference, fitting_both
from eval.metrics import BY_NAME, DIGITS, Column, Scores
from eval.paired import McNemar, Paired, Sums, holm, mcnemar, paired
from eval.records import Record
from eval.stats import standard_error
from indexing.errors import OnrecordError

HEADLINE = """recall_at_5 mrr_at_10 ndcg_at_10 citation_precision citation_recall citation_validity faithfulness
answer_f1 contains_gold evidence_shown answered refusal_f1 near_miss_refused premise_corrected""".split()
# What an item is right by: the first of these that applies to it.
Values = Mapping[int, tuple[float, float]]
DECISIVE = ("premise_corrected", "refusal_recall", "contains_gold", "evidence_shown", "answered")


@dataclass(frozen=True, slots=True)
class Both:
    """Two runs, and the items of both with their numbers in each."""

    folders: tuple[Path, Path]
    scores: tuple[Scores, Scores]
    judged: tuple[Judged, Judged]
    common: tuple[tuple[int, int], ...]

    @classmethod
    def read(cls, first: Path, second: Path, calibration: Path | None = None) -> Both:
        """With the calibration given, or those kept of their judges. OnrecordError where there is nothing to pair."""
        scores = Scores(read_records(first)), Scores(read_records(second))
        places = {item: number for number, item in enumerate(scores[1].ids)}
        common = tuple((number, places[item]) for number, item in enumerate(scores[0].ids) if item in places)
        if not common:
            raise OnrecordError(f"{first} and {second} have no item in common; compare runs of one suite")
        judges = [one.judges(read_config(folder)) for one, folder in zip(scores, (first, second), strict=True)]
        judged = Judged.of(judges[0], first, calibration), Judged.of(judges[1], second, calibration)
        return cls((first, second), scores, judged, common)

    def asks_otherwise(self, one: int, other: int) -> bool:
        """Whether an item asks or expects something else in the second run."""
        return self.scores[0].asked[one] != self.scores[1].asked[other]

    def columns(self, name: str) -> tuple[Column, Column]:
        return self.scores[0].columns[name], self.scores[1].columns[name]

    def values(self, name: str) -> list[tuple[int, tuple[float, float], tuple[float, float]]]:
        """For each pair of items that both runs measured (a refusal may be no part of it): `(number, parts)`."""
        first, second = self.columns(name)
        before, after = first.values(), second.values()
        lost = first.missing(), second.missing()
        return [
            (one, before.get(one, (0.0, 0.0)), after.get(other, (0.0, 0.0)))
            for one, other in self.common
            if one not in lost[0] and other not in lost[1] and (one in before or other in after)
        ]

    def sums(self, name: str) -> tuple[Sums, Sums, int]:
        """Totals and counts of both runs by cluster, in the order of the clusters' names, and the number of items."""
        values = self.values(name)
        clusters = sorted({self.scores[0].clusters[number] for number, _, _ in values})
        rows = {cluster: row for row, cluster in enumerate(clusters)}
        table = np.zeros((4, len(clusters)))
        for number, before, after in values:
            table[:, rows[self.scores[0].clusters[number]]] += (*before, *after)
        return (table[0], table[1]), (table[2], table[3]), len(values)


def compare(first: Path, second: Path, names: Sequence[str] = (), calibration: Path | None = None) -> dict[str, Any]:
    """What `compare --json` prints; differences are the second run's value less the first one's. What a judge made is
    corrected for its errors where these are known."""
    both = Both.read(first, second, calibration)
    chosen = list(names) or [name for name in HEADLINE if both.values(name)]
    tests = {name: difference(both, name) for name in chosen}
    fixed = {name: correction(both, name, tests[name][0]) for name in chosen}
    p_values = {name: p for name in chosen if (p := _p(*tests[name], fixed[name].found)) is not None}
    adjusted = holm(p_values)
    ids = [set(scores.ids) for scores in both.scores]
    return {
        "items": len(both.common),
        "only_in_first": len(ids[0] - ids[1]),
        "only_in_second": len(ids[1] - ids[0]),
        "changed": [both.scores[0].ids[one] for one, other in both.common if both.asks_otherwise(one, other)],
        "configuration": _differences(read_config(first), read_config(second)),
        "metrics": {name: _as_json(*tests[name], fixed[name], adjusted.get(name)) for name in chosen},
        "flipped": list(_flipped(both, chosen)),
    }


def difference(both: Both, name: str) -> tuple[Paired | None, McNemar | None]:
    """The difference of a metric, and the exact test where its items are right or wrong."""
    before, after, items = both.sums(name)
    found = paired(before, after, items, BY_NAME[name].share)
    pairs = [(one[0], other[0]) for _, one, other in both.values(name) if one[1] == other[1] == 1.0]
    return found, mcnemar(pairs) if len(pairs) == items else None


@dataclass(frozen=True, slots=True)
class Corrected:
    """A difference without the errors of who judged it: None where these are not known, and where they leave nothing to
    tell; `note` says in words how it was judged, nothing where nobody did."""

    found: Difference | None
    note: str
    same: bool = True  # whether one judge judged both runs
    errors: tuple[Mapping[str, Any], Mapping[str, Any]] | None = None  # of the judge of either run, where known


def correction(both: Both, name: str, found: Paired | None) -> Corrected:
    """What a judged difference is without the judge's errors."""
    judges = both.judged[0].judge(name), both.judged[1].judge(name)
    if found is None or judges[0] is None or judges[1] is None:
        return Corrected(None, "")
    same = judges[0].fingerprint == judges[1].fingerprint != ""
    one, other = both.judged[0].errors(name), both.judged[1].errors(name)
    if one is None or other is None:
        unmasked = [judged for judged in both.judged if judged.is_unmasked(name)]
        note = (unmasked[0] if unmasked else both.judged[one is not None]).note(name)
        return Corrected(None, note if same else f"{note}; TWO JUDGES, part of the difference may be theirs", same)
    shares = _shares(both, name, found)
    fixed = corrected_difference(shares, one, other, same=same)
    who = judges[1].name + ("" if same else " (two versions)" if judges[0].name == judges[1].name else " and another")
    told = f"corrected for the errors of {who}" if fixed else f"as judged by {who}, hardly better than chance"
    return Corrected(fixed, told, same, fitting_both(shares, one, other, same=same))


def _shares(both: Both, name: str, found: Paired) -> Shares:
    if found.interval is None:
        return Shares(found.first, found.second, None)
    half = max(found.interval.high - found.difference, found.difference - found.interval.low)  # at its wider side
    before, after, _ = both.sums(name)
    return Shares(found.first, found.second, half, _error(before), _error(after))


def _error(sums: Sums) -> float:
    total, count = sums
    return standard_error(total[count > 0], count[count > 0])


def _p(found: Paired | None, exact: McNemar | None, fixed: Difference | None) -> float | None:
    """By clusters; with too few of them by items, where these are right or wrong."""
    if found is None:
        return None
    if fixed is not None and fixed.p is not None:
        return fixed.p
    return found.p if found.p is not None else exact.p if exact else None


def _as_json(found: Paired | None, exact: McNemar | None, fixed: Corrected, adjusted: float | None) -> dict[str, Any]:
    if found is None:
        return {"first": None, "second": None, "difference": None, "items": 0}
    whole = _numbers(found)
    judged: dict[str, Any] = {}
    if fixed.note:
        judged["judge"] = {"note": fixed.note, "same": fixed.same, "corrected": fixed.found is not None}
    if (without := fixed.found) is not None:
        judged["as_judged"] = _rounded({key: whole[key] for key in ("first", "second", "difference", "low", "high")})
        whole |= {"first": without.first, "second": without.second, "difference": without.difference.value}
        whole |= {"low": without.difference.low, "high": without.difference.high}
        whole["p"] = found.p if without.p is None else without.p
        whole["detectable"] = None if found.detectable is None else found.detectable * without.scale
    return {
        **_rounded({**whole, "p_holm": adjusted}),
        "items": found.items,
        "clusters": found.clusters,
        "items_needed": found.needed,
        "mcnemar": asdict(exact) if exact else None,
        **judged,
    }


def _numbers(found: Paired) -> dict[str, float | None]:
    return {
        "first": found.first,
        "second": found.second,
        "difference": found.difference,
        "low": found.interval.low if found.interval else None,
        "high": found.interval.high if found.interval else None,
        "p": found.p,
        "detectable": found.detectable,
    }


def _rounded(values: Mapping[str, float | None]) -> dict[str, float | None]:
    return {key: None if one is None else round(one, DIGITS) + 0.0 for key, one in values.items()}


def _differences(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[str]:
    """The keys of the configuration, two deep, that are not the same in both."""
    found = []
    for key in sorted({*first, *second} - {"fingerprint"}):
        one, other = first.get(key), second.get(key)
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            found += [f"{key}.{below}" for below in sorted({*one, *other}) if one.get(below) != other.get(below)]
        elif one != other:
            found.append(key)
    return found


# -- flipped items -----------------------------------------------------------------------------------------------------


def _flipped(both: Both, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Items that one run got right and the other did not, with both answers: what got worse first, worst first."""
    values = [_decisive(scores) for scores in both.scores]
    parts = {name: tuple(column.values() for column in both.columns(name)) for name in names if _is_judged(name)}
    rows = []
    for one, other in both.common:
        was, is_ = right(values[0], one), right(values[1], other)
        if was is not None and is_ is not None and was != is_:
            changes = _changes(parts, one, other)
            rows.append((is_, sum(changes.values()), both.scores[0].ids[one], changes))
    rows.sort(key=lambda row: row[:3])
    wanted = {row[2] for row in rows}
    answers = [_answers(folder, wanted) for folder in both.folders]
    for is_, _, item, changes in rows:
        record = answers[0][item]
        yield {
            "id": item,
            "type": record.type,
            "became": "right" if is_ else "wrong",
            "question": record.question,
            "expected": record.answer,
            "changes": {name: round(change, DIGITS) for name, change in changes.items() if change},
            "first": _shown(record),
            "second": _shown(answers[1][item]),
        }


def _is_judged(name: str) -> bool:
    return BY_NAME[name].share and BY_NAME[name].better != "neither"


def _decisive(scores: Scores) -> dict[str, dict[int, tuple[float, float]]]:
    return {name: scores.columns[name].values() for name in DECISIVE}


def right(values: Mapping[str, Mapping[int, tuple[float, float]]], item: int) -> bool | None:
    """Whether an item came out right: premise corrected, refused where it must be, gold answer held, evidence shown."""
    for name in DECISIVE:
        if item in values[name]:
            total, count = values[name][item]
            return total >= count
    return None


def _changes(parts: Mapping[str, tuple[Values, ...]], one: int, other: int) -> dict[str, float]:
    """How each share of an item changed, turned so that less is worse."""
    found = {}
    for name, (before, after) in parts.items():
        if one in before and other in after:
            change = after[other][0] / after[other][1] - before[one][0] / before[one][1]
            found[name] = change if BY_NAME[name].better == "higher" else -change
    return found


def _answers(folder: Path, wanted: set[str]) -> dict[str, Record]:
    return {record.id: record for record in read_records(folder) if record.id in wanted}


def _shown(record: Record) -> dict[str, Any]:
    if record.output is None:
        return {"status": "failed", "answer": record.error}
    return {"status": record.output.status, "answer": record.output.text}
