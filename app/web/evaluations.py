"""Evaluation runs as the page shows them: what `python -m eval run` left in the home's `runs` folder, read as files."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.counts import counted
from app.web.hypertext import escape
from app.web.links import link

RUNS = "runs"
NAME = re.compile(r"[\w][\w.+-]{0,120}")
FLIPPED = 50  # items listed
CORRECTED = "corrected for the errors of"
MAIN = (
    "recall_at_5", "recall_at_10", "citation_validity", "citation_precision", "citation_recall", "faithfulness",
    "answered", "gold_sentence_shown", "contains_gold", "answer_f1", "refusal_precision", "refusal_recall",
    "near_miss_refused", "off_topic_refused", "premise_corrected",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Run:
    """One finished run: `metrics` is its metrics.json, `items` the rows of its items.csv by id."""

    name: str
    metrics: Mapping[str, Any]
    items: Mapping[str, Mapping[str, str]]

    @property
    def suite(self) -> str:
        return str(self.metrics["config"]["suite"]["name"])


def names(home: Path) -> list[str]:
    """The finished runs, the newest first."""
    folder = home / RUNS
    found = [one for one in folder.iterdir() if (one / "metrics.json").is_file()] if folder.is_dir() else []
    return [one.name for one in sorted(found, key=lambda one: (one / "metrics.json").stat().st_mtime, reverse=True)]


def report_path(home: Path, name: str) -> Path | None:
    """Where a run's report lies; None for what is no run, whatever the name is made of."""
    path = home / RUNS / name / "report.html"
    return path if NAME.fullmatch(name) and path.is_file() else None


def read(home: Path, name: str) -> Run | None:
    """A run as its files have it; None where they are not what a run leaves."""
    if not NAME.fullmatch(name):
        return None
    folder = home / RUNS / name
    try:
        metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
        with (folder / "items.csv").open(encoding="utf-8", newline="") as stream:
            items = {row["id"]: row for row in csv.DictReader(stream)}
        return Run(name, metrics, items) if metrics["config"]["suite"]["name"] else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def none_yet() -> str:
    return (
        '<div class="empty-shelf"><h2>No evaluations yet</h2><p>Run one from a checkout: '
        "<code>python -m eval run eval/suites/seeds.jsonl --home YOUR-INDEX</code>. Its numbers, with intervals and "
        "floors, and every item then stand here.</p></div>"
    )


def one(run: Run) -> str:
    """A run's numbers, and the way to its report."""
    rows = "".join(_row(run, name) for name in _known(run))
    head = "".join(f"<th scope=col>{name}</th>" for name in ("Metric", "Value", "95 % interval", "n", "Trivial floors"))
    return f"{_about(run)}<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def two(first: Run, second: Run) -> str:
    """Two runs side by side; with the items whose outcome differs where they are of one suite."""
    both = [name for name in _known(first) if name in second.metrics["metrics"]]
    rows = "".join(
        f"<tr><th scope=row>{_breakable(name)}</th><td>{_cell(first, name)}</td><td>{_cell(second, name)}</td>"
        f"<td>{_difference(first, second, name)}</td></tr>"
        for name in both
    )
    head = "".join(
        f"<th scope=col>{escape(name)}</th>" for name in ("Metric", first.name, second.name, "Second less first")
    )
    flips = [
        (before, after)
        for key, before in first.items.items()
        if (after := second.items.get(key)) and before["outcome"] != after["outcome"]
    ]
    listed = "".join(_flip(before, after) for before, after in flips[:FLIPPED])
    more = f"<li>and {len(flips) - FLIPPED:,} more</li>" if len(flips) > FLIPPED else ""
    shared = len(first.items.keys() & second.items.keys())
    return (
        f"{_about(first)}{_about(second)}<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        "<p class=more>Intervals of each run alone. For a paired test: <code>python -m eval compare A B</code></p>"
        f"<h2>{counted(len(flips), 'item')} of {shared:,} came out otherwise</h2><ul class=flips>{listed}{more}</ul>"
    )


def _known(run: Run) -> list[str]:
    metrics = run.metrics["metrics"]
    return [name for name in MAIN if name in metrics and metrics[name]["n"]]


def _about(run: Run) -> str:
    config = run.metrics["config"]
    model = (config.get("settings") or {}).get("llm") or "extractive"
    href = escape(link(f"/runs/{run.name}/report"))
    opens = f'<a href="{href}" target="_blank" rel="noopener">Open its report</a>'
    return (
        f'<p class="count">{escape(run.name)}: suite {escape(run.suite)}, {counted(config["suite"]["items"], "item")}, '
        f"{escape(str(model))}. {opens}</p>"
    )


def _breakable(name: str) -> str:
    """A metric's name, which a narrow page breaks between its words and not within them."""
    return escape(name).replace("_", "_<wbr>")


def _row(run: Run, name: str) -> str:
    metric, note = _believed(run, name)
    floors = ", ".join(f"{key} {_number(value)}" for key, value in metric["floors"].items() if value is not None)
    told = f"<br><small>{escape(note)}</small>" if note else ""
    return (
        f"<tr><th scope=row>{_breakable(name)}{told}</th><td>{_number(metric['value'])}</td>"
        f"<td>{_interval(metric)}</td><td>{metric['n']}</td><td>{escape(floors)}</td></tr>"
    )


def _cell(run: Run, name: str) -> str:
    metric, note = _believed(run, name)
    told = f"<br><small>{escape(note)}</small>" if note else ""
    return f"{_number(metric['value'])} <small>{_interval(metric)}</small>{told}"


def _difference(first: Run, second: Run, name: str) -> str:
    """Of both as they are shown; nothing where a judge's errors are taken out of one of them only."""
    (before, one), (after, other) = _believed(first, name), _believed(second, name)
    if before["value"] is None or after["value"] is None or one.startswith(CORRECTED) != other.startswith(CORRECTED):
        return ""
    return f"{after['value'] - before['value']:+.3f}"


def _believed(run: Run, name: str) -> tuple[Mapping[str, Any], str]:
    """A metric, without its judge's errors where these are known; and in words who judged it, where somebody did."""
    metric = run.metrics["metrics"][name]
    judged = metric.get("judge")
    if judged is None or metric["value"] is None:
        return metric, ""
    judge = run.metrics["judges"][judged["kind"]]["name"]
    if judged.get("unmasked"):
        return metric, f"as judged by {judge}, which FAILED THE CANARIES: do not believe it"
    fixed = judged["corrected"]
    if fixed is None or fixed["value"] is None:
        return metric, f"as judged by {judge}" + ("" if judged["calibrated"] else ", uncalibrated")
    return {**metric, **fixed}, f"{CORRECTED} {judge}, {_number(metric['value'])} as judged"


def _interval(metric: Mapping[str, Any]) -> str:
    low, high = metric["low"], metric["high"]
    return "too few for one" if low is None or high is None else f"{low:.3f} – {high:.3f}"


def _number(value: float | None) -> str:
    return "unmeasured" if value is None else f"{value:.3f}"


def _flip(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    return (
        f"<li><details><summary><strong>{escape(before['outcome'])} → {escape(after['outcome'])}</strong> "
        f"{escape(before['type'])}: {escape(before['question'])}</summary>"
        f"<p><b>First:</b> {escape(before['answer'] or before['status'])}</p>"
        f"<p><b>Second:</b> {escape(after['answer'] or after['status'])}</p></details></li>"
    )
