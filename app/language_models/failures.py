"""What went wrong at a model's endpoint, in words for people.

Messages name the host, the model and the status, never what the endpoint said: that may hold the key or a prompt.
"""

from __future__ import annotations

import email.utils
from collections.abc import Mapping
from datetime import UTC, datetime
from json import JSONDecodeError

_HTTP = {
    400: "refused the request as invalid; check llm and llm_options",
    401: "does not accept the key; set ONRECORD_LLM_KEY (or OPENAI_API_KEY) to a valid one",
    402: "asks for payment; check the account's balance",
    403: "does not allow this key to use the model",
    404: "does not know the model or the address; check llm and llm_url",
    408: "took too long to answer",
    413: "says that the request is too long; lower llm_context",
    422: "refused the request as invalid; check llm and llm_options",
    429: "is refusing requests for now: too many, or the account's quota is used up",
}


def explain(error: Exception, host: str, model: str) -> str:
    """A sentence for people about an exception of an HTTP client or of an integration."""
    kind = " ".join(base.__name__ for base in type(error).__mro__)
    status = status_of(error)
    if status is not None and 300 <= status < 400:
        return f"{host} sends requests elsewhere; set llm_url to the final address"
    if status is not None:
        return (
            f"{host} {_HTTP.get(status, 'failed' if status >= 500 else 'refused the request')} (HTTP {status}, {model})"
        )
    if "Timeout" in kind:
        return f"{host} did not answer in time; raise llm_timeout if it is slow"
    if (
        isinstance(error.__cause__, OSError)
        or "ConnectError" in kind
        or "ConnectError" in type(error.__cause__).__name__
    ):
        return f"{host} cannot be reached; check llm_url, and that a server is running there"
    if "RemoteProtocolError" in kind or "ReadError" in kind or isinstance(error, OSError):
        return f"{host} broke off in the middle of the answer"
    if "APIConnectionError" in kind:
        return f"the connection to {host} failed"
    if "APIError" in kind:
        return f"{host} reported an error in the middle of the answer"
    if isinstance(error, (JSONDecodeError, UnicodeDecodeError)):
        return f"{host} sent something that is not the chat protocol; check llm_url"
    return f"{host} gave no usable answer for {model} ({type(error).__name__})"


def status_of(error: Exception) -> int | None:
    """The HTTP status behind an exception of openai, httpx or any client that keeps to their names."""
    response = getattr(error, "response", None)
    for status in (getattr(error, "status_code", None), getattr(response, "status_code", None)):
        if isinstance(status, int) and not isinstance(status, bool):
            return status
    return None


def retry_after(error: Exception) -> float | None:
    """The seconds that the endpoint asks to wait, from its Retry-After header as a number or a date."""
    headers = getattr(getattr(error, "response", None), "headers", None)
    value = str(headers.get("retry-after") or "") if isinstance(headers, Mapping) else ""
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (moment - datetime.now(UTC if moment.tzinfo else None)).total_seconds())
