"""A judging model for the tests' server: it supports what it finds word for word."""

from __future__ import annotations

import json
import re

from tests.openai_server import Reply, Request, Says


def between(prompt: str, tag: str) -> str:
    found = re.search(rf"<{tag}>\n(.*?)\n</{tag}>", prompt, re.DOTALL)
    assert found is not None, f"no {tag} in {prompt!r}"
    return found[1]


def is_apart(request: Request) -> bool:
    """Whether a statement is to be taken apart; else claims are to be judged."""
    return "<sentence>" in request.prompt


def honest(request: Request) -> Reply:
    """Sentences joined by "and" are two claims; a claim with "not" against the sources is contradicted."""
    if is_apart(request):
        return Says(json.dumps({"claims": re.split(r" and (?=[A-Z])", between(request.prompt, "sentence"))}), 40)
    sources = re.sub(r"[^\w ]", "", between(request.prompt, "sentences"))
    claims = [re.sub(r"^\d+\. ", "", line) for line in between(request.prompt, "claims").split("\n")]
    return Says(json.dumps({str(at): _verdict(claim, sources) for at, claim in enumerate(claims, 1)}), 40)


def _verdict(claim: str, sources: str) -> str:
    words = re.sub(r"[^\w ]", "", claim)
    if words in sources:
        return "supported"
    return "contradicted" if words.replace(" not ", " ") in sources else "missing"
