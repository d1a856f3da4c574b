"""MTRAG and MTRAG-UN: conversations whose last turn is asked, with the passages a right answer rests on.

Tasks as JSONL (IBM/mt-rag-benchmark), or one JSON file with documents, tasks and the evaluated responses of models.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eval.importers.layout import Imported, answered, json_file, json_lines, wanted

SKIPPED = "CONVERSATIONAL"  # turns that ask for nothing
UNANSWERED = {"UNANSWERABLE": "unanswerable", "UNDERSPECIFIED": "underspecified"}


def read_mtrag(path: Path) -> Imported:
    """The conversation is the cluster; passages are documents, and evidence where the turn can be answered."""
    found = Imported()
    if path.suffix.lower() == ".jsonl":
        for place, task in json_lines(path):
            _add(found, task, task.get("contexts") or [], place)
        return found
    whole = json_file(path)
    texts = {str(wanted(one, "document_id", str(path))): one for one in wanted(whole, "documents", str(path))}
    kept: dict[str, list[tuple[str, str]]] = {}
    for number, task in enumerate(wanted(whole, "tasks", str(path))):
        place = f"{path}: tasks.{number}"
        contexts = [texts.get(str(wanted(one, "document_id", place)), one) for one in task.get("contexts") or []]
        if (passages := _add(found, task, contexts, place)) is not None:
            kept[str(task["task_id"])] = passages
    for number, one in enumerate(whole.get("evaluations") or []):
        place = f"{path}: evaluations.{number}"
        key, response = str(wanted(one, "task_id", place)), str(wanted(one, "model_response", place))
        if key in kept:
            who = str(wanted(one, "model_id", place))
            found.answers.setdefault(who, []).append(answered(key, response, kept[key]))
    return found


def _add(
    found: Imported, task: Mapping[str, Any], contexts: list[Mapping[str, Any]], place: str
) -> list[tuple[str, str]] | None:
    """Add a task; returns the files and texts of its passages, None where it was left out."""
    said = task.get("answerability") or task.get("Answerability") or "ANSWERABLE"
    kind = str(said if isinstance(said, str) else said[0])
    passages = [
        (found.document(str(wanted(one, "document_id", place)), text), text)
        for one in contexts
        if (text := str(wanted(one, "text", place))).strip()
    ]
    if kind == SKIPPED:
        return None
    turns = wanted(task, "input", place)
    history = [
        {"role": "user" if turn.get("speaker") == "user" else "assistant", "content": str(wanted(turn, "text", place))}
        for turn in turns[:-1]
    ]
    identity = str(wanted(task, "task_id", place))
    type_ = UNANSWERED.get(kind, "follow_up" if history else "general")
    targets = [str(one["text"]) for one in task.get("targets") or [] if isinstance(one, dict) and one.get("text")]
    answerable = kind not in UNANSWERED
    found.items.append(
        {
            "id": identity,
            "type": type_,
            "question": str(wanted(turns, f"{len(turns) - 1}.text", place)).strip(),
            "history": history,
            "answer": targets[0] if targets and answerable else "",
            "evidence": [{"file": file, "quote": text} for file, text in passages] if answerable else [],
            "cluster": str(task.get("conversation_id") or identity.split("<::>", maxsplit=1)[0]),
            "note": kind,
        }
    )
    return passages
