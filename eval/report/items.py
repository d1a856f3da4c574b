"""One item of a run as HTML: what was asked, said and cited, with the cited words marked in their passage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

AROUND = 160  # characters shown beside a cited span where no retrieved passage holds it
NO_VERDICT = "no verdict"
LABELS = {
    "supported": "✓ supported",
    "partly": "~ partly supported",
    "unsupported": "✗ not supported",
    "not_a_claim": "– no claim",
    "unchecked": "? not checked",
}


def outcome(record: Mapping[str, Any]) -> str:
    """What became of it, in a word: `right` and `wrong` as far as evidence or refusal tell, else `answered`."""
    if record["output"] is None:
        return "failed"
    refused = record["output"]["status"] == "refused"
    if record["type"].startswith("unanswerable"):
        return "right" if refused else "wrong"
    if refused:
        return "wrong"
    gold = [(one["file"], start, end) for one in record["evidence"] for start, end in one["spans"]]
    if not gold:
        return "answered"
    cited = [(one["file"], one["start"], one["end"]) for one in _citations(record["output"])]
    meets = any(
        file == place[0] and start < place[2] and place[1] < end for file, start, end in cited for place in gold
    )
    return "right" if meets else "wrong"


def item(record: Mapping[str, Any]) -> str:
    """The whole item, folded; its words are what the page's search looks through."""
    became, output = outcome(record), record["output"]
    turns = "".join(
        f'<p class="turn"><b>{escape(turn["role"])}</b> {escape(turn["content"])}</p>' for turn in record["history"]
    )
    body = (
        f'<p class="error">{escape(record["error"])}</p>'
        if output is None
        else _answer(output, _judged(record), _claims(record))
    )
    return (
        f'<details class="item" id="{escape(record["id"])}" data-type="{escape(record["type"])}" '
        f'data-outcome="{became}">'
        f'<summary><span class="outcome {became}">{became}</span> <code>{escape(record["id"])}</code> '
        f'<span class="type">{escape(record["type"])}</span> {escape(record["question"])}</summary>'
        f"{turns}{body}{_gold(record)}</details>"
    )


def _citations(output: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [citation for statement in output["statements"] for citation in statement["citations"]]


def _claims(record: Mapping[str, Any]) -> list[str]:
    """What a judging model made of each statement, where one judged."""
    opinion = record.get("opinion") or {"model": "", "statements": [[] for _ in record["output"]["statements"]]}
    return [_claims_of(one, opinion["model"]) for one in opinion["statements"]]


def _claims_of(claims: Sequence[Mapping[str, Any]] | None, model: str) -> str:
    if claims is None:
        return f'<p class="support">{escape(model)} did not take this apart</p>'
    rows = "".join(
        f"<li>{escape(one['text'])} <small>cited: {one['cited'] or NO_VERDICT}; "
        f"found: {one['retrieved'] or NO_VERDICT}</small></li>"
        for one in claims
    )
    return f'<p class="support">Claims, judged by {escape(model)}:</p><ul class="claims">{rows}</ul>' if rows else ""


def _judged(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The statements, each with what the gate says of it here where the system itself checked nothing."""
    statements = record["output"]["statements"]
    gate = record.get("judged") or [{} for _ in statements]
    return [
        {**said, "support": found["support"], "reason": found["reason"]}
        if found and said.get("support", "unchecked") == "unchecked"
        else said
        for said, found in zip(statements, gate, strict=True)
    ]


def _answer(output: Mapping[str, Any], statements: Sequence[Mapping[str, Any]], claims: Sequence[str]) -> str:
    notices = "".join(f'<p class="notice">{escape(notice)}</p>' for notice in output.get("notices", ()))
    if output["status"] == "refused":
        reason = escape(str(output.get("reason") or ""))
        near = "".join(_near(one) for one in output["retrieved"][:2])
        return f'{notices}<p class="refused">Refused: the documents do not say. {reason}</p>{near}'
    pairs = zip(statements, claims, strict=True)
    return notices + "".join(_statement(statement, output["retrieved"], told) for statement, told in pairs)


def _statement(statement: Mapping[str, Any], retrieved: Sequence[Mapping[str, Any]], claims: str) -> str:
    support = LABELS.get(statement["support"], statement["support"])
    reason = f": {escape(statement['reason'])}" if statement.get("reason") else ""
    places = "".join(_cited(citation, retrieved) for citation in statement["citations"])
    return (
        f'<div class="statement {escape(statement["support"])}"><p>{escape(statement["text"])}</p>'
        f'<p class="support">{support}{reason}</p>{places}{claims}</div>'
    )


def _cited(citation: Mapping[str, Any], retrieved: Sequence[Mapping[str, Any]]) -> str:
    """The passage around a citation with its exact characters marked."""
    start, end = citation["start"], citation["end"]
    for passage in retrieved:
        if passage["file"] == citation["file"] and passage["start"] <= start and end <= passage["end"]:
            text, at = passage["text"], start - passage["start"]
            before, inside, after = text[:at], text[at : at + end - start], text[at + end - start :]
            break
    else:
        before, inside, after = "", citation["quote"], ""
    words = f"{escape(_end(before, AROUND * 3))}<mark>{escape(inside)}</mark>{escape(_head(after, AROUND * 3))}"
    about = ", ".join(escape(str(citation[key])) for key in ("title", "source", "date") if citation.get(key))
    place = f"{citation['file']}:{start}-{end}"
    return f"<blockquote>{words}<footer>{about} <code>{escape(place)}</code></footer></blockquote>"


def _head(text: str, most: int) -> str:
    """The first characters of a text, not beyond a whole word where there is more of it."""
    return text if len(text) <= most else f"{text[: max(text.rfind(' ', 0, most), most // 2)]} …"


def _end(text: str, most: int) -> str:
    """The last ones."""
    if len(text) <= most:
        return text
    at = text.find(" ", len(text) - most)
    return f"… {text[at + 1 if 0 <= at < len(text) - most // 2 else len(text) - most :]}"


def _near(passage: Mapping[str, Any]) -> str:
    place = f"{passage['file']}:{passage['start']}-{passage['end']}"
    text = escape(_head(passage["text"], AROUND * 2))
    return f'<blockquote class="near">{text}<footer>nearest passage <code>{escape(place)}</code></footer></blockquote>'


def _gold(record: Mapping[str, Any]) -> str:
    parts = []
    if record.get("answer"):
        parts.append(f"<p>Expected: {escape(record['answer'])}</p>")
    parts += [
        f"<blockquote>{escape(one['quote'])}<footer>evidence <code>{escape(one['file'])}</code></footer></blockquote>"
        for one in record["evidence"]
    ]
    if record.get("note"):
        parts.append(f"<p>Note: {escape(record['note'])}</p>")
    return f'<div class="gold">{"".join(parts)}</div>' if parts else ""
