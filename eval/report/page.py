"""The report: one HTML file that asks no host for anything, and beside it the items as CSV."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any

from eval.judges import calibrations, canaries
from eval.judges.agreement import bins
from eval.report import plots
from eval.report.items import item, outcome
from eval.report.packed import packed
from eval.report.survey import Survey, rows
from eval.table import answers_by, interval, number, places, shown
from indexing.errors import OnrecordError

PLAIN = 500  # items that are elements of the page; those of a longer run are packed, and unpacked when looked at
POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
PLOTTED = (
    "recall_at_5", "recall_at_10", "mrr_at_10", "ndcg_at_10", "citation_precision", "citation_recall",
    "citation_validity", "faithfulness", "faithfulness_judge", "faithfulness_judge_retrieved",
    "gold_sentence_shown", "evidence_shown", "answered", "answer_f1",
    "contains_gold", "refusal_precision", "refusal_recall", "near_miss_refused", "premise_corrected",
)  # fmt: skip
NOTHING: Mapping[str, Any] = {"n": 0}  # a metric that does not apply
BY_TYPE = ("recall_at_5", "answered", "gold_sentence_shown", "contains_gold", "faithfulness")
COLUMNS = ("id", "type", "outcome", "status", "question", "answer", "expected", "citations", "ms", "error")


def write_report(folder: Path) -> Path:
    """Write `report.html` and `items.csv` from the `records.jsonl` and `metrics.json` in a run's folder.

    Records are read twice, one after the other, so that a long run takes no more memory than a short one. Raises
    OnrecordError when they are not there or not what a run leaves.
    """
    try:
        metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
        records = folder / "records.jsonl"
        survey = _write_items(folder / "items.csv", rows(records))
        path = folder / "report.html"
        with path.open("w", encoding="utf-8", newline="\n") as stream:
            stream.writelines(_page(rows(records), survey, metrics))
    except FileNotFoundError as error:
        raise OnrecordError(f"{folder} holds no finished run ({Path(error.filename).name} is missing)") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise OnrecordError(f"no report can be made of {folder} ({type(error).__name__}: {error})") from error
    return path


def _write_items(path: Path, records: Iterable[Mapping[str, Any]]) -> Survey:
    """The table, and what was seen on the way."""
    survey = Survey()
    with path.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(COLUMNS)
        for record in records:
            survey.add(record)
            output = record["output"] or {}
            cited = [
                f"{one['file']}:{one['start']}-{one['end']}"
                for statement in output.get("statements", ())
                for one in statement["citations"]
            ]
            row = [record["id"], record["type"], outcome(record), output.get("status", ""), record["question"]]
            row += [output.get("answer", ""), record.get("answer", ""), " ".join(cited)]
            table.writerow([*map(_cell, row), record["timings_ms"].get("total", ""), _cell(record["error"])])
    return survey


def _cell(text: str) -> str:
    """A spreadsheet must not take what a document says for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _page(records: Iterable[Mapping[str, Any]], survey: Survey, metrics: Mapping[str, Any]) -> Iterator[str]:
    config = metrics["config"]
    name = config["suite"]["name"]
    folder = resources.files("eval.report")
    yield (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"<title>{escape(name)} · Onrecord evaluation</title>"
        f"<style>{folder.joinpath('report.css').read_text(encoding='utf-8')}</style></head><body>"
        f"<header><h1>{escape(name)}</h1>{_about(config)}</header><main>"
    )
    yield f"<section><h2>Summary</h2>{_summary(metrics)}</section>"
    yield f"<section><h2>Plots</h2>{''.join(_plots(survey, metrics))}</section>"
    yield f"<section><h2>By type</h2>{_by_type(metrics['by_type'])}</section>"
    yield f'<section id="items"><h2>Items</h2>{_controls(survey)}<p id="shown" role="status"></p>'
    yield from packed(records) if survey.items > PLAIN else map(item, records)
    yield f"</section></main><script>{folder.joinpath('report.js').read_text(encoding='utf-8')}</script>"
    yield "</body></html>\n"


def _about(config: Mapping[str, Any]) -> str:
    suite, collection, settings = config["suite"], config.get("collection") or {}, config.get("settings") or {}
    model = settings.get("llm") or (answers_by(config) if config.get("target") else "extractive answers")
    facts = {
        "Items": f"{suite['items']}" + (f", split {suite['split']}" if suite.get("split") else ""),
        "Documents": collection.get("documents"),
        "Passages": collection.get("passages"),
        "Embedder": collection.get("embedder"),
        "Answers by": model,
        "Configuration": str(config.get("fingerprint", ""))[:16],
    }
    rows = "".join(f"<div><dt>{key}</dt><dd>{escape(str(value))}</dd></div>" for key, value in facts.items() if value)
    whole = escape(json.dumps(config, indent=1, ensure_ascii=False))
    return f"<dl>{rows}</dl><details><summary>All that may change a number</summary><pre>{whole}</pre></details>"


def _summary(metrics: Mapping[str, Any]) -> str:
    rows = []
    judges = metrics.get("judges", {})
    for name, one in shown(metrics):
        floors = ", ".join(f"{key} {number(value)}" for key, value in one["floors"].items())
        rows.append(
            f'<tr><th scope="row">{escape(name)}{_judged(one, judges)}</th>'
            f"<td>{number(one['value'], places(name))}</td>"
            f"<td>{interval(one, places(name))}</td>"
            f"<td>{one['n']}</td><td>{one['unmeasured'] or ''}</td><td>{escape(floors)}</td></tr>"
        )
    head = "".join(
        f'<th scope="col">{one}</th>'
        for one in ("Metric", "Value", "95 % interval", "n", "Unmeasured", "Trivial floors")
    )
    told = "".join(
        f"<p>Judged by {escape(judge['name'])}: {escape(calibrations.believed(judge))}.</p>"
        for judge in metrics.get("judges", {}).values()
    )
    table = f'<table class="summary"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
    return f'<div class="wide">{table}</div>{told}'


