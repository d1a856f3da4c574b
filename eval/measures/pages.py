"""The definition page of every metric, made from the definitions themselves (docs/metrics.md)."""

from __future__ import annotations

from itertools import groupby

from eval.measures.parts import Definition
from eval.metrics import DEFINITIONS

HEAD = """# What each number means

Written by `python -m eval metrics --definitions`. A metric is a ratio of sums over the items of its population. An item
that failed is *unmeasured*: it is counted beside the metric, never in it as 0. What nothing measured has no value.
`low` and `high` bound a 95 % interval over clusters (`eval/stats.py` says how); below 8 clusters there is none (*too
few*). Beside a metric stand its floors: what trivial systems or judges would score on the same items.
"""

JUDGES = {
    "gate": "the gate in `app/judging`",
    "llm": "the language model that `run --judge` or `metrics --judge` names (`eval/judges/claims.py`, "
    "`prompts/claims.txt`, `prompts/verdicts.txt`)",
}


def page() -> str:
    """Markdown."""
    parts = [HEAD]
    for subject, group in groupby(DEFINITIONS, key=lambda definition: definition.subject):
        parts.append(f"## {subject.capitalize()}\n")
        parts += [_entry(definition) for definition in group]
    return "\n".join(parts)


def _entry(definition: Definition) -> str:
    lines = [f"### `{definition.name}`", "", definition.about, "", f"* Population: {definition.population}."]
    if definition.floors:
        floors = "; ".join(f"`{name}`: {words}" for name, words in definition.floors.items())
        lines.append(f"* Floors: {floors}.")
    lines.append(f"* Better: {definition.better}." + (" A share, between 0 and 1." if definition.share else ""))
    if definition.judge:
        lines.append(f"* Judged by {JUDGES[definition.judge]}.")
    if definition.source:
        lines.append(f"* After: {definition.source}.")
    return "\n".join([*lines, ""])
