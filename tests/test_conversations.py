"""Kept conversations: each reader's own, read back as they were, gone when deleted, whole after a kill."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from app.assistant import Assistant
from app.conversations.record import answer_of, exchange_of, record_of
from app.conversations.schema import MIGRATIONS
from app.conversations.store import FILE, Conversations
from app.conversations.values import Feedback, Kept, Wrong, title_of
from app.exchange import Exchange
from app.web import hypertext, render
from indexing.errors import HomeError
from tests.fake_assistant import FakeAssistant
from tests.processes import environment

USERS = ("ana", "ben", "ana ")
words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
any_text = st.text(max_size=30)
LATE = "2026-01-01T00:00:00+00:00"


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Conversations]:
    store = Conversations(tmp_path)
    yield store
    store.close()


def asked(store: Conversations, user: str, *questions: str, conversation: str = "") -> str:
    """A conversation of these questions, each with an answer that repeats it."""
    for question in questions:
        conversation, place = store.begin(user, question, conversation)
        assert store.finish(user, conversation, place, "done", {"answer": {"answer": f"It is {question}."}}, {})
    return conversation


class Readers(RuleBasedStateMachine):
    """Whatever readers do in whatever order, each sees just what is theirs; a dictionary is the model."""

    conversations: Bundle[tuple[str, str]] = Bundle("conversations")

    @initialize()
    def begin(self) -> None:
        import tempfile

        self.folder = tempfile.TemporaryDirectory()
        self.store = Conversations(Path(self.folder.name))
        self.model: dict[str, dict[str, dict[str, Any]]] = {user: {} for user in USERS}

    def teardown(self) -> None:
        self.store.close()
        self.folder.cleanup()

    @rule(target=conversations, user=st.sampled_from(USERS), question=words)
    def ask(self, user: str, question: str) -> tuple[str, str]:
        identity, place = self.store.begin(user, question)
        assert place == 1
        self.model[user][identity] = {"title": title_of(question), "questions": {1: question}, "given": {}, "last": 1}
        return user, identity

    @rule(one=conversations, user=st.sampled_from(USERS), question=words, back=st.integers(0, 3))
    def follow_up(self, one: tuple[str, str], user: str, question: str, back: int) -> None:
        """Also into the conversation of somebody else, which begins one's own."""
        identity = one[1]
        mine = self.model[user].get(identity)
        places = sorted(mine["questions"]) if mine else []
        replacing = places[-back] if 0 < back <= len(places) else None
        found, place = self.store.begin(user, question, identity, replacing)
        if mine is None:
            assert found not in {key for model in self.model.values() for key in model}
            self.model[user][found] = {"title": title_of(question), "questions": {1: question}, "given": {}, "last": 1}
            return
        assert (found, place) == (identity, mine["last"] + 1)
        mine["last"] = place
        if replacing is not None:
            if replacing == places[0] and mine["title"] == title_of(mine["questions"][replacing]):
                mine["title"] = title_of(question)
            mine["questions"] = {key: value for key, value in mine["questions"].items() if key < replacing}
        mine["questions"][place] = question

    @rule(one=conversations, user=st.sampled_from(USERS), title=words)
    def rename(self, one: tuple[str, str], user: str, title: str) -> None:
        mine = self.model[user].get(one[1])
        assert self.store.rename(user, one[1], title) == (mine is not None)
        if mine:
            mine["title"] = " ".join(title.split())

    @rule(one=conversations, user=st.sampled_from(USERS), note=words, place=st.integers(1, 4))
    def give(self, one: tuple[str, str], user: str, note: str, place: int) -> None:
        mine = self.model[user].get(one[1])
        feedback = Feedback("down", (Wrong(1, 2),), note, LATE)
        known = mine is not None and place <= mine["last"]
        assert self.store.give(user, one[1], place, feedback) == known
        assert self.store.finish(user, one[1], place, "done", {}, {}) == known
        if mine and known:
            mine["given"][place] = feedback

    @rule(one=consumes(conversations), user=st.sampled_from(USERS))
    def delete(self, one: tuple[str, str], user: str) -> None:
        assert self.store.delete(user, one[1]) == (self.model[user].pop(one[1], None) is not None)

    @invariant()
    def each_sees_what_is_theirs(self) -> None:
        for user, model in getattr(self, "model", {}).items():
            assert {one.id: one.title for one in self.store.listed(user)} == {
                key: value["title"] for key, value in model.items()
            }
            assert self.store.count(user) == len(model)
            for other in self.model.values():
                for identity in other:
                    found = self.store.conversation(user, identity)
                    assert (found is None) == (identity not in model)
                    assert (self.store.exchange(user, identity, 1) is None) == (identity not in model)
                    if found:
                        mine = model[identity]
                        assert {one.place: one.question for one in found.exchanges} == mine["questions"]
                        for one in found.exchanges:
                            assert one.feedback == mine["given"].get(one.place, Feedback())


