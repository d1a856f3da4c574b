"""What readers say of answers becomes items of a suite that the harness takes; conversations at the command line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.assistant import Assistant
from app.cli import main
from app.conversations.items import export
from app.conversations.keeper import Keeper, checked, packet_of_conversation
from app.conversations.record import cited
from app.conversations.values import Feedback, Wrong
from app.exchange import Exchange
from app.identity import LOCAL
from app.settings import Settings
from app.verify import verify
from eval.locate import locate
from eval.suite import load_suite
from indexing.documents import Document
from indexing.errors import OnrecordError, UsageError

QUESTION = "How popular is Zelensky at home?"
OFF = "How long does sourdough need to rise in a cold kitchen?"


@pytest.fixture
def home(tmp_path: Path, seeds_home: Path) -> Path:
    """A home of one's own: conversations are kept beside the shared index."""
    shutil.copytree(seeds_home, tmp_path / "home", ignore=shutil.ignore_patterns("lock", "owner*", "conversations*"))
    return tmp_path / "home"


@pytest.fixture
def keeper(home: Path, seeds: Assistant) -> Iterator[Keeper]:
    made = Keeper(seeds, Settings(home=home))
    yield made
    made.store.close()


def keep(keeper: Keeper, assistant: Assistant, question: str, conversation: str = "", user: str = LOCAL) -> str:
    """Ask within a conversation and keep what is answered."""
    history = [turn for one in _exchanges(keeper, user, conversation) for turn in one.turns()]
    identity, place = keeper.begin(user, question, conversation)
    exchange = Exchange(question)
    for event in assistant.walk(question, history):
        exchange = exchange.after(event)
    keeper.finish(user, identity, place, exchange)
    return identity


def _exchanges(keeper: Keeper, user: str, conversation: str) -> list[Exchange]:
    from app.conversations.record import exchange_of

    found = keeper.store.conversation(user, conversation)
    return [exchange_of(one, lambda *_: None) for one in found.exchanges] if found else []


