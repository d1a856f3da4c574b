"""One reader's conversation as the page holds it, on the server: exchanges as shown, and the one being answered."""

from __future__ import annotations

from dataclasses import dataclass, replace

from app.answers import Turn
from app.conversations import view
from app.conversations.record import FindDocument, exchange_of
from app.conversations.values import NOTHING, Conversation, Feedback
from app.exchange import Exchange
from app.web import render

TURNS_KEPT = 20


@dataclass(frozen=True, slots=True)
class Past:
    """An exchange that is over: `html` of it, what a question after it hears, and its place where it is kept."""

    question: str
    html: str
    turns: tuple[Turn, ...] = ()
    place: int = 0
    answered: bool = False
    feedback: Feedback = NOTHING

    def below(self, at: int) -> str:
        return view.below(self.question, at, self.feedback, judged=self.place > 0 and self.answered)


@dataclass(frozen=True, slots=True)
class Talk:
    """`conversation` and `place` say where it is kept, if it is; `missing` is an id that was asked for and is not.

    `editing` is the number of the exchange, from 0, whose question is being edited.
    """

    user: str = ""
    past: tuple[Past, ...] = ()
    current: Exchange | None = None
    place: int = 0
    feedback: Feedback = NOTHING
    conversation: str = ""
    missing: str = ""
    editing: int | None = None

    @classmethod
    def of(cls, user: str, kept: Conversation, document: FindDocument) -> Talk:
        """A kept conversation, its last exchange as if just answered."""
        *before, last = kept.exchanges
        past = [_past(exchange_of(one, document), one.place, one.feedback) for one in before]
        current = exchange_of(last, document)
        return cls(user, tuple(past), current, last.place, last.feedback, kept.summary.id)

    def held_by(self, user: str) -> Talk:
        """The same for the reader whose it is, an empty one for anybody else."""
        return self if self.user == user else Talk(user)

    @property
    def running(self) -> bool:
        return self.current is not None and self.current.running

    @property
    def over(self) -> tuple[Past, ...]:
        """All exchanges, the current one included."""
        return self.past if self.current is None else (*self.past, _past(self.current, self.place, self.feedback))

    @property
    def turns(self) -> tuple[Turn, ...]:
        """What the next question hears of the past."""
        return tuple(turn for one in self.past for turn in one.turns)[-TURNS_KEPT:]

    @property
    def replacing(self) -> int | None:
        """The place of the first kept exchange that an edited question takes the place of."""
        places = [] if self.editing is None else [one.place for one in self.over[self.editing :] if one.place]
        return min(places, default=None)

    def asking(self, question: str) -> Talk:
        """With the current exchange laid by, or replaced by an edited question, and a new one begun."""
        return Talk(self.user, self.over[: self.editing], Exchange(question), conversation=self.conversation)

    def judged(self, at: int, feedback: Feedback) -> Talk:
        """With what a reader says of an exchange."""
        if at == len(self.past):
            return replace(self, feedback=feedback)
        past = (*self.past[:at], replace(self.past[at], feedback=feedback), *self.past[at + 1 :])
        return replace(self, past=past)

    def past_html(self) -> str:
        return "".join(
            view.turn(one.html, one.below(at), leaving=self.editing is not None and at >= self.editing)
            for at, one in enumerate(self.past)
        )

    def current_html(self) -> str:
        if self.current is None:
            return ""
        html, at = render.exchange(self.current), len(self.past)
        if self.current.running:
            return html
        judged = self.place > 0 and self.current.judged
        below = view.below(self.current.question, at, self.feedback, judged=judged)
        return view.turn(html, below, leaving=self.editing is not None)


def _past(exchange: Exchange, place: int, feedback: Feedback) -> Past:
    html = render.exchange(exchange)
    return Past(exchange.question, html, exchange.turns(), place, exchange.judged, feedback)
