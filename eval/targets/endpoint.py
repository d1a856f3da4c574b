"""Any HTTP endpoint that speaks our JSON: POST {"question", "history"}, and an `ask --json` object comes back."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import httpx

from eval.suite import Item
from eval.targets.target import TargetError

PATH = "/api/ask"  # where the URL names no path
PASSING = (408, 425, 429, 500, 502, 503, 504)


class EndpointTarget:
    """One pooled client; the runner's time limit is the only one."""

    def __init__(self, url: str, key: str, stack: ExitStack) -> None:
        """`key` is sent as a bearer token, where there is one."""
        parts = urlsplit(url)
        self._url = url if parts.path not in ("", "/") else f"{parts.scheme}://{parts.netloc}{PATH}"
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._client = stack.enter_context(httpx.Client(headers=headers, timeout=httpx.Timeout(None, connect=10.0)))

    def describe(self) -> dict[str, Any]:
        parts = urlsplit(self._url)
        return {"kind": "http", "endpoint": f"{parts.hostname}{parts.path}"}

    def ask(self, item: Item) -> dict[str, Any]:
        body = {"question": item.question, "history": [turn.model_dump() for turn in item.history]}
        try:
            response = self._client.post(self._url, json=body)
        except httpx.HTTPError as error:
            raise TargetError(f"{type(error).__name__}: {error}", passing=True) from None
        if response.status_code != 200:
            words = f"HTTP {response.status_code}: {response.text[:300]}"
            raise TargetError(words, passing=response.status_code in PASSING)
        try:
            answer = response.json()
        except ValueError:
            raise TargetError(f"the reply is not JSON: {response.text[:200]!r}") from None
        if not isinstance(answer, dict):
            raise TargetError("the reply is not a JSON object")
        return answer
