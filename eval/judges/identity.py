"""Who judged: each judge by its kind, its model, and a fingerprint of all else that may change what it says."""

from __future__ import annotations

import functools
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import prompts
from app.settings import Settings
from eval.targets.ours import open_options
from indexing.errors import UsageError

Kind = Literal["gate", "llm", "second_opinion", "overlap", "always", "never"]
CODE = Path(__file__).resolve().parents[2]
# What decides when the gate judges.
GATE = (
    *("app/judging", "app/grounding", "app/lexicons", "app/drafting/reported.py"),
    *("app/quotes/exact.py", "app/quotes/speaker.py", "eval/judges/gate_judge.py"),
)
PROMPTS: dict[str, tuple[str, ...]] = {
    "llm": ("claims", "claims_of", "verdicts", "verdicts_on"),
    "second_opinion": ("judge", "judged"),
}


@dataclass(frozen=True, slots=True)
class Judge:
    """`fingerprint` is a sha256 over the model, its options and prompts, or over the gate's own files."""

    kind: Kind
    fingerprint: str
    model: str = ""

    @property
    def name(self) -> str:
        """For people."""
        return {"gate": "the gate", "llm": self.model, "second_opinion": f"second opinion of {self.model}"}.get(
            self.kind, self.kind
        )


def judge_of(kind: Kind, settings: Settings | None = None) -> Judge:
    """A judge as these settings have it; UsageError for one that needs a model without one."""
    if kind in PROMPTS:
        if settings is None or not settings.llm:
            raise UsageError(f"the judge `{kind}` needs a language model; name one with --llm")
        about = {
            "model": settings.llm,
            "context": settings.llm_context,
            "options": open_options(settings.llm_options),
            "prompts": [prompts.fingerprint(name) for name in PROMPTS[kind]],
            "gate": _gate() if kind == "second_opinion" else "",
        }
        return Judge(kind, _sha256(json.dumps(about, sort_keys=True, default=str).encode()), settings.llm)
    return Judge(kind, _gate() if kind == "gate" else _sha256(kind.encode()))


def judging(settings: Settings, model: str, url: str | None, key_name: str | None) -> Settings:
    """The settings with `model` in the place of the one that answers.

    The key and the options of the one that answers go to no other endpoint, and to no other model.
    """
    there = settings.llm_url if url is None else url
    key = settings.llm_key if there == settings.llm_url else type(settings.llm_key)("")
    if key_name is not None:
        if not os.environ.get(key_name):
            raise UsageError(f"--judge-key-env names {key_name}, which is not set")
        key = type(settings.llm_key)(os.environ[key_name])
    same = model == settings.llm and there == settings.llm_url
    changes = {"llm": model, "llm_url": there, "llm_key": key, "llm_options": settings.llm_options if same else {}}
    return settings.model_copy(update=changes)


@functools.cache  # the code that this process runs does not change when a file does
def _gate() -> str:
    paths = [CODE / name for name in GATE]
    files = sorted(one for path in paths for one in ([path] if path.is_file() else path.rglob("*")) if _counts(one))
    return _sha256(
        "".join(f"{one.relative_to(CODE).as_posix()} {_sha256(one.read_bytes())}\n" for one in files).encode()
    )


def _counts(path: Path) -> bool:
    return path.suffix in (".py", ".json", ".txt", ".toml")


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
