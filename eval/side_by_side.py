"""A comparison for people: a line a metric, then the items that flipped with both answers beside each other."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any

from eval.table import places

NAMED = 5  # items whose question changed, by their ids
WIDTH = 56  # of each answer's column


def side_by_side(result: Mapping[str, Any], most: int) -> str:
    """What `compare` prints; `most` flipped items are shown."""
    lines = [f"{result['items']} items in both"]
    for key, words in (("only_in_first", "only in A"), ("only_in_second", "only in B")):
        if result[key]:
            lines.append(f"{result[key]} items {words}, left out")
    if changed := result["changed"]:
        named = ", ".join(changed[:NAMED]) + ", ..." * (len(changed) > NAMED)
        lines.append(f"NOT THE SAME QUESTION OR GOLD in {len(changed)} of them, so no fair comparison: {named}")
    lines.append("not the same: " + (", ".join(result["configuration"]) or "nothing in the configuration"))
    head = f"{'metric':<22}{'A':>8}{'B':>8}{'B - A':>9}{'95 % interval':>20}{'p':>8}{'Holm':>8}{'McNemar':>16}"
    lines += ["", f"{head}{'n':>6}{'detectable':>12}{'n needed':>10}"]
    lines += [_metric(name, one) for name, one in result["metrics"].items()]
    lines += list(_judged(result["metrics"]))
    lines += ["", *_flips(result["flipped"], most)]
    return "\n".join(lines)


def _metric(name: str, one: Mapping[str, Any]) -> str:
    if one["difference"] is None:
        return f"{name:<22}  unmeasured in one of the runs"
    digits, few = places(name), f"too few ({one['clusters']})"
    bounds = f"{one['low']:+.{digits}f} to {one['high']:+.{digits}f}" if one["low"] is not None else few
    shown = f"{one['first']:>{digits + 5}.{digits}f}{one['second']:>{digits + 5}.{digits}f}"
    exact = one["mcnemar"]
    split = f"{exact['only_first']}:{exact['only_second']} p {exact['p']:.3f}" if exact else ""
    return (
        f"{name:<22}{shown}{one['difference']:>+{digits + 6}.{digits}f}{bounds:>{14 + 2 * digits}}"
        f"{_number(one['p']):>8}{_number(one['p_holm']):>8}{split:>16}{one['items']:>6}"
        f"{_number(one['detectable']):>12}{one['items_needed'] or '':>10}"
    ).rstrip()


def _judged(metrics: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Who judged which of them, and what was said before their errors were taken out."""
    notes: dict[str, list[str]] = {}
    for name, one in metrics.items():
        if one.get("judge"):
            notes.setdefault(one["judge"]["note"], []).append(name)
    for note, names in notes.items():
        yield f"\n{note}: {', '.join(names)}"
        for name in names:
            if (raw := metrics[name].get("as_judged")) is not None:
                bounds = "" if raw["low"] is None else f", {raw['low']:+.3f} to {raw['high']:+.3f}"
                yield f"  {name} as judged: {raw['first']:.3f} {raw['second']:.3f} {raw['difference']:+.3f}{bounds}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _flips(flipped: list[Mapping[str, Any]], most: int) -> Iterator[str]:
    worse = sum(one["became"] == "wrong" for one in flipped)
    yield f"{len(flipped)} items flipped: {worse} became wrong, {len(flipped) - worse} became right"
    for one in flipped[:most]:
        changes = ", ".join(f"{name} {change:+.2f}" for name, change in one["changes"].items())
        yield ""
        yield f"{one['id']} ({one['type']}) became {one['became']}: {changes}"
        yield f"  {one['question']}" + (f"  [expected: {one['expected']}]" if one["expected"] else "")
        columns = [
            textwrap.wrap(f"{run}: {one[key]['answer'] or one[key]['status']}", WIDTH)
            for run, key in (("A", "first"), ("B", "second"))
        ]
        for left, right in zip_longest(*columns, fillvalue=""):
            yield f"  {left:<{WIDTH}} | {right}"
    if len(flipped) > most:
        yield f"\n... and {len(flipped) - most} more (--flipped N, or --json)"
