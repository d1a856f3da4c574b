"""What a reader does with what stands on the page, as it comes in from the browser: read, checked, and kept."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from app.conversations.keeper import Keeper, checked
from app.conversations.values import LONGEST_NOTE, Wrong
from app.ui.talk import Talk
from indexing.errors import UsageError

Act = Literal["open", "new", "delete", "rename", "more", "edit", "leave", "up", "down", "remark"]
Marked = Annotated[str, StringConstraints(pattern=r"^[1-9]\d{0,5}\.[1-9]\d{0,5}$")]


class Given(BaseModel):
    """One act: `id` is the conversation it is about, `at` the number of the exchange on the page, from 0.

    `wrong` are citations as `STATEMENT.NUMBER`, both from 1.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    act: Act
    id: Annotated[str, Field(max_length=64)] = ""
    at: Annotated[int, Field(ge=0, le=10_000)] = 0
    title: Annotated[str, Field(max_length=200)] = ""
    note: Annotated[str, Field(max_length=LONGEST_NOTE)] = ""
    wrong: Annotated[tuple[Marked, ...], Field(max_length=200)] = ()


def given(data: Any) -> Given:
    """What came in. Raises UsageError for what the page does not send."""
    try:
        return Given.model_validate(data)
    except ValidationError:
        raise UsageError("that was not understood; reload the page") from None


def judged(keeper: Keeper, talk: Talk, act: Given) -> Talk:
    """Keep what a reader says of an answer: a verdict pressed again is taken back.

    Raises UsageError where there is no such answer, any more.
    """
    over = talk.over
    place = over[act.at].place if act.at < len(over) else 0
    kept = keeper.store.exchange(talk.user, talk.conversation, place) if place else None
    if kept is None:
        raise UsageError("this answer is not kept, so there is nothing to say of it; ask again")
    before = kept.feedback
    if act.act == "remark":
        after = replace(before, wrong=tuple(Wrong(*map(int, one.split("."))) for one in act.wrong), note=act.note)
    else:
        verdict: Literal["up", "down"] = "up" if act.act == "up" else "down"
        after = replace(before, verdict="" if before.verdict == verdict else verdict)
    after = checked(replace(after, given_at=""), kept)
    keeper.store.give(talk.user, talk.conversation, place, after)
    return talk.judged(act.at, after)
