"""A language model as judge: it takes statements apart into claims, and holds each claim against the sources.

Replies are JSON and are read strictly. What is no such JSON is no verdict: unmeasured, never a zero.
"""

from __future__ import annotations

import json
import string
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, get_args

from nupunkt import sent_spans

from app.drafting.prompting import as_data
from app.language_models.llm import answer_tokens, count_tokens
from eval.estimate import Prices
from eval.judges.gate_judge import overlap
from eval.judges.identity import Judge
from eval.judges.replies import Reply, fenced
from eval.measures.claims import all_hold
from eval.records import Claim, Opinion, Output, Said, Verdict
from indexing.errors import ModelError
from prompts import fill

Ask = Callable[[str, str], Reply]  # system and user prompt; ModelError where no reply comes
T = TypeVar("T")
MOST_CLAIMS = 40  # of a statement
MARGIN = 0.85  # of a context that is filled, since models count tokens otherwise than we do
NO_REPLY = "no reply: "


@dataclass(slots=True)
class _Tally:
    """What judging one answer took, and what went wrong."""

    calls: int = 0
    read: int = 0
    written: int = 0
    problems: list[str] = field(default_factory=list)


class ClaimJudge:
    """Judges one answer at a time with `ask`; safe for threads where that is."""

    def __init__(self, judge: Judge, ask: Ask, context: int, prices: Prices | None = None) -> None:
        """`context` is the number of tokens that a prompt and its reply share."""
        self._judge, self._asked, self._prices = judge, ask, prices or Prices()
        self._room = int((context - answer_tokens(context)) * MARGIN)

    def opinion(self, question: str, output: Output) -> Opinion:
        """Of an answer: two calls a statement, and one for all claims against the passages, more where these do not
        fit into one prompt."""
        tally = _Tally()
        apart = [self._apart(question, output.text, said.text, tally) for said in output.statements]
        cited = [
            self._verdicts(texts, [one.quote for one in said.citations], tally) if texts else []
            for said, texts in zip(output.statements, apart, strict=True)
        ]
        every = [text for texts in apart for text in texts or ()]
        passages = [passage.text for passage in output.retrieved]
        retrieved = iter(self._verdicts(every, passages, tally))
        found = " ".join(passages)
        statements = tuple(
            None if texts is None else tuple(_claims(said, texts, verdicts, retrieved, found))
            for said, texts, verdicts in zip(output.statements, apart, cited, strict=True)
        )
        return Opinion(
            judge=self._judge.fingerprint,
            model=self._judge.model,
            statements=statements,
            calls=tally.calls,
            prompt_tokens=tally.read,
            answer_tokens=tally.written,
            cost=self._prices.of({"prompt_tokens": tally.read, "answer_tokens": tally.written}),
            problems=tuple(tally.problems),
        )

    def holds(self, answer: str, statement: str, sources: Sequence[str]) -> tuple[bool | None, str]:
        """Whether sources support all that a statement claims, None where no verdict could be had; and the last
        problem. A statement that claims nothing holds."""
        tally = _Tally()
        texts = self._apart("", answer, statement, tally)
        held = None if texts is None else all_hold(self._verdicts(texts, sources, tally))
        return held, tally.problems[-1] if tally.problems else ""

    def _apart(self, question: str, answer: str, statement: str, tally: _Tally) -> list[str] | None:
        values = {"question": question or "(none)", "answer": answer, "sentence": statement}
        user = fill("claims_of", **{name: as_data(text) for name, text in values.items()})
        return self._read(fill("claims"), user, read_claims, tally)

    def _verdicts(self, claims: Sequence[str], texts: Sequence[str], tally: _Tally) -> list[Verdict | None]:
        """Of each claim against texts, which are read in as many parts as the context needs: supported where any part
        supports it; else contradicted where any contradicts it."""
        if not claims or not any(text.strip() for text in texts):
            return ["missing"] * len(claims)
        listed = "\n".join(f"{number}. {as_data(claim)}" for number, claim in enumerate(claims, 1))
        system = fill("verdicts")
        room = self._room - count_tokens(system) - count_tokens(fill("verdicts_on", **_on("", listed, claims)))
        read = lambda text: read_verdicts(text, len(claims))  # noqa: E731
        parts = [
            self._read(system, fill("verdicts_on", **_on(part, listed, claims)), read, tally)
            for part in _parts(texts, room)
        ]
        return [_best([None if part is None else part[at] for part in parts]) for at in range(len(claims))]

    def _read(self, system: str, user: str, read: Callable[[str], list[T]], tally: _Tally) -> list[T] | None:
        """What `read` makes of the reply; None where none came, or it is not what was asked for."""
        try:
            reply = self._asked(system, user)
        except ModelError as error:
            tally.problems.append(f"{NO_REPLY}{error}")
            return None
        tally.calls += 1
        tally.read += reply.prompt_tokens
        tally.written += reply.answer_tokens
        try:
            return read(reply.text)
        except ValueError as error:
            tally.problems.append(f"not understood: {error}: {' '.join(reply.text.split())[:120]}")
            return None


