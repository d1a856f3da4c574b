"""What a judging model replied, kept on disk as it comes: no prompt is sent, or paid for, twice."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.judging.second_opinion import said_by
from app.language_models.llm import LanguageModel, count_tokens
from indexing.errors import ModelError, OnrecordError

ENOUGH = 20_000  # characters of a reply that are read


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply's text, and the tokens of it and of its prompt, counted as cl100k_base has them."""

    text: str
    prompt_tokens: int
    answer_tokens: int


class Replies:
    """One file with a JSON line a reply; what a kill left half written is cut off. Safe for threads."""

    def __init__(self, path: Path) -> None:
        self._places: dict[str, int] = {}
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._stream = path.open("ab+")
            self._take_up()
        except OSError as error:
            raise OnrecordError(f"{path} cannot be written ({error.strerror}); it keeps what the judge says") from error

    def _take_up(self) -> None:
        self._stream.seek(0)
        at = 0
        for line in self._stream:
            try:
                key = str(json.loads(line)["key"])
            except (ValueError, KeyError, TypeError):
                break
            if not line.endswith(b"\n"):
                break
            self._places[key] = at
            at += len(line)
        self._stream.truncate(at)

    def get(self, key: str) -> Reply | None:
        with self._lock:
            if (place := self._places.get(key)) is None:
                return None
            self._stream.seek(place)
            kept = json.loads(self._stream.readline())
        return Reply(kept["reply"], kept["prompt_tokens"], kept["answer_tokens"])

    def put(self, key: str, reply: Reply) -> None:
        kept: dict[str, Any] = {"key": key, "reply": reply.text}
        kept |= {"prompt_tokens": reply.prompt_tokens, "answer_tokens": reply.answer_tokens}
        line = json.dumps(kept).encode() + b"\n"
        with self._lock:
            self._stream.seek(0, 2)
            self._places[key] = self._stream.tell()
            self._stream.write(line)
            self._stream.flush()

    def close(self) -> None:
        self._stream.close()


class Asking:
    """Asks a model what no earlier call asked. Without a model only what is kept is known.

    `judge` is the fingerprint of everything that may change a reply but the prompt itself.
    """

    def __init__(self, model: LanguageModel | None, replies: Replies, judge: str) -> None:
        self._model, self._replies, self._judge = model, replies, judge

    def __call__(self, system: str, user: str, turn: int = 0) -> Reply:
        """The reply; `turn` counts repeated asking. Raises ModelError where none comes."""
        key = _key(self._judge, system, user, str(turn))
        if (kept := self._replies.get(key)) is not None:
            return kept
        if self._model is None:
            raise ModelError("no reply is kept")
        text = said_by(self._model, system, user, ENOUGH)
        reply = Reply(text, count_tokens(system) + count_tokens(user), count_tokens(text))
        self._replies.put(key, reply)
        return reply


def _key(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def fenced(text: str) -> str:
    """A reply without the one code fence that many models put around JSON."""
    lines: Sequence[str] = text.strip().split("\n")
    if len(lines) > 2 and lines[0] in ("```", "```json") and lines[-1] == "```":
        return "\n".join(lines[1:-1])
    return text.strip()