def items(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_what_readers_approve_and_dispute_becomes_a_suite_that_the_harness_takes(
    tmp_path: Path, keeper: Keeper, seeds: Assistant
) -> None:
    store, find = keeper.store, seeds.collection.catalogue.find_document
    first = keep(keeper, seeds, QUESTION)
    keep(keeper, seeds, "And who would win an election?", first)
    off = keep(keeper, seeds, OFF, user="ben")
    again = keep(keeper, seeds, f"  {QUESTION.upper()} ", user="ben")
    store.give(LOCAL, first, 1, Feedback("up", note="just so"))
    kept = store.exchange(LOCAL, first, 1)
    assert kept and kept.answer
    store.give(LOCAL, first, 2, Feedback("", (), "too short"))
    store.give("ben", off, 1, Feedback("up"))
    suite = tmp_path / "suite.jsonl"
    assert export(store.judged(), suite, find).added == {"approved": 2, "remarked": 1}
    loaded = load_suite(suite)
    locate(loaded.items, find)  # every evidence quote is in the collection
    popular, follow_up, sourdough = items(suite)
    assert [one["type"] for one in (popular, follow_up, sourdough)] == ["general", "follow_up", "unanswerable"]
    quotes = {citation.quote for citation in cited(kept.answer).values()}
    assert {one["quote"] for one in popular["evidence"]} == quotes and quotes
    assert popular["reader"]["notes"] == ["just so"] and "just so" in popular["note"]
    assert follow_up["evidence"] == [] and len(follow_up["history"]) == 2
    assert sourdough["evidence"] == [] and sourdough["split"] == "approved"
    assert LOCAL not in suite.read_text(encoding="utf-8").replace('"history"', "") and "ben" not in loaded.name

    edited = suite.read_text(encoding="utf-8").replace('"answer": ""', '"answer": "52 %"', 1)
    suite.write_text(edited, encoding="utf-8")
    store.give("ben", again, 1, Feedback("down"))  # the same question, already in the suite
    done = export(store.judged(), suite, find)
    assert done.as_json() == {"added": {}, "already_there": 3, "evidence_changed": 0}
    assert suite.read_text(encoding="utf-8") == edited
    fresh = tmp_path / "fresh.jsonl"
    export(store.judged(), fresh, find)
    merged = next(one for one in items(fresh) if one["type"] == "general")
    assert (merged["split"], merged["reader"]["approved"], merged["reader"]["rejected"]) == ("disputed", 1, 1)
    assert merged["evidence"] == []


def test_a_wrong_citation_is_told_with_its_words_and_one_that_is_not_there_is_refused(
    tmp_path: Path, keeper: Keeper, seeds: Assistant
) -> None:
    identity = keep(keeper, seeds, QUESTION)
    kept = keeper.store.exchange(LOCAL, identity, 1)
    assert kept and kept.answer
    (wrong, citation), *_ = cited(kept.answer).items()
    with pytest.raises(UsageError, match="has no citation"):
        checked(Feedback("", (Wrong(9, 9),)), kept)
    keeper.store.give(LOCAL, identity, 1, checked(Feedback("up", (wrong, wrong)), kept))
    export(keeper.store.judged(), tmp_path / "s.jsonl", seeds.collection.catalogue.find_document)
    [item] = items(tmp_path / "s.jsonl")
    assert item["split"] == "disputed" and "1 wrong citation" in item["note"]
    [told] = item["reader"]["wrong_citations"]
    assert told["quote"] == citation.quote and told["statement"] == kept.answer["statements"][0]["text"]
    load_suite(tmp_path / "s.jsonl")


def test_words_that_changed_in_the_documents_are_no_evidence(tmp_path: Path, keeper: Keeper, seeds: Assistant) -> None:
    identity = keep(keeper, seeds, QUESTION)
    keeper.store.give(LOCAL, identity, 1, Feedback("up"))

    def changed(name: str) -> Document | None:
        found = seeds.collection.catalogue.find_document(name)
        return found and Document(found.id, "0" * 64, name, "x" + found.text[:100])

    assert export(keeper.store.judged(), tmp_path / "s.jsonl", changed).changed == 1
    [item] = items(tmp_path / "s.jsonl")
    assert item["evidence"] == [] and "changed since" in item["note"]
    locate(load_suite(tmp_path / "s.jsonl").items, changed)


@pytest.mark.parametrize("text", ["[1]", "{}", "no JSON", '{"question": 7}'])
def test_a_file_that_is_no_suite_is_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(OnrecordError, match="no item of a JSONL suite"):
        export([], path, lambda _: None)
    assert path.read_text(encoding="utf-8") == text


def test_a_conversation_is_packed_and_verified_and_says_what_each_answer_was_made_with(
    tmp_path: Path, keeper: Keeper, seeds: Assistant
) -> None:
    identity = keep(keeper, seeds, QUESTION)
    keep(keeper, seeds, OFF, identity)
    other = Keeper(seeds, Settings(home=keeper.store.home, max_statements=1))
    keep(other, seeds, "How did the United States vote?", identity)
    other.store.close()
    found = keeper.store.conversation(LOCAL, identity)
    assert found
    made = packet_of_conversation(found, seeds.collection.catalogue)
    path = tmp_path / "p.json"
    path.write_text(json.dumps(made), encoding="utf-8")
    assert verify(path, seeds.collection.catalogue).holds
    assert [one["question"] for one in made["answers"]] == [QUESTION, OFF, "How did the United States vote?"]
    assert [one.get("made_with", made["made_with"])["settings"]["max_statements"] for one in made["answers"]] == [
        3,
        3,
        1,
    ]
    empty, _ = keeper.begin(LOCAL, "Nothing?", "")
    unanswered = keeper.store.conversation(LOCAL, empty)
    assert unanswered
    with pytest.raises(UsageError, match="nothing was answered"):
        packet_of_conversation(unanswered, seeds.collection.catalogue)


def test_nothing_is_kept_where_the_settings_say_so(home: Path, seeds: Assistant) -> None:
    keeper = Keeper(seeds, Settings(home=home, keep_conversations=False))
    keep(keeper, seeds, QUESTION)
    assert not (home / "conversations.sqlite").exists()


def test_the_command_line_lists_shows_exports_and_deletes(
    tmp_path: Path, home: Path, seeds: Assistant, capsys: pytest.CaptureFixture[str]
) -> None:
    keeper = Keeper(seeds, Settings(home=home))
    identity = keep(keeper, seeds, QUESTION)
    keep(keeper, seeds, OFF, user="ben")
    keeper.store.give(LOCAL, identity, 1, Feedback("up"))
    keeper.store.close()

    def ran(*arguments: str | Path, code: int = 0) -> str:
        assert main([*map(str, arguments), "--home", str(home)]) == code
        return capsys.readouterr().out

    def listed(*arguments: str) -> list[str]:
        return [one["id"] for one in json.loads(ran("conversations", "list", "--json", *arguments))]

    assert listed() == [identity] and listed("--search", "sourdough") == []
    assert identity in ran("conversations", "list")
    shown = ran("conversations", "show", identity)
    assert QUESTION in shown and identity in shown
    assert json.loads(ran("conversations", "show", identity, "--json"))["exchanges"][0]["feedback"]["verdict"] == "up"
    ran("conversations", "show", identity, "--user", "ben", code=2)
    packet, suite = tmp_path / "packet.json", tmp_path / "suite.jsonl"
    ran("conversations", "export", identity, packet)
    assert packet.with_suffix(".html").is_file()
    ran("verify", packet)
    assert "1 item added" in ran("feedback", "export", suite)
    assert len(load_suite(suite).items) == 1
    ran("conversations", "delete", code=2)
    assert ran("conversations", "delete", identity) == "Deleted.\n"
    ran("conversations", "delete", identity, code=2)
    assert "No conversation of local" in ran("conversations", "list")
    assert ran("conversations", "delete", "--all", "--user", "ben") == "1 conversation deleted.\n"
