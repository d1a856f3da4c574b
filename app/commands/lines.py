"""JSONL in, JSONL out: a line for every line, whatever happens to one of them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from indexing.errors import OnrecordError


def run_lines(source: Path, out: Path | None, answer: Callable[[object], dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """What `answer` gives for each object of `source`, written to `out` or standard output and then handed on.

    An object that cannot be answered gets `{"id", "status": "error", "error"}`, which names its line and quotes nothing
    of it. Raises OnrecordError before anything is written when a file cannot be used.
    """
    try:
        lines = [line for line in source.read_text(encoding="utf-8-sig").split("\n") if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise OnrecordError(
            f"{source} cannot be read ({error}); give a UTF-8 file with one JSON object a line"
        ) from error
    try:
        sink = (
            nullcontext(sys.stdout)
            if out is None
            else out.open("w", encoding="utf-8", errors="backslashreplace", newline="\n")
        )
    except OSError as error:
        raise OnrecordError(f"{out} cannot be written ({error.strerror}); choose another --out") from error
    with sink as stream:
        for number, line in enumerate(lines, 1):
            result = _result(number, line, answer)
            print(json.dumps(result, ensure_ascii=False), file=stream, flush=True)
            if sys.stderr.isatty():
                ending = "\n" if number == len(lines) else ""
                print(f"\r{number} of {len(lines)}", end=ending, file=sys.stderr, flush=True)
            yield result


def _result(number: int, line: str, answer: Callable[[object], dict[str, Any]]) -> dict[str, Any]:
    identity: object = None
    try:
        raw = json.loads(line)
        identity = raw.get("id") if isinstance(raw, dict) else None
        return answer(raw)
    except (OnrecordError, ValidationError, ValueError, RecursionError) as error:
        return {"id": identity, "status": "error", "error": f"line {number}: {_words(error)}"}


def _words(error: Exception) -> str:
    """What is wrong with a line, without what stands in it."""
    if isinstance(error, ValidationError):
        return "; ".join(
            f"{'.'.join(map(str, problem['loc'])) or 'item'}: {problem['msg']}" for problem in error.errors()
        )
    return f"not JSON: {error.msg}" if isinstance(error, json.JSONDecodeError) else str(error)
