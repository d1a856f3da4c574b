"""Answers kept between runs: one file for each question under each full configuration, whatever suite it stands in."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from eval.configuration import Configuration
from eval.suite import Item

NOT_ASKED = ("suite", "gate", "gate_fingerprint")  # parts of a configuration that no answer depends on


class Cache:
    """A folder. A changed setting, model, prompt, collection or line of code is another key; failures are not kept."""

    def __init__(self, folder: Path, configuration: Configuration) -> None:
        self._folder = folder
        self._values = {key: value for key, value in configuration.values.items() if key not in NOT_ASKED}

    def _path(self, item: Item) -> Path:
        asked = {"id": item.id, "question": item.question, "history": [turn.model_dump() for turn in item.history]}
        key = hashlib.sha256(json.dumps([self._values, asked], sort_keys=True).encode()).hexdigest()
        return self._folder / key[:2] / f"{key}.json"

    def get(self, item: Item) -> dict[str, Any] | None:
        try:
            return dict(json.loads(self._path(item).read_text(encoding="utf-8")))
        except (OSError, ValueError):
            return None

    def put(self, item: Item, answer: dict[str, Any]) -> None:
        path = self._path(item)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_text(json.dumps(answer, ensure_ascii=False), encoding="utf-8")
        part.replace(path)
