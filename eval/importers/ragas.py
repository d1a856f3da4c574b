"""RAGAS: a list of samples as JSONL or JSON, or a data set by its columns, with the names of old or new versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from eval.importers.layout import Imported, answered, json_file, json_lines
from eval.suite import SuiteError

QUESTION, ANSWER = ("user_input", "question"), ("response", "answer")
GOLD, FOUND, REFERENCE = ("reference", "ground_truth", "ground_truths"), ("retrieved_contexts", "contexts"), (
    "reference_contexts",
)  # fmt: skip


def read_ragas(path: Path) -> Imported:
    """Every context is a document; reference contexts are the evidence; answers that are there are recorded."""
    found = Imported()
    for number, (place, sample) in enumerate(_samples(path)):
        key = str(sample.get("id", f"ragas-{number + 1:04}"))
        question, history = _question(_first(sample, QUESTION), place)
        golds = _texts(_first(sample, GOLD), place)
        evidence = [(found.document("reference", text), text) for text in _texts(_first(sample, REFERENCE), place)]
        item = {
            "id": key,
            "type": "follow_up" if history else "general",
            "question": question,
            "history": history,
            "answer": golds[0] if golds else "",
            "aliases": golds[1:],
            "evidence": [{"file": file, "quote": text} for file, text in evidence],
        }
        found.items.append(item)
        if (answer := _first(sample, ANSWER)) is not None:
            contexts = [(found.document("context", text), text) for text in _texts(_first(sample, FOUND), place)]
            found.answers.setdefault("", []).append(answered(key, str(answer), contexts))
    return found


def _samples(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if path.suffix.lower() == ".jsonl":
        yield from json_lines(path)
        return
    value = json_file(path)
    value = value.get("samples", value.get("data", _columns(value))) if isinstance(value, dict) else value
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise SuiteError(f"{path}: not a list of samples")
    yield from ((f"{path}: sample {number}", one) for number, one in enumerate(value, 1))


def _columns(value: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """The samples of a data set that is written column by column; None where it is not."""
    length = next((len(value[name]) for name in QUESTION if isinstance(value.get(name), list)), None)
    columns = {name: column for name, column in value.items() if isinstance(column, list) and len(column) == length}
    return None if length is None else [{name: column[at] for name, column in columns.items()} for at in range(length)]


def _first(sample: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((sample[name] for name in names if sample.get(name) is not None), None)


def _texts(value: Any, place: str) -> list[str]:
    texts = [value] if isinstance(value, str) else value or []
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise SuiteError(f"{place}: contexts and references are texts or lists of texts")
    return [text for text in texts if text.strip()]


def _question(value: Any, place: str) -> tuple[str, list[dict[str, str]]]:
    """The question, and what was said before it where there are several turns."""
    if isinstance(value, str) and value.strip():
        return value, []
    if isinstance(value, list) and value and all(isinstance(turn, dict) and "content" in turn for turn in value):
        humans = [at for at, turn in enumerate(value) if turn.get("type", turn.get("role")) in ("human", "user")]
        if humans:
            turns = [_turn(turn) for turn in value[: humans[-1]]]
            return str(value[humans[-1]]["content"]), turns
    raise SuiteError(f"{place}: there is no question (user_input or question)")


def _turn(given: Mapping[str, Any]) -> dict[str, str]:
    asked = given.get("type", given.get("role")) in ("human", "user")
    return {"role": "user" if asked else "assistant", "content": str(given["content"])}
