"""A run's numbers as a table for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from eval.judges import calibrations

COLUMNS = ("recall_at_5", "citation_precision", "faithfulness", "contains_gold", "answered", "refusal_recall")
WIDE = 32
HEAD = f"{'metric':<{WIDE}}{'value':>11}{'95 % interval':>22}{'n':>6}{'unmeasured':>12}"
UNMEASURED = "unmeasured"


def table(metrics: Mapping[str, Any], baseline: Mapping[str, Any] | None = None) -> str:
    """The object of metrics.json, every number beside its n, its unmeasured items and its trivial floors.

    A baseline's numbers stand in a column of their own.
    """
    config = metrics["config"]
    lines = [
        *_about(config),
        HEAD + _beside("baseline", baseline) + "  trivial floors",
    ]
    for name, metric in shown(metrics):
        told = metric["floors"].items() if metric["value"] is not None else ()
        floors = ", ".join(f"{key} {number(value)}" for key, value in told)
        value, bounds = number(metric["value"], places(name)), interval(metric, places(name))
        figures = f"{value:>11}{bounds:>22}{metric['n']:>6}{metric['unmeasured']:>12}"
        other = baseline["metrics"][name] if baseline else None
        unmasked = "  ITS JUDGE FAILED THE CANARIES" if metric.get("judge", {}).get("unmasked") else ""
        lines.append(f"{name:<{WIDE}}{figures}{_beside(_cell(other), baseline)}  {floors}".rstrip() + unmasked)
    widths = {column: max(len(column) + 2, len(UNMEASURED) + 6) for column in COLUMNS}
    lines += ["", f"{'type':<20}{'items':>6}" + "".join(f"{column:>{width}}" for column, width in widths.items())]
    for name, entry in metrics["by_type"].items():
        cells = "".join(f"{_cell(entry['metrics'].get(column)):>{width}}" for column, width in widths.items())
        lines.append(f"{name:<20}{entry['items']:>6}{cells}")
    judges = list(calibrations.lines(metrics))
    return "\n".join([*lines, *(["", *judges] if judges else [])]) + "\n"


def shown(metrics: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The metrics that a page or table lists: all but those of a judging model where none judged."""
    for name, metric in metrics["metrics"].items():
        if "judge" not in name.split("_") or "llm" in metrics.get("judges", {}):
            yield name, metric


def _beside(words: str, baseline: object) -> str:
    return f"{words:>18}" if baseline else ""


def _about(config: Mapping[str, Any]) -> Iterator[str]:
    if not config:
        return
    suite, collection = config["suite"], config["collection"]
    split = f", split {suite['split']}" if suite["split"] else ""
    model = config["settings"]["llm"]
    yield f"suite {suite['name']}{split}: {suite['items']} items"
    yield (
        f"{collection['documents']} documents, {collection['passages']} passages, embedder {collection['embedder']}, "
        + (f"answers by {model}" if model else answers_by(config))
    )
    yield ""


def answers_by(config: Mapping[str, Any]) -> str:
    target = config["target"]
    if target["kind"] == "assistant":
        return "extractive answers"
    if target["kind"] == "answers":
        return f"{target['answers']} recorded answers (SHA-256 {target['sha256'][:12]})"
    return f"answers of {' '.join(map(str, target.values()))}"


def places(name: str) -> int:
    """Behind the point of a metric's numbers: an answer costs a small part of a cent."""
    return 6 if name.endswith("money") else 3


def interval(metric: Mapping[str, Any], digits: int = 3) -> str:
    """Its bounds, or why there are none."""
    if metric["value"] is None:
        return ""
    if metric["low"] is None:
        return f"too few ({metric['clusters']})"
    return f"{number(metric['low'], digits)} to {number(metric['high'], digits)}"


def number(value: float | None, digits: int = 3) -> str:
    return UNMEASURED if value is None else f"{value:.{digits}f}"


def _cell(metric: Mapping[str, Any] | None) -> str:
    """A value and its n; empty where the metric does not apply."""
    return "" if metric is None else f"{number(metric['value'])} ({metric['n']})"
