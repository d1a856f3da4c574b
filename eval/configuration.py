"""What a run was made with: everything that may change its numbers, and nothing else (no times, paths or secrets)."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import prompts
from app.settings import Settings
from eval.judges.identity import judge_of
from eval.reference import NONE
from eval.suite import Suite
from indexing.collection import Collection

ROOT = Path(__file__).resolve().parent.parent
CODE = ("app", "indexing", "prompts", "eval")
PACKAGES = """onrecord chromadb numpy nupunkt onnxruntime tantivy tokenizers llama-index-core ir_measures
scipy""".split()


class Asking(Protocol):
    """The options of a run that its numbers depend on."""

    @property
    def split(self) -> str | None: ...
    @property
    def gate(self) -> bool: ...
    @property
    def history(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Configuration:
    """`values` go into metrics.json; `fingerprint` is their sha256: runs that share it should give the same numbers."""

    values: dict[str, Any]
    fingerprint: str

    @classmethod
    def of(
        cls,
        suite: Suite,
        options: Asking,
        target: Mapping[str, Any],
        settings: Settings,
        collection: Collection | None,
    ) -> Configuration:
        part = suite.part(options.split)
        ours = target["kind"] == "assistant"
        values = {
            "suite": {"name": suite.name, "sha256": suite.sha256, "split": options.split, "items": len(part)},
            "target": dict(target),
            "history": options.history,
            "gate": options.gate,
            "gate_fingerprint": judge_of("gate").fingerprint,
            "collection": _collection(collection) if collection else NONE,
            "settings": {"llm": settings.llm if ours else str(target.get("llm", ""))},
            "prompts": prompt_fingerprints(),
            "versions": versions(),
            "code": _code_fingerprint(),
        }
        return cls(values, _sha256(json.dumps(values, sort_keys=True).encode()))

    def differences(self, other: Mapping[str, Any]) -> list[str]:
        """The keys, two deep, whose values are others there."""
        found = []
        for key, value in self.values.items():
            there = other.get(key)
            if isinstance(value, dict) and isinstance(there, Mapping):
                found += [
                    f"{key}.{below}" for below in sorted({*value, *there}) if value.get(below) != there.get(below)
                ]
            elif value != there:
                found.append(key)
        return found


def _collection(collection: Collection) -> dict[str, Any]:
    catalogue = collection.catalogue
    versions = [(entry.name, entry.version, entry.fingerprint) for entry in catalogue.entries()]
    return {
        "documents": len(versions),
        "passages": catalogue.count_chunks(),
        "sha256": _sha256(json.dumps(sorted(versions)).encode()),
        "embedder": collection.embedder.name,
    }


def prompt_fingerprints() -> dict[str, str]:
    return {path.stem: prompts.fingerprint(path.stem) for path in sorted(prompts.FOLDER.glob("*.txt"))}


def versions() -> dict[str, str]:
    """Of Python and of the packages that a number may depend on."""
    return {"python": platform.python_version(), **{name: _version(name) for name in PACKAGES}}


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


@functools.cache  # the code that this process runs does not change when a file does
def _code_fingerprint() -> str:
    """The sha256 over our own sources, so that a change of code is a change of configuration."""
    files = sorted(path for folder in CODE for path in (ROOT / folder).rglob("*.py"))
    return _sha256(
        "".join(f"{path.relative_to(ROOT).as_posix()} {_sha256(path.read_bytes())}\n" for path in files).encode()
    )


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
