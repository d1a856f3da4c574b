"""The seam for systems under test, and how one is chosen by name."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

from app.assistant import Assistant
from app.settings import Settings
from eval.suite import Item
from indexing.errors import OnrecordError, UsageError

OURS = "assistant"


class TargetError(OnrecordError):
    """The system under test gave no answer. `passing`: the same question may do better a moment later."""

    def __init__(self, message: str, *, passing: bool = False) -> None:
        super().__init__(message)
        self.passing = passing


class Target(Protocol):
    """A system under test. `ask` is called from several threads when a run has several jobs."""

    def describe(self) -> dict[str, Any]:
        """What its answers depend on, for the configuration of a run: no paths, no secrets. `kind` is in it."""
        ...

    def ask(self, item: Item) -> dict[str, Any]:
        """The answer to an item, an `ask --json` object; raises when there is none."""
        ...


def open_target(
    spec: str, settings: Settings, assistant: Assistant | None, answers: Path | None, key: str, stack: ExitStack
) -> Target:
    """The target that a specification names; what it opens is closed with `stack`. `key` is what an HTTP target wants.

    `assistant`, `http://...`, `cmd:COMMAND`, `llamaindex` (the baseline) or `llamaindex:MODULE:CALLABLE`; recorded
    answers when `answers` is given. UsageError for anything else.
    """
    if answers is not None:
        from eval.targets.recorded import RecordedTarget

        return RecordedTarget(answers)
    if spec == OURS:
        from eval.targets.ours import AssistantTarget

        assert assistant is not None, "our own target always has its collection"
        return AssistantTarget(settings, assistant)
    if spec.startswith(("http://", "https://")):
        from eval.targets.endpoint import EndpointTarget

        return EndpointTarget(spec, key, stack)
    if spec.startswith("cmd:"):
        from eval.targets.process import ProcessTarget

        return ProcessTarget(spec.removeprefix("cmd:"), stack)
    kind, _, engine = spec.partition(":")
    if kind == "llamaindex":
        from eval.targets.engine import baseline, imported

        collection = assistant.collection if assistant else None
        return imported(engine, collection) if engine else baseline(settings, collection, stack)
    raise UsageError(
        f"unknown target {spec!r}; give assistant, http://HOST..., cmd:COMMAND, llamaindex or "
        "llamaindex:MODULE:CALLABLE"
    )
