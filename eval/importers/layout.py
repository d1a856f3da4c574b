"""What an importer gives, and how it is written: a suite, its document set beside it, and recorded answers if any."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eval.suite import SuiteError, load_suite

NAME = re.compile(r"[^\w.-]+")
LONGEST = 80  # characters of a file's name


@dataclass(slots=True)
class Imported:
    """Items as a suite has them; texts by file name; recorded answers by who gave them ("" where nobody is named)."""

    items: list[dict[str, Any]] = field(default_factory=list)
    documents: dict[str, str] = field(default_factory=dict)
    answers: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def document(self, name: str, text: str) -> str:
        """Keep a text; returns the name of its file. The same name with another text gets a name of its own."""
        short = NAME.sub("_", name).strip("._")[:LONGEST] or "document"
        file = f"{short}.txt"
        if self.documents.get(file, text) != text or short != name:
            file = f"{short}-{hashlib.sha256(f'{name}{text}'.encode('utf-8', 'replace')).hexdigest()[:8]}.txt"
        self.documents[file] = text
        return file

    def write(self, out: Path) -> list[Path]:
        """The suite at `out`, checked; `STEM-documents/`, `STEM.answers.jsonl` beside it. Returns what was written."""
        folder = out.with_name(f"{out.stem}-documents")
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            if self.documents:
                folder.mkdir(exist_ok=True)
                for name, text in self.documents.items():
                    (folder / name).write_bytes(text.encode("utf-8", "surrogatepass"))
                for item in self.items:
                    item["documents"] = folder.name
            written = [_lines(out, self.items), *([folder] if self.documents else [])]
            for who, answers in self.answers.items():
                middle = f".{NAME.sub('_', who)}" if who else ""
                written.append(_lines(out.with_name(f"{out.stem}{middle}.answers.jsonl"), answers))
        except OSError as error:
            raise SuiteError(f"{out} cannot be written ({error.strerror}); choose another --out") from error
        load_suite(out)
        return written


def _lines(path: Path, values: list[dict[str, Any]]) -> Path:
    text = "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values)
    path.write_text(text, encoding="utf-8", newline="\n")
    return path


def answered(item: str, text: str, passages: list[tuple[str, str]], **more: Any) -> dict[str, Any]:
    """A recorded answer in prose, with the `(file, text)` of whole documents that it was written from."""
    retrieved = [{"file": file, "start": 0, "end": len(passage), "text": passage} for file, passage in passages]
    return {"id": item, "status": "answered", "answer": text, "retrieved": retrieved, **more}


def json_lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object of a JSONL file with its place, `FILE:LINE`; SuiteError that names it."""
    try:
        with path.open(encoding="utf-8-sig") as stream:
            for number, line in enumerate(stream, 1):
                if line.strip():
                    yield f"{path}:{number}", _object(line, f"{path}:{number}")
    except OSError as error:
        raise SuiteError(f"{path} cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise SuiteError(f"{path} is not UTF-8 ({error.reason} at byte {error.start}); save it as UTF-8") from error


def json_rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of a JSONL file, or of a `.json` file that is a list of them, each with its place."""
    if path.suffix.lower() != ".json":
        yield from json_lines(path)
        return
    rows = json_file(path)
    if not isinstance(rows, list):
        raise SuiteError(f"{path}: not a list of objects")
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise SuiteError(f"{path}: object {number}: not a JSON object")
        yield f"{path}: object {number}", row


def json_file(path: Path) -> Any:
    """The value of a JSON file."""
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SuiteError(f"{path} cannot be read ({error.strerror})") from error
    except json.JSONDecodeError as error:
        raise SuiteError(f"{path}:{error.lineno}: not valid JSON ({error.msg})") from None
    except UnicodeDecodeError as error:
        raise SuiteError(f"{path} is not UTF-8 ({error.reason} at byte {error.start}); save it as UTF-8") from error


def _object(line: str, place: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError as error:
        raise SuiteError(f"{place}: not valid JSON ({error})") from None
    if not isinstance(value, dict):
        raise SuiteError(f"{place}: not a JSON object")
    return value


def wanted(value: Any, keys: str, place: str) -> Any:
    """A value below nested keys, `a.b.0`; SuiteError that names the place and the key that is missing."""
    for key in keys.split("."):
        try:
            value = value[int(key) if isinstance(value, list) else key]
        except (KeyError, IndexError, TypeError, ValueError):
            raise SuiteError(f"{place}: there is no {keys}") from None
    return value
