"""What the faces ask of kept conversations: exchanges in, packets out, and nothing kept where the settings say so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from app.assistant import Assistant
from app.conversations.record import cited, record_of
from app.conversations.store import Conversations
from app.conversations.values import LONGEST_NOTE, Conversation, Feedback, Kept
from app.exchange import Exchange
from app.packet import made_with, packet_of
from app.settings import Settings
from indexing.catalogue import Catalogue
from indexing.errors import UsageError

NOWHERE = ("", 0)


class Keeper:
    """The conversations of an assistant's readers. `on` is false where none are kept; those that are stay readable."""

    def __init__(self, assistant: Assistant, settings: Settings) -> None:
        self.store = Conversations(settings.home)
        self.on = settings.keep_conversations
        self._made_with: Callable[[], dict[str, Any]] = lambda: made_with(assistant, settings)

    def begin(self, user: str, question: str, conversation: str, replacing: int | None = None) -> tuple[str, int]:
        """Conversation and place of a question that is being answered; `NOWHERE` where nothing is kept."""
        return self.store.begin(user, question, conversation, replacing) if self.on else NOWHERE

    def finish(self, user: str, conversation: str, place: int, exchange: Exchange) -> None:
        """Keep what came of it."""
        if place:
            self.store.finish(user, conversation, place, exchange.stage, record_of(exchange), self._made_with())


def packet_of_conversation(conversation: Conversation, catalogue: Catalogue) -> dict[str, Any]:
    """The evidence packet of a conversation. Raises UsageError for one in which nothing was answered."""
    answered = [one for one in conversation.exchanges if one.answer and one.answer["status"] != "aside"]
    if not answered:
        raise UsageError("nothing was answered in this conversation, so there is no evidence to pack")
    made = answered[-1].made_with
    answers = [
        {
            **(one.answer or {}),
            "asked_at": one.asked_at,
            **({} if one.made_with == made else {"made_with": one.made_with}),
        }
        for one in answered
    ]
    return packet_of(answers, made, catalogue)


def checked(feedback: Feedback, kept: Kept) -> Feedback:
    """Feedback that speaks of what there is. Raises UsageError where it does not."""
    if kept.answer is None:
        raise UsageError("this question came to no answer, so there is nothing to say of it")
    if len(feedback.note) > LONGEST_NOTE:
        raise UsageError(f"a note may have {LONGEST_NOTE:,} characters; say it more briefly")
    known = cited(kept.answer)
    for one in feedback.wrong:
        if one not in known:
            raise UsageError(f"statement {one.statement} of this answer has no citation [{one.citation}]")
    return replace(feedback, wrong=tuple(sorted(set(feedback.wrong))), note=feedback.note.strip())
