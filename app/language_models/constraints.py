"""Replies held to the references that were offered: by a grammar for llama.cpp, by a JSON schema elsewhere."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Form = Literal["text", "grammar", "schema"]
"""How a reply names its sentences: markers that are only asked for, markers that a grammar holds, or JSON."""

MOST_LISTED = 240  # values of an enumeration in a schema: endpoints take no more than a few hundred
AT_ONCE = 3  # references that a grammar allows a sentence


class Holding(Protocol):
    """What a reply can be held to."""

    def request(self, form: Form) -> dict[str, Any]:
        """What is added to a request of the chat protocol."""
        ...


@dataclass(frozen=True, slots=True)
class Constraint:
    """What a reply is held to: `references` are the numbers offered, `refusal` is the line without any, and `most` is
    how many sentences it may have."""

    references: tuple[str, ...]
    refusal: str
    most: int = 5

    @property
    def grammar(self) -> str:
        """In llama.cpp's notation (GBNF): the refusal alone, or sentences that each end with markers."""
        known = " | ".join(json.dumps(one) for one in self.references)
        more = '(", " reference)?'
        rest = ""
        for _ in range(self.most - 1):
            rest = f'(" " sentence{" " + rest if rest else ""})?'
        return (
            f"root ::= {json.dumps(self.refusal)} | sentence {rest}\n"
            f'sentence ::= [^\\[\\]<>\\n]+ "[" reference {" ".join([more] * (AT_ONCE - 1))} "]."\n'
            f"reference ::= {known}\n"
        )

    @property
    def schema(self) -> dict[str, Any]:
        """A JSON schema of the strict kind: each statement with its sentences; no statement is the refusal."""
        reference: dict[str, Any] = {"type": "string"}
        if len(self.references) <= MOST_LISTED:
            reference["enum"] = list(self.references)
        statement = {
            "type": "object",
            "properties": {
                "sentences": {"type": "array", "items": reference, "minItems": 1},
                "text": {"type": "string"},
            },
            "required": ["sentences", "text"],
            "additionalProperties": False,
        }
        return {
            "type": "object",
            "properties": {"statements": {"type": "array", "items": statement}},
            "required": ["statements"],
            "additionalProperties": False,
        }

    def request(self, form: Form) -> dict[str, Any]:
        """What is added to a request of the chat protocol."""
        if form == "grammar":
            return {"extra_body": {"grammar": self.grammar}}
        if form == "schema":
            named = {"name": "answer", "strict": True, "schema": self.schema}
            return {"response_format": {"type": "json_schema", "json_schema": named}}
        return {}