def read_claims(text: str) -> list[str]:
    """The claims in a reply, each once; ValueError where it is not exactly `{"claims": [text, ...]}`."""
    found = _object(text)
    claims = found.get("claims")
    if set(found) != {"claims"} or not isinstance(claims, list):
        raise ValueError("no object with claims alone")
    if not all(isinstance(claim, str) and claim.strip(string.whitespace + ".") for claim in claims):
        raise ValueError("a claim is no text")
    if len(claims) > MOST_CLAIMS:
        raise ValueError(f"more than {MOST_CLAIMS} claims")
    return list(dict.fromkeys(" ".join(claim.split()) for claim in claims))


def read_verdicts(text: str, number: int) -> list[Verdict]:
    """The verdicts in a reply, in the order of the claims; ValueError where it is not one for each, by its number."""
    found = _object(text)
    names = [str(at) for at in range(1, number + 1)]
    if set(found) != set(names):
        raise ValueError(f"not the numbers 1 to {number}")
    if not all(isinstance(one, str) and one in get_args(Verdict) for one in found.values()):
        raise ValueError("a verdict that is none")
    return [found[name] for name in names]


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(fenced(text), object_pairs_hook=_once)
    except (json.JSONDecodeError, RecursionError):
        raise ValueError("no JSON") from None
    if not isinstance(found, dict):
        raise ValueError("no JSON object")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("a key that comes twice")
    return dict(pairs)


def _claims(
    said: Said, texts: Sequence[str], cited: Sequence[Verdict | None], retrieved: Iterator[Verdict | None], found: str
) -> Iterator[Claim]:
    quotes = " ".join(one.quote for one in said.citations)
    for text, verdict in zip(texts, cited, strict=True):
        yield Claim(
            text=text,
            cited=verdict,
            retrieved=next(retrieved),
            overlap_cited=round(overlap(text, quotes), 6),
            overlap_retrieved=round(overlap(text, found), 6),
        )


def _on(sentences: str, listed: str, claims: Sequence[str]) -> dict[str, str]:
    return {"sentences": sentences, "claims": listed, "number": str(len(claims))}


def _parts(texts: Sequence[str], room: int) -> Iterator[str]:
    """The sentences of texts, a line each, in parts of at most `room` tokens; a longer one is a part of its own."""
    part: list[str] = []
    left = room
    for line in dict.fromkeys(f"- {as_data(text[a:b])}" for text in texts for a, b in sent_spans(text)):
        if line == "- ":
            continue
        tokens = count_tokens(line) + 1
        if part and tokens > left:
            yield "\n".join(part)
            part, left = [], room
        part.append(line)
        left -= tokens
    if part:
        yield "\n".join(part)


def _best(verdicts: Sequence[Verdict | None]) -> Verdict | None:
    """One verdict over parts of the sources; without a part's, only `supported` is sure."""
    if "supported" in verdicts:
        return "supported"
    if None in verdicts:
        return None
    return "contradicted" if "contradicted" in verdicts else "missing"
