"""What a run was made with: everything that may change its numbers, and nothing else (no times, paths or secrets)."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import json
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import prompts
from app.assistant import Assistant
from app.destination import remote_host
from app.settings import Settings
from eval.suite import Suite

ROOT = Path(__file__).resolve().parent.parent
CODE = ("app", "indexing", "prompts", "eval")
PACKAGES = ("onrecord", "chromadb", "numpy", "nupunkt", "onnxruntime", "tantivy", "tokenizers", "llama-index-core")
SECRET = ("key", "token", "secret", "password", "header", "auth")


@dataclass(frozen=True, slots=True)
class Configuration:
    """`values` go into metrics.json; `fingerprint` is their sha256: runs that share it should give the same numbers."""

    values: dict[str, Any]
    fingerprint: str

    @classmethod
    def of(
        cls, suite: Suite, split: str | None, assistant: Assistant, settings: Settings, gate: bool = True
    ) -> Configuration:
        values = {
            "suite": {"name": suite.name, "sha256": suite.sha256, "split": split, "items": len(suite.part(split))},
            "collection": _collection(assistant),
            "settings": _settings(settings),
            "gate": gate,
            "prompts": prompt_fingerprints(),
            "versions": versions(),
            "code": _code_fingerprint(),
        }
        return cls(values, _sha256(json.dumps(values, sort_keys=True).encode()))


def _collection(assistant: Assistant) -> dict[str, Any]:
    catalogue = assistant.collection.catalogue
    versions = [(entry.name, entry.version, entry.fingerprint) for entry in catalogue.entries()]
    return {
        "documents": len(versions),
        "passages": catalogue.count_chunks(),
        "sha256": _sha256(json.dumps(sorted(versions)).encode()),
        "embedder": assistant.collection.embedder.name,
    }


def _settings(settings: Settings) -> dict[str, Any]:
    """The settings that an answer depends on; of an endpoint only the host, and no option that looks like a secret."""
    options = {key: value for key, value in settings.llm_options.items() if not any(s in key.lower() for s in SECRET)}
    llm = {"llm_host": remote_host(settings.llm_url) or "local", "llm_options": options} if settings.llm else {}
    names = ("llm", "llm_context", "passages", "max_statements", "max_question")
    values = settings.model_dump(mode="json", include=set(names))
    return {**{name: values[name] for name in names}, **llm}


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
