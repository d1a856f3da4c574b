"""An answer in prose, with or without `[n]` markers, as statements that cite the passages it was written from."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from nupunkt import sent_spans

MARKER = re.compile(r"\s*\[(\d+(?:\s*[,;]\s*\d+)*)\]")
AFTER_STOP = re.compile(r"([.!?…][\"'”’»)]*)((?:\s*\[\d+(?:\s*[,;]\s*\d+)*\])+)")
REFUSAL = re.compile(
    r"^\W*(?:empty response\b|no answer\b|(?:i(?:'m| am) sorry\W+(?:but )?)?i (?:do not|don't|cannot|can't|could not|"
    r"couldn't|am unable to|am not able to) (?:know|find|answer|determine|provide)|(?:the )?(?:provided |given )?"
    r"(?:sources?|context|documents?|passages?|information)(?: provided)? (?:do|does) not )",
    re.IGNORECASE,
)


def is_refusal(text: str) -> bool:
    """Whether a system without a status says that it does not know: no words, or one of the usual phrases in front."""
    return not text.strip() or bool(REFUSAL.search(text.replace("’", "'")))


def statements_of(text: str, retrieved: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Its sentences without their markers; `[n]`, also after the full stop, cites the n-th passage whole."""
    text = AFTER_STOP.sub(r" \2\1", text)
    statements = []
    for start, end in sent_spans(text):
        sentence = text[start:end].strip()
        numbers = [int(number) for marker in MARKER.findall(sentence) for number in re.findall(r"\d+", marker)]
        words = MARKER.sub("", sentence).strip()
        if words:
            cited = [_citation(retrieved[n - 1]) for n in dict.fromkeys(numbers) if 1 <= n <= len(retrieved)]
            statements.append({"text": words, "citations": cited})
    return statements


def _citation(passage: Mapping[str, Any]) -> dict[str, Any]:
    return {"file": passage["file"], "start": passage["start"], "end": passage["end"], "quote": passage["text"]}


def completed(answer: Mapping[str, Any]) -> dict[str, Any]:
    """An answer with every key that records have; without statements they are read from its prose.

    `statements_from` says then where they come from.
    """
    whole = {"question": "", "answer": "", "mode": "", "searched": 0, "usage": {}, "notices": [], **answer}
    whole["answer"] = whole["answer"] or " ".join(one.get("text", "") for one in whole.get("statements") or ())
    whole["retrieved"] = [_place(one, "text") for one in whole.get("retrieved") or ()]
    if whole.get("statements") is None or (not whole["statements"] and whole.get("status") == "answered"):
        whole["statements"] = statements_of(whole["answer"], whole["retrieved"])
        whole["statements_from"] = "the answer's prose"
    whole["statements"] = [_statement(one) for one in whole["statements"]]
    return whole


def _statement(given: Mapping[str, Any]) -> dict[str, Any]:
    citations = [_place(cited, "quote") for cited in given.get("citations") or ()]
    return {"text": "", "support": "unchecked", "reason": "", **given, "citations": citations}


def _place(given: Mapping[str, Any], words: str) -> dict[str, Any]:
    place = {"file": "", "start": -1, "end": -1, words: "", **given}
    return {key: (-1 if value is None else value) if key in ("start", "end") else value for key, value in place.items()}
