"""Answers that people have judged against their sources: SummEdits, RAGTruth, WiCE and MTRAG as they are published."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from indexing.errors import UsageError

Kind = Literal["summedits", "ragtruth", "wice", "mtrag"]
TUNED = ("ectsum", "samsum", "qmsumm", "podcast")  # SummEdits' domains that weights are fitted on
RATED = 4.0  # of MTRAG's ratings from 1 to 4: their mean where every person gave the best


@dataclass(frozen=True, slots=True)
class Labelled:
    """One answer; `group` is its source, `part` its domain or task, `spans` where people saw something unsupported.

    `rating` is people's mean rating of its faithfulness, where they gave one.
    """

    id: str
    group: str
    part: str
    sources: tuple[str, ...]
    answer: str
    supported: bool
    spans: tuple[tuple[int, int], ...] | None = None
    rating: float | None = None

    @property
    def split(self) -> Literal["tune", "test"]:
        """Whether weights may be fitted on it; of RAGTruth and WiCE every other source, by its name; none of MTRAG."""
        if self.spans is None and self.part != "wice":
            return "tune" if self.part in TUNED else "test"
        return "tune" if sum(self.group.encode()) % 2 else "test"


def read_labelled(path: Path, kind: Kind | None = None) -> list[Labelled]:
    """The labelled answers of a file; without `kind` its first line tells what it is. A `.json` file is one object."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read ({error}); give a UTF-8 file with one JSON object a line") from error
    found: list[Labelled] = []
    read = 0
    for number, line in enumerate([text] if path.suffix == ".json" else text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            kind = kind or _kind_of(row, path)
            found += READERS[kind](read, row)
        except ValueError as error:
            raise UsageError(f"{path}:{number}: not valid JSON ({error}); give one JSON object a line") from error
        except (KeyError, TypeError, IndexError, AttributeError) as error:
            told = f"there is no {error.args[0]}" if isinstance(error, KeyError) else "not of its layout"
            raise UsageError(f"{path}:{number}: not {kind or 'a labelled set'} as it is published: {told}") from error
        read += 1
    if not read:
        raise UsageError(f"{path} holds no item")
    return found


def _kind_of(row: dict[str, Any], path: Path) -> Kind:
    keys: dict[Kind, set[str]] = {
        "summedits": {"doc", "summary", "label"},
        "ragtruth": {"source", "responses"},
        "wice": {"claim", "evidence", "label"},
        "mtrag": {"documents", "tasks", "evaluations"},
    }
    for kind, wanted in keys.items():
        if wanted <= row.keys():
            return kind
    raise UsageError(f"{path} is none of {', '.join(get_args(Kind))}; say which with --kind")


def _summedits(number: int, row: dict[str, Any]) -> Iterator[Labelled]:
    yield Labelled(str(row["id"]), row["doc"], row["domain"], (row["doc"],), row["summary"], bool(row["label"]))


def _ragtruth(number: int, row: dict[str, Any]) -> Iterator[Labelled]:
    source = row["source"]
    if isinstance(source, str):
        texts: tuple[str, ...] = (source,)
    elif "passages" in source:
        texts = (f"{source.get('question', '')}\n\n{source['passages']}".strip(),)
    else:  # a table, which is no text
        return
    for place, response in enumerate(row["responses"]):
        spans = tuple((int(one["start"]), int(one["end"])) for one in response["labels"])
        identity = f"{row['source_id']}-{place}"
        group = str(row["source_id"])
        yield Labelled(identity, group, row.get("task", "all"), texts, response["response"], not spans, spans)


def _wice(number: int, row: dict[str, Any]) -> Iterator[Labelled]:
    text = "\n".join(row["evidence"])
    identity = str(row.get("meta", {}).get("id", number))
    yield Labelled(identity, text[:200], "wice", (text,), row["claim"], row["label"] == "supported")


def mtrag_responses(whole: dict[str, Any]) -> Iterator[tuple[dict[str, Any], tuple[str, ...], float]]:
    """Each evaluated response of a model to an answerable or partial turn, its sources, people's mean rating of it."""
    texts = {str(one["document_id"]): str(one["text"]) for one in whole["documents"]}
    tasks = {str(one["task_id"]): one for one in whole["tasks"]}
    for one in whole["evaluations"]:
        task = tasks[str(one["task_id"])]
        if one["model_id"] != "reference" and task["Answerability"][0] in ("ANSWERABLE", "PARTIAL"):
            sources = tuple(texts[str(context["document_id"])] for context in task["contexts"])
            ratings = [float(rating["value"]) for rating in one["annotations"]["faithfulness"].values()]
            yield one, sources, float(np.mean(ratings))


def _mtrag(number: int, row: dict[str, Any]) -> Iterator[Labelled]:
    for one, sources, rating in mtrag_responses(row):
        group = str(one["task_id"])
        identity = f"{group}-{one['model_id']}"
        yield Labelled(identity, group, "mtrag", sources, one["model_response"], rating >= RATED, None, rating)


READERS = {"summedits": _summedits, "ragtruth": _ragtruth, "wice": _wice, "mtrag": _mtrag}