Readers.TestCase.settings = settings(
    max_examples=15, stateful_step_count=12, suppress_health_check=[HealthCheck.too_slow]
)
test_readers = Readers.TestCase


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(question=words, search=any_text)
def test_a_search_never_fails_and_finds_what_was_asked_by_its_words(
    kept: Conversations, question: str, search: str
) -> None:
    identity = asked(kept, "ana", question)
    kept.listed("ana", search)
    found = [one.id for one in kept.listed("ana", question)]
    assert identity in found or not any(map(str.isalnum, question))
    assert kept.listed("ben", question) == ()


def test_a_search_looks_into_questions_answers_and_titles_of_ones_own(kept: Conversations) -> None:
    bridge = asked(kept, "ana", "What does the bridge cost?", "And who pays for the Brücke?")
    school = asked(kept, "ana", "When does the school open?")
    asked(kept, "ben", "What does the bridge cost?")

    def found(search: str) -> list[str]:
        return [one.id for one in kept.listed("ana", search)]

    assert found("bridge") == found("BRÜCKE") == found("brucke") == found("it is what does brid") == [bridge]
    assert found("open") == [school]
    assert found("does") == [school, bridge]
    assert found("bridge school") == found("...") == found("nothing") == []
    assert kept.rename("ana", school, "About 100 pupils")
    assert found("pupil") == [school]
    [one] = kept.listed("ana", "brucke")
    assert one.found == "And who pays for the Brücke?"
    assert [one.id for one in kept.listed("ana", limit=1, offset=1)] == [bridge]
    kept.begin("ana", "Who pays?", bridge, replacing=2)
    assert found("brucke") == []


def test_an_edited_question_takes_the_place_of_all_that_follows_and_the_old_ones_stay_with_what_was_said(
    kept: Conversations,
) -> None:
    identity = asked(kept, "ana", "one", "two", "three")
    kept.give("ana", identity, 2, Feedback("down"))
    asked_again, place = kept.begin("ana", "two and a half", identity, replacing=2)
    kept.finish("ana", identity, place, "done", {}, {})
    kept.give("ana", identity, place, Feedback("up"))
    found = kept.conversation("ana", identity)
    assert found and asked_again == identity
    assert [(one.place, one.question) for one in found.exchanges] == [(1, "one"), (4, "two and a half")]
    judged = list(kept.judged())
    assert [one.exchange.question for one in judged] == ["two", "two and a half"]
    assert [[before.question for before in one.before] for one in judged] == [["one"], ["one"]]
    kept.begin("ana", "zero", identity, replacing=1)
    assert [one.title for one in kept.listed("ana")] == ["zero"]


def _exchanges(question: str) -> Iterator[Exchange]:
    """Every state in which an exchange can end."""
    exchange = Exchange(question)
    yield exchange.failed("no index")
    for event in FakeAssistant().walk(question):
        exchange = exchange.after(event)
        yield exchange if exchange.stage == "done" else exchange.stopped()


def shown(exchange: Exchange) -> tuple[str, str]:
    return render.exchange(exchange), render.sources(exchange)


@pytest.mark.parametrize("question", ["How?", "refuse", "notice", "hostile"])
def test_an_exchange_opens_again_exactly_from_its_record(kept: Conversations, question: str) -> None:
    find = FakeAssistant().collection.document
    for exchange in _exchanges(question):
        identity, place = kept.begin("ana", exchange.question)
        kept.finish("ana", identity, place, exchange.stage, record_of(exchange), {})
        found = kept.exchange("ana", identity, place)
        assert found
        assert shown(exchange_of(found, find)) == shown(exchange)
        assert exchange_of(found, find).turns() == exchange.turns()


@pytest.mark.parametrize(
    "question", ["How popular is Zelensky at home?", "How did the United States vote?", "Mushrooms?"]
)
def test_a_real_answer_opens_again_exactly_also_when_its_documents_are_gone(seeds: Assistant, question: str) -> None:
    exchange = Exchange(question)
    for event in seeds.walk(question):
        exchange = exchange.after(event)
    answer = exchange.answer
    assert answer
    assert answer_of(answer.as_json(), seeds.collection.document).as_json() == answer.as_json()
    record = json.loads(json.dumps(record_of(exchange)))
    kept = Kept(1, question, exchange.stage, LATE, record)
    assert shown(exchange_of(kept, seeds.collection.document)) == shown(exchange)
    lost = exchange_of(kept, lambda *_: None)
    assert lost.answer and render.exchange(replace(lost, hits=())) == render.exchange(replace(exchange, hits=()))
    assert [hit.passage.text for hit in lost.hits] == [hit.passage.text for hit in exchange.hits]
    plain = render.sources(lost)
    for hit in lost.hits:
        for sentence in hit.passage.sentences:
            assert hypertext.escape(sentence.visible(hit.passage.document.text)) in plain


