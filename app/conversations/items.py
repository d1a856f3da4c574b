"""What readers said of answers, as items of an eval suite: what they approved with the words it rested on, what they
disputed for somebody to put right. An item carries nothing of who said it.

A suite that is there already is added to and otherwise left as it is, for people put gold answers into it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from app.conversations.record import cited, turns_of
from app.conversations.values import Feedback, Given, Kept
from app.exchange import REFUSED
from indexing.documents import Document
from indexing.errors import OnrecordError

Split = Literal["approved", "disputed", "remarked"]
FindDocument = Callable[[str], Document | None]
"""The document of that name as it is today."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What became of all that was said: items added (of which split), those that were there, changed evidence."""

    added: dict[str, int]
    known: int
    changed: int

    def as_json(self) -> dict[str, Any]:
        return {"added": self.added, "already_there": self.known, "evidence_changed": self.changed}


def export(judged: Iterable[Given], path: Path, find: FindDocument) -> Exported:
    """Add an item for each question with its history to the suite at `path`, made where it is not there.

    Raises OnrecordError for a file that is no JSONL suite or cannot be written.
    """
    before = _read(path)
    there = set(_keys(before, path))
    groups: dict[str, list[Given]] = {}
    for given in judged:
        answer = given.exchange.answer
        if answer is not None and answer["status"] != "aside" and given.exchange.feedback.said:
            groups.setdefault(_key(given.exchange.question, history_of(given.before)), []).append(given)
    items = [item_of(group, find) for key, group in groups.items() if key not in there]
    if items:
        apart = "" if not before or before.endswith("\n") else "\n"
        _write(path, before + apart + "".join(f"{json.dumps(item, ensure_ascii=False)}\n" for item in items))
    splits = [item["split"] for item in items]
    changed = sum(item["reader"]["evidence_changed"] for item in items)
    return Exported({split: splits.count(split) for split in dict.fromkeys(splits)}, len(groups) - len(items), changed)


def item_of(group: Sequence[Given], find: FindDocument) -> dict[str, Any]:
    """One item of all that was said of one question, oldest first; its answer is that of the last who approved.

    `evidence` are the words an approved answer cites, as far as the documents still hold them.
    """
    feedback = [one.exchange.feedback for one in group]
    split = split_of(feedback)
    chosen = next((one for one in reversed(group) if one.exchange.feedback.verdict == "up"), group[-1])
    answer = chosen.exchange.answer or {}
    history = history_of(chosen.before)
    refused = answer["status"] == "refused"
    quotes = list(_evidence(chosen.exchange, find)) if split == "approved" else []
    evidence = [one for one in quotes if one is not None]
    if refused and split == "approved":
        kind = "unanswerable"
    else:
        kind = "follow_up" if history else "general"
    reader = {
        "approved": sum(one.verdict == "up" for one in feedback),
        "rejected": sum(one.verdict == "down" for one in feedback),
        "wrong_citations": [one for given in group for one in _wrong(given.exchange)],
        "notes": [one.note for one in feedback if one.note],
        "status": answer["status"],
        "answer": REFUSED if refused else answer["answer"],
        "evidence_changed": len(evidence) < len(quotes),
        "given_at": max(one.given_at for one in feedback),
    }
    return {
        "id": f"reader-{_key(chosen.exchange.question, history)[:12]}",
        "type": kind,
        "question": chosen.exchange.question.strip(),
        "history": history,
        "answer": "",
        "aliases": [],
        "evidence": evidence,
        "split": split,
        "note": _in_words(split, reader),
        "reader": reader,
    }


def split_of(feedback: Sequence[Feedback]) -> Split:
    """`approved` if somebody approved and nobody objected, `disputed` if anybody did; else there are notes alone."""
    if any(one.verdict == "down" or one.wrong for one in feedback):
        return "disputed"
    return "approved" if any(one.verdict == "up" for one in feedback) else "remarked"


def history_of(before: Iterable[Kept]) -> list[dict[str, str]]:
    """The messages that a question came after."""
    return [{"role": turn.role, "content": turn.content} for turn in turns_of(before)]


def _evidence(kept: Kept, find: FindDocument) -> Iterator[dict[str, Any] | None]:
    """Each cited quote with its place in the document of today; None for one that it holds no more."""
    for citation in dict.fromkeys(cited(kept.answer or {}).values()):
        document = find(citation.file)
        if document is None or citation.quote not in document.text:
            yield None
        elif document.version == citation.version:
            yield {"file": citation.file, "quote": citation.quote, "start": citation.span.start}
        else:
            yield {"file": citation.file, "quote": citation.quote}


def _wrong(kept: Kept) -> Iterator[dict[str, str]]:
    citations = cited(kept.answer or {})
    for one in kept.feedback.wrong:
        if one in citations:
            statement = (kept.answer or {})["statements"][one.statement - 1]["text"]
            yield {"statement": statement, "file": citations[one].file, "quote": citations[one].quote}


def _in_words(split: Split, reader: Mapping[str, Any]) -> str:
    """The same in a line for people."""
    parts = [f"a reader {split} this answer" if split != "remarked" else "a reader left a note"]
    wrong = len(reader["wrong_citations"])
    parts += [f"{wrong} wrong {'citation' if wrong == 1 else 'citations'}"] if wrong else []
    parts += ["some cited words changed since"] if reader["evidence_changed"] else []
    return f"{'; '.join(parts)}{''.join(f': {note}' for note in reader['notes'])}"


def _key(question: str, history: Sequence[Mapping[str, Any]]) -> str:
    """The same for the same question after the same messages, whatever its case and blanks."""
    said = [question, *(f"{one.get('role')}: {one.get('content')}" for one in history)]
    return hashlib.sha256(
        "\n".join(" ".join(one.casefold().split()) for one in said).encode("utf-8", "surrogatepass")
    ).hexdigest()


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise OnrecordError(f"{path} cannot be read ({error}); name a JSONL suite, or a new file") from error


def _keys(text: str, path: Path) -> Iterator[str]:
    """What the items of a suite ask."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                item = json.loads(line)
                yield _key(item["question"], item.get("history") or ())
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise OnrecordError(f"{path}:{number} is no item of a JSONL suite; name another file") from error


def _write(path: Path, text: str) -> None:
    """All of it or nothing."""
    beside = path.with_name(f"{path.name}.new")
    try:
        with beside.open("w", encoding="utf-8", errors="replace") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise OnrecordError(f"{path} cannot be written ({error.strerror}); choose another place") from error