def _judged(one: Mapping[str, Any], judges: Mapping[str, Any]) -> str:
    """Under the name of a judged number who judged it, and what it is without that judge's errors."""
    if (told := one.get("judge")) is None or one["value"] is None:
        return ""
    words = f"by {judges[told['kind']]['name']}, "
    if told.get("unmasked"):
        words += f"which {canaries.told(judges[told['kind']]['canaries'])}"
    elif not told["calibrated"]:
        words += "uncalibrated"
    elif told["corrected"] is None:
        words += "calibrated"
    else:
        words += calibrations.without_errors(told["corrected"])
    return f"<small>{escape(words)}</small>"


def _plots(survey: Survey, metrics: Mapping[str, Any]) -> Iterator[str]:
    chosen = [_bar(name, one) for name in PLOTTED if (one := metrics["metrics"].get(name)) and one["value"] is not None]
    if chosen:
        yield plots.intervals(chosen, "What was measured, with 95 % intervals; triangles are trivial systems")
    for metric in BY_TYPE:
        bars = [
            _bar(kind, one)
            for kind, entry in metrics["by_type"].items()
            if (one := entry["metrics"].get(metric)) and one["value"] is not None
        ]
        if len(bars) > 1:
            yield plots.intervals(bars, f"{metric} by type of question")
    yield from _refusals(survey)
    yield from _calibration(survey, metrics.get("judges", {}))
    yield from _spent(survey)
    if survey.times:
        yield plots.histogram(survey.times, "Time of an item", "ms")


def _refusals(survey: Survey) -> Iterator[str]:
    """How well the score by which an answer is given tells what can be answered from what cannot."""
    scores = survey.scores
    yes = [score for kind in scores if not kind.startswith("unanswerable") for score in scores[kind]]
    for kind in ("unanswerable_near", "unanswerable_off"):
        found = plots.roc(yes, scores.get(kind, ()))
        if found is not None:
            points, area = found
            title = f"Refusal: answerable against {kind}, AUROC {area:.3f}"
            yield plots.curve(points, title, "unanswerable answered", "answerable answered")


def _calibration(survey: Survey, judges: Mapping[str, Any]) -> Iterator[str]:
    """Whether scores mean what they say: that by which an answer is given, and those of judges held against people."""
    scored = [
        (score, not kind.startswith("unanswerable"))
        for kind, scores in survey.scores.items()
        if kind != "underspecified"
        for score in scores
    ]
    if len({answerable for _, answerable in scored}) == 2:
        points = [(one["score"], one["held"]) for one in bins(scored)]
        yield plots.curve(points, "Calibration: the score by which an answer is given", "score", "share answerable")
    for judge in judges.values():
        if points := [(one["score"], one["held"]) for one in judge.get("reliability", [])]:
            title = f"Calibration: {judge['name']} on {judge['data']['file']}"
            yield plots.curve(points, title, "score", "share that holds, as people say")


def _spent(survey: Survey) -> Iterator[str]:
    """Quality against cost, a dot a type: money where it is known, else tokens, else time."""
    spent = {kind: one for kind, one in survey.spent.items() if one.items}
    units = (
        ("money", "money an item", [one.money for one in spent.values()]),
        ("tokens", "tokens an item", [one.tokens for one in spent.values()]),
        ("time", "milliseconds an item", [one.milliseconds for one in spent.values()]),
    )
    for name, across, amounts in units:
        if any(amounts):
            dots = [
                (kind, amount / one.items, one.right / one.items)
                for (kind, one), amount in zip(spent.items(), amounts, strict=True)
            ]
            yield plots.scatter(dots, f"Cost against quality: {name} and share right, by type", across, "share right")
            return


def _bar(name: str, one: Mapping[str, Any]) -> plots.Bar:
    floors = tuple((key, value) for key, value in one["floors"].items() if value is not None)
    return plots.Bar(name, one["value"], one["low"], one["high"], floors, f"n {one['n']}")


def _by_type(types: Mapping[str, Any]) -> str:
    names = [name for name in PLOTTED if any(entry["metrics"].get(name, NOTHING)["n"] for entry in types.values())]
    head = "".join(f'<th scope="col">{_broken(name)}</th>' for name in ("type", "items", *names))
    rows = "".join(
        f'<tr><th scope="row">{_broken(kind)}</th><td>{entry["items"]}</td>'
        + "".join(f"<td>{_value(entry['metrics'].get(name))}</td>" for name in names)
        + "</tr>"
        for kind, entry in types.items()
    )
    table = f'<table class="types"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    return f'<div class="wide">{table}</div>'


def _broken(name: str) -> str:
    """A name that may be broken after its underscores, where a printed page is narrow."""
    return escape(name).replace("_", "_<wbr>")


def _value(one: Mapping[str, Any] | None) -> str:
    return "" if one is None else f"{number(one['value'])} <small>({one['n']})</small>"


def _controls(survey: Survey) -> str:
    types, outcomes = sorted(survey.types), sorted(survey.outcomes)
    return (
        '<form class="controls"><label>Search <input type="search" id="words"></label>'
        f"<label>Type {_choice('type', types)}</label><label>Outcome {_choice('outcome', outcomes)}</label></form>"
    )


def _choice(name: str, values: Sequence[str]) -> str:
    options = "".join(f"<option>{escape(value)}</option>" for value in values)
    return f'<select id="{name}"><option value="">all</option>{options}</select>'
