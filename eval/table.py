"""A run's numbers as a table for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

COLUMNS = ("recall_at_5", "recall_at_10", "mrr_at_10", "answered", "evidence_shown", "refusal_recall")
UNMEASURED = "unmeasured"


def table(metrics: Mapping[str, Any]) -> str:
    """The object of metrics.json, every number beside its n, its unmeasured items and its trivial floors."""
    config = metrics["config"]
    suite, collection = config["suite"], config["collection"]
    split = f", split {suite['split']}" if suite["split"] else ""
    model = config["settings"]["llm"]
    lines = [
        f"suite {suite['name']}{split}: {suite['items']} items",
        f"{collection['documents']} documents, {collection['passages']} passages, embedder {collection['embedder']}, "
        + (f"answers by {model}" if model else "extractive answers"),
        "",
        f"{'metric':<24}{'value':>11}{'n':>6}{'unmeasured':>12}  trivial floors",
    ]
    for name, metric in metrics["metrics"].items():
        floors = ", ".join(f"{key} {_number(value)}" for key, value in metric["floors"].items())
        lines.append(
            f"{name:<24}{_number(metric['value']):>11}{metric['n']:>6}{metric['unmeasured']:>12}  {floors}".rstrip()
        )
    widths = {column: max(len(column) + 2, 13) for column in COLUMNS}
    lines += ["", f"{'type':<20}{'items':>6}" + "".join(f"{column:>{width}}" for column, width in widths.items())]
    for name, entry in metrics["by_type"].items():
        cells = "".join(f"{_cell(entry['metrics'].get(column)):>{width}}" for column, width in widths.items())
        lines.append(f"{name:<20}{entry['items']:>6}{cells}")
    return "\n".join(lines) + "\n"


def _number(value: float | None) -> str:
    return UNMEASURED if value is None else f"{value:.3f}"


def _cell(metric: Mapping[str, Any] | None) -> str:
    """A value and its n; empty where the metric does not apply."""
    return "" if metric is None else f"{_number(metric['value'])} ({metric['n']})"
