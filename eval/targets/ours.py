"""Our assistant, in any configuration."""

from __future__ import annotations

from typing import Any

from app.assistant import Assistant
from app.language_models.destination import remote_host
from app.settings import Settings
from eval.suite import Item
from indexing.errors import ModelError, UsageError

SECRET = ("key", "token", "secret", "password", "header", "auth")
NO_INFLUENCE = {  # settings that no answer depends on, or that the collection's part of a configuration tells
    "home", "chroma_url", "host", "port", "llm_url", "llm_key", "llm_options", "llm_timeout", "llm_retries",
    "embed", "embed_url", "embed_key", "embed_options", "rerank_options", "max_document_mb",
}  # fmt: skip


class AssistantTarget:
    """`Assistant.ask` inside this process."""

    def __init__(self, settings: Settings, assistant: Assistant) -> None:
        self._settings, self._assistant = settings, assistant

    def describe(self) -> dict[str, Any]:
        return {"kind": "assistant", **influences(self._settings)}

    def ask(self, item: Item) -> dict[str, Any]:
        return self._assistant.ask(item.question, item.turns()).as_json()


def influences(settings: Settings) -> dict[str, Any]:
    """The settings that an answer depends on; of an endpoint only the host, and no option that looks like a secret."""
    values = settings.model_dump(mode="json", exclude=NO_INFLUENCE)
    if settings.llm:
        values |= {
            "llm_host": remote_host(settings.llm_url) or "local",
            "llm_options": open_options(settings.llm_options),
        }
    if settings.rerank:
        values |= {"rerank_options": open_options(settings.rerank_options)}
    return values


def open_options(options: dict[str, Any]) -> dict[str, Any]:
    """Those that do not look like secrets."""
    return {key: one for key, one in options.items() if not any(secret in key.lower() for secret in SECRET)}


def may_pass(error: Exception) -> bool:
    """Whether asking again may help: not where the question or the settings are at fault."""
    return isinstance(error, ModelError) or getattr(error, "passing", not isinstance(error, UsageError))
