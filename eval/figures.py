"""Our figures on the shipped suites, as the README shows them: made by a command, so that they can be made again."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.arguments import SEEDS, SHIPPED
from eval.judges import calibrations
from eval.run import Options, run_suite
from indexing.errors import OnrecordError

BEGIN, END = "<!-- figures: python -m eval figures --write README.md -->", "<!-- end of figures -->"
SHOWN: Mapping[str, str] = {
    "recall_at_5": "evidence among the first 5 passages",
    "gold_sentence_shown": "the sentence that answers is shown",
    "citation_validity": "citations whose characters are exactly the source's",
    "citation_precision": "citations that are needed",
    "faithfulness": "statements that what they cite supports",
    "answered": "answerable questions that are answered",
    "near_miss_refused": "near misses that are refused",
    "premise_corrected": "false premises that are corrected",
    "off_topic_refused": "off-topic questions that are refused",
}


@dataclass(frozen=True, slots=True)
class Shipped:
    """A suite of ours, the part of it that figures are told on, and the documents it is asked of."""

    name: str
    split: str | None = None
    documents: Path | None = None


SUITES = (Shipped("seeds", None, SEEDS), Shipped("collection", "report"), Shipped("off_topic", "report", SEEDS))


def figures(suites: Sequence[Shipped] = SUITES) -> str:
    """Run the suites, each over an index of its own, extractively; returns a Markdown table."""
    with tempfile.TemporaryDirectory(prefix="onrecord-figures-") as folder:
        numbers = {}
        for one in suites:
            options = Options(documents=one.documents, split=one.split, report=False)
            path, out = SHIPPED / f"{one.name}.jsonl", Path(folder, one.name)
            numbers[one.name] = run_suite(path, flags={"llm": ""}, out=out, options=options).metrics()
    return table(numbers)


def table(numbers: Mapping[str, Mapping[str, Any]]) -> str:
    """Markdown from each suite's metrics.json: value, interval where there is one, and n."""
    head = " | ".join(f"`{name}` ({one['config']['suite']['items']} items)" for name, one in numbers.items())
    lines = [f"| what | {head} |", "|---" * (len(numbers) + 1) + "|"]
    for metric, words in SHOWN.items():
        cells = [_cell(one["metrics"][metric]) for one in numbers.values()]
        if any(cells):
            lines.append(f"| {words} (`{metric}`) | {' | '.join(cells)} |")
    return "\n".join([*lines, *_judges(numbers)]) + "\n"


def _judges(numbers: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Who judged which of the numbers shown, and how far that can be believed."""
    told: dict[str, list[str]] = {}
    beyond: list[str] = []
    for one in numbers.values():
        for metric in SHOWN:
            judge = one["metrics"][metric].get("judge")
            if judge is None or one["metrics"][metric]["value"] is None:
                continue
            about = one["judges"][judge["kind"]]
            names = told.setdefault(f"{about['name']}, {calibrations.believed(about)}", [])
            names += [metric] if metric not in names else []
            unlike = judge["corrected"] is not None and not judge["corrected"]["fits"]
            beyond += [metric] if unlike and metric not in beyond else []
    for words, names in told.items():
        yield ""
        yield f"{_listed(names)}: judged by {words}."
    if beyond:
        yield ""
        yield (
            f"{_listed(beyond)}: more is called supported than this judge calls supported of what people say holds. "
            "They judged another kind of answers (models' prose; ours are copies), so correcting says little here."
        )


def _listed(names: Sequence[str]) -> str:
    return " and ".join(f"`{name}`" for name in names)


def _cell(metric: Mapping[str, Any]) -> str:
    if metric["value"] is None:
        return ""
    bounds = "" if metric["low"] is None else f" [{metric['low']:.3f}, {metric['high']:.3f}]"
    fixed = (metric.get("judge") or {}).get("corrected")
    return f"{metric['value']:.3f}{bounds} (n {metric['n']}){_corrected(fixed) if fixed else ''}"


def _corrected(fixed: Mapping[str, Any]) -> str:
    if fixed["value"] is None:
        return "; cannot be corrected"
    bounds = "" if fixed["low"] is None else f" [{fixed['low']:.3f}, {fixed['high']:.3f}]"
    return f"; corrected {fixed['value']:.3f}{bounds}"


def write(path: Path, found: str) -> None:
    """Put the table in its place in a document; OnrecordError where it has no such place."""
    text = path.read_text(encoding="utf-8")
    place = re.compile(f"{re.escape(BEGIN)}\n.*?{re.escape(END)}", re.DOTALL)
    if len(place.findall(text)) != 1:
        raise OnrecordError(f"{path} has not one place for the figures; put these two lines into it:\n{BEGIN}\n{END}")
    path.write_text(place.sub(lambda _: f"{BEGIN}\n{found}{END}", text), encoding="utf-8")
