"""What the page does with conversations, without a browser: whatever comes in, nobody gets at anything of another's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.assistant import Assistant
from app.conversations.keeper import Keeper
from app.conversations.values import Feedback
from app.exchange import Exchange
from app.settings import Settings
from app.ui.conversations import Shelf
from app.ui.feedback import given as read
from app.ui.talk import Talk
from indexing.errors import OnrecordError, UsageError
from tests.fake_assistant import FakeAssistant

SECRET = "Who opposed Aldermoor?"


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    keeper = Keeper(cast(Assistant, FakeAssistant()), Settings(home=tmp_path))
    yield Shelf(keeper)
    keeper.store.close()


def asked(shelf: Shelf, talk: Talk, question: str) -> Talk:
    """The conversation after a question that was answered."""
    replacing, talk = talk.replacing, talk.asking(question)
    exchange = Exchange(question)
    talk, trouble = shelf.begun(talk, replacing)
    assert not trouble
    for event in FakeAssistant().walk(question, talk.turns):
        exchange = exchange.after(event)
    shelf.finished(talk, exchange)
    return Talk(talk.user, talk.past, exchange, talk.place, conversation=talk.conversation)


def opened(shelf: Shelf, user: str, conversation: str) -> Talk:
    return shelf.opened(user, conversation, FakeAssistant().collection.document)


def test_a_conversation_opens_as_the_page_had_it(shelf: Shelf) -> None:
    talk = asked(shelf, asked(shelf, Talk("ana"), SECRET), "please refuse")
    again = opened(shelf, "ana", talk.conversation)
    assert (again.past_html(), again.current_html()) == (talk.past_html(), talk.current_html())
    assert (again.turns, again.place, again.conversation) == (talk.turns, talk.place, talk.conversation)


def test_an_edited_question_hears_nothing_of_what_it_replaces(shelf: Shelf) -> None:
    talk = asked(shelf, asked(shelf, Talk("ana"), "one"), "two")
    editing = shelf.acted(talk, read({"act": "edit", "at": 1}))
    assert editing.replacing == 2 and [turn.content for turn in editing.asking("x").turns][:1] == ["one"]
    edited = asked(shelf, editing, "three")
    assert [one.question for one in edited.over] == ["one", "three"]
    again = opened(shelf, "ana", edited.conversation)
    assert [one.question for one in again.over] == ["one", "three"]


def test_a_verdict_pressed_again_is_taken_back_and_a_remark_keeps_it(shelf: Shelf) -> None:
    talk = asked(shelf, Talk("ana"), SECRET)
    talk = shelf.acted(talk, read({"act": "up", "at": 0}))
    talk = shelf.acted(talk, read({"act": "remark", "at": 0, "note": "why", "wrong": ["2.1"]}))
    assert (talk.feedback.verdict, talk.feedback.note, len(talk.feedback.wrong)) == ("up", "why", 1)
    talk = shelf.acted(talk, read({"act": "up", "at": 0}))
    assert talk.feedback.verdict == "" and talk.feedback.note == "why"
    with pytest.raises(UsageError, match="has no citation"):
        shelf.acted(talk, read({"act": "remark", "at": 0, "wrong": ["9.9"]}))
    with pytest.raises(UsageError, match="is not kept"):
        shelf.acted(talk, read({"act": "up", "at": 7}))


def test_a_page_that_another_reader_takes_over_is_empty(shelf: Shelf) -> None:
    talk = asked(shelf, Talk("ana"), SECRET)
    assert talk.held_by("ana") is talk
    assert talk.held_by("eve") == Talk("eve")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["open", "delete", "ID", "1.1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
ACTS = ["open", "new", "delete", "rename", "more", "edit", "leave", "up", "down", "remark"]
forged = st.fixed_dictionaries(
    {"act": st.sampled_from(ACTS), "id": st.just("ID") | anything},
    optional={"at": st.integers(-1, 3) | anything, "title": st.just("mine"), "note": anything, "wrong": anything},
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=forged | anything)
def test_whatever_a_browser_sends_nothing_of_anothers_is_shown_or_changed(shelf: Shelf, data: Any) -> None:
    mine = shelf.keeper.store.listed("ana")
    identity = mine[0].id if mine else asked(shelf, Talk("ana"), SECRET).conversation
    before = shelf.keeper.store.conversation("ana", identity)
    if isinstance(data, dict) and data.get("id") == "ID":
        data = {**data, "id": identity}
    for act in (shelf.acted, lambda talk, one: shelf.turned(talk, one, FakeAssistant().collection.document)):
        try:
            after = act(Talk("eve"), read(data))
        except OnrecordError:
            continue
        assert SECRET not in f"{after.past_html()}{after.current_html()}{shelf.listing(after)}{shelf.last_time(after)}"
    assert shelf.keeper.store.conversation("ana", identity) == before
    assert before and before.exchanges[0].feedback == Feedback()


def test_a_file_that_cannot_be_read_leaves_the_page_usable(shelf: Shelf, tmp_path: Path) -> None:
    (tmp_path / "conversations.sqlite").write_bytes(b"no database at all, but long enough to be looked at" * 100)
    talk = Talk("ana").asking("Who?")
    assert "Conversations cannot be read" in shelf.listing(talk)
    kept, trouble = shelf.begun(talk, None)
    assert kept == talk and "damaged" in trouble
    shelf.finished(talk, Exchange("Who?").stopped())
    assert opened(shelf, "ana", "x").missing == "x" and shelf.last_time(talk) == ""