def test_a_question_that_was_never_answered_counts_as_stopped(kept: Conversations) -> None:
    identity, _ = kept.begin("ana", "Killed?")
    found = kept.conversation("ana", identity)
    assert found and exchange_of(found.exchanges[0], lambda *_: None).stage == "stopped"


def test_nothing_of_what_is_deleted_is_left_in_the_files(kept: Conversations, tmp_path: Path) -> None:
    for number in range(30):
        asked(kept, "ana", f"Harmless question {number}", f"Another {number}")
    secret = asked(kept, "ana", "Does Xylophonia leak?", "And Quetzalcoatlus?")
    kept.give("ana", secret, 1, Feedback("down", (), "Zanzibarista said so", LATE))
    kept.rename("ana", secret, "Wolframite affair")
    asked(kept, "ben", "Unrelated")

    def left(word: str) -> bool:
        part = word.lower()[2:].encode()  # the index of words holds beginnings that several share once
        return any(part in path.read_bytes().lower() for path in tmp_path.iterdir())

    secrets = ("Xylophonia", "Quetzalcoatlus", "Zanzibarista", "Wolframite")
    assert all(map(left, secrets))
    assert kept.delete("ana", secret)
    assert [word for word in secrets if left(word)] == []
    assert kept.count("ana") == 30
    assert [one.title for one in kept.listed("ana", "harmless 17")] == ["Harmless question 17"]
    assert kept.delete_all("ana") == 30
    assert not left("Harmless") and not left("Another")
    assert kept.count("ben") == 1


def test_nothing_of_a_conversation_is_logged(kept: Conversations, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    identity = asked(kept, "ana", "Xylophonia")
    kept.listed("ana", "Xylophonia")
    kept.delete("ana", identity)
    assert "ylophonia" not in caplog.text


def test_only_its_owner_can_read_the_file_and_reading_makes_none(kept: Conversations, tmp_path: Path) -> None:
    assert kept.listed("ana") == () and kept.conversation("ana", "x") is None and not list(kept.judged())
    assert list(tmp_path.iterdir()) == []
    asked(kept, "ana", "One?")
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


def test_threads_write_beside_each_other(kept: Conversations) -> None:
    identity = asked(kept, "ana", "First?")

    def work(number: int) -> None:
        asked(kept, "ana", *(f"{number} {turn}" for turn in range(5)), conversation=identity)

    threads = [threading.Thread(target=work, args=[number]) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = kept.conversation("ana", identity)
    assert found and [one.place for one in found.exchanges] == list(range(1, 32))
    assert {one.stage for one in found.exchanges} == {"done"}


WRITER = """
import sys
from pathlib import Path
from app.conversations.store import Conversations
store, last = Conversations(Path(sys.argv[1])), ""
for number in range(10**6):
    identity, place = store.begin("ana", f"question {number}", last if number % 7 else "")
    store.finish("ana", identity, place, "done", {"answer": {"answer": "x" * 20_000}}, {})
    if number % 5 == 4:
        store.delete("ana", identity)
    else:
        last = identity
    print(number, flush=True)
"""


def test_a_writer_that_is_killed_leaves_a_file_that_holds_all_it_said_it_kept(tmp_path: Path) -> None:
    for kill_after in (3, 17, 31):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True, env=environment()
        )
        assert process.stdout
        said = [int(process.stdout.readline()) for _ in range(kill_after)]
        os.kill(process.pid, signal.SIGKILL)
        said += map(int, process.stdout)  # what it had said before the signal came
        process.wait()
        process.stdout.close()
        with sqlite3.connect(tmp_path / FILE) as db:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            db.execute("INSERT INTO words (words) VALUES ('integrity-check')")
        db.close()
        store = Conversations(tmp_path)
        whole = [store.conversation("ana", one.id) for one in store.listed("ana", limit=1000)]
        questions = {one.question: one for each in whole if each for one in each.exchanges}
        if said[-1] % 5 < 3:  # else the next one may have deleted it before it was killed
            assert questions[f"question {said[-1]}"].stage == "done"
        asked(store, "ana", "And it goes on.")
        store.close()


def test_an_older_file_is_brought_up_to_date_and_a_later_one_is_refused(tmp_path: Path) -> None:
    old = Conversations(tmp_path)
    identity = asked(old, "ana", "Kept?")
    old.close()
    later = Conversations(tmp_path, (*MIGRATIONS, "ALTER TABLE conversations ADD COLUMN pinned TEXT"))
    assert [one.id for one in later.listed("ana")] == [identity]
    later.close()
    with pytest.raises(HomeError, match="later version of Onrecord"):
        Conversations(tmp_path).listed("ana")


def test_a_file_that_is_none_is_met_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database at all, but long enough to be looked at" * 100)
    with pytest.raises(HomeError, match="damaged"):
        Conversations(tmp_path).listed("ana")
    with pytest.raises(HomeError, match="damaged"):
        Conversations(tmp_path).begin("ana", "x")
