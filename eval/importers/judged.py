"""Answers that people have judged: RAGTruth, SummEdits, WiCE. Each becomes an item and a recorded answer.

The answer carries `label` (`supported`, and `spans` where people saw something unsupported), so that a record keeps
beside the gate's judgement what people said.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eval.importers.layout import Imported, answered, json_lines, json_rows, wanted
from eval.suite import SuiteError

ASKED = {"summary": "Summarise the document.", "data2txt": "Describe what the data say."}


def read_ragtruth(path: Path) -> Imported:
    """A source a line with its responses; or as released, a response a line, each with its `source_info` or with the
    file `source_info.jsonl` beside it. A folder stands for the `response.jsonl` in it."""
    path = path / "response.jsonl" if path.is_dir() else path
    found = Imported()
    beside: dict[str, dict[str, Any]] = {}
    for place, row in json_lines(path):
        several = isinstance(row.get("responses"), list)
        about = row
        if not several and "source_info" not in row:
            beside = beside or _source_info(path.with_name("source_info.jsonl"), place)
            if (about := beside.get(str(wanted(row, "source_id", place)), {})) == {}:
                raise SuiteError(f"{place}: source_info.jsonl has no source {row['source_id']!r}")
        source = wanted(about, "source" if several else "source_info", place)
        task = str(about.get("task", about.get("task_type", ""))).lower()
        text, question = _source(source, ASKED.get(task, ASKED["summary"]))
        cluster = str(row.get("source_id", place))
        file = found.document(f"source-{cluster}", text)
        responses = row["responses"] if several else [row]
        for number, one in enumerate(responses):
            labels = wanted(one, "labels", place)
            spans = [[wanted(label, "start", place), wanted(label, "end", place)] for label in labels]
            label = {"supported": not spans, "spans": spans}
            key = f"{cluster}-{number}" if several else str(row.get("id", cluster))
            _add(found, key, question, (file, text), str(wanted(one, "response", place)), label, cluster)
    return found


def _source_info(path: Path, place: str) -> dict[str, dict[str, Any]]:
    """The sources by their ids."""
    if not path.is_file():
        raise SuiteError(f"{place}: there is no source_info, and no {path.name} beside the file")
    return {str(wanted(row, "source_id", where)): row for where, row in json_lines(path)}


def read_summedits(path: Path) -> Imported:
    """A line or, as released, a list of them for each domain."""
    found = Imported()
    for place, row in json_rows(path):
        text = str(wanted(row, "doc", place))
        file = found.document("document", text)
        label = {"supported": bool(wanted(row, "label", place)), "edit_types": row.get("edit_types") or []}
        key, summary = str(wanted(row, "id", place)), str(wanted(row, "summary", place))
        _add(found, key, ASKED["summary"], (file, text), summary, label, file)
        found.items[-1]["split"] = str(row.get("split") or "")
        found.items[-1]["note"] = str(row.get("domain") or "")
    return found


def read_wice(path: Path) -> Imported:
    """The page's lines are the source; `partially_supported` is not supported."""
    found = Imported()
    for number, (place, row) in enumerate(json_rows(path)):
        lines = wanted(row, "evidence", place)
        text = "\n".join(map(str, lines))
        file = found.document("page", text)
        said = str(wanted(row, "label", place))
        label = {"supported": said == "supported", "label": said}
        key = str((row.get("meta") or {}).get("id", f"wice-{number + 1}"))
        _add(found, key, "Is this so?", (file, text), str(wanted(row, "claim", place)), label, file)
    return found


def _source(source: Any, asked: str) -> tuple[str, str]:
    """The text, and what was asked about it."""
    if isinstance(source, Mapping):
        if "passages" in source:
            return str(source["passages"]), str(source.get("question") or asked)
        return json.dumps(source, ensure_ascii=False), asked
    return str(source), asked


def _add(
    found: Imported,
    key: str,
    question: str,
    source: tuple[str, str],
    answer: str,
    label: Mapping[str, Any],
    cluster: str,
) -> None:
    found.items.append({"id": key, "type": "general", "question": question, "cluster": cluster})
    found.answers.setdefault("", []).append(answered(key, answer, [source], label=dict(label)))
