"""Small talk and questions about Onrecord itself: a short reply of its own, and never in the place of an answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.answers import Answer, Done, Said, Sources, Turn
from app.assistant import Assistant
from app.commands.terminal import answer_for_terminal
from app.conversations.record import answer_of, turns_of
from app.conversations.values import Kept
from app.drafting.own_words import REASON, holding
from app.exchange import Exchange
from app.questions.asides import aside, bare, substance
from app.retrieval.retrieve import Retriever
from app.settings import Settings
from app.web.render import exchange as as_html
from app.web.render import sources
from indexing.collection import Collection
from indexing.schema import Extent
from tests.openai_server import Says
from tests.test_assistant import QUESTION, check_walk, writing

SUITES = Path(__file__).parent.parent / "eval" / "suites"
TALK = {
    "Hello!": "greeting",
    "hi, how are you?": "greeting",
    "thanks": "thanks",
    "Thank you so much for your help 🙏": "thanks",
    "OK, great.": "assent",
    "No": "assent",
    "bye": "farewell",
    "That’s all, thanks. Bye!": "thanks",
    "Who are you?": "identity",
    "what's your name": "identity",
    "What can you do?": "ability",
    "help": "ability",
    "Hi! Please help me.": "ability",
    "What documents do you have?": "collection",
    "Hello, what’s in this collection?": "collection",
}
QUESTIONS = [
    "Thanks. Who won Ohio?",
    "Hello Dolly won how many Tonys?",
    "Hello, Dolly!",
    "Help wanted",
    "Who are you quoting there?",
    "What documents do you have about the ferry?",
    "Who said “thank you”?",
    "“Thank you”",
    "Nice",
    "Good?",
    "please",
    "And in 2016?",
    "why",
    "?!",
    "👍",
]


def asked_of_our_collections() -> Iterator[str]:
    for suite in sorted(SUITES.glob("*.jsonl")):
        for line in suite.read_text(encoding="utf-8").splitlines():
            item = json.loads(line)
            yield item["question"]
            yield from (turn["content"] for turn in item.get("history", ()) if turn["role"] == "user")


@pytest.mark.parametrize(("said", "kind"), TALK.items())
def test_small_talk_is_told_by_its_kind(said: str, kind: str) -> None:
    assert aside(said) == kind


@pytest.mark.parametrize("question", QUESTIONS)
def test_what_has_a_word_more_is_a_question(question: str) -> None:
    assert aside(question) is None


def test_no_question_of_our_suites_is_small_talk() -> None:
    questions = set(asked_of_our_collections())
    assert len(questions) > 600
    assert [one for one in questions if aside(one) or bare(one) != one] == []


@given(st.sampled_from(sorted(TALK)), st.sampled_from("ferry 2016 Ohio vote bridge whom".split()), st.booleans())
def test_one_word_of_something_else_makes_a_question_of_it(said: str, word: str, first: bool) -> None:
    assert aside(f"{word} {said}" if first else f"{said} {word}") is None


@given(st.text(max_size=80))
def test_what_is_bare_was_said_and_only_courtesies_go(said: str) -> None:
    assert bare(said) in said
    assert bare(bare(said)) == bare(said)


@given(st.sampled_from([one for one, kind in TALK.items() if kind in ("greeting", "thanks", "assent")]))
def test_a_question_that_begins_politely_is_that_question(courtesy: str) -> None:
    said = courtesy.rstrip("!.?🙏 ")
    assert bare(f"{said}. Who won Ohio?") == bare(f"{said}, who won Ohio?").replace("who", "Who") == "Who won Ohio?"
    assert bare(f"Who won Ohio? {said}!") == "Who won Ohio?"


@pytest.mark.parametrize(
    "question", ["Hello, Dolly! won how many Tonys?", "Yes, Minister was filmed where?", "Hi Ann?"]
)
def test_what_only_looks_polite_stays(question: str) -> None:
    assert bare(question) == question


@given(
    st.lists(st.tuples(st.sampled_from(["thanks", "Who won Ohio?", "And in 2016?"]), st.text(max_size=9)), max_size=6)
)
def test_the_substance_of_a_conversation_is_what_was_asked_with_its_answers(pairs: list[tuple[str, str]]) -> None:
    told = [turn for asked, said in pairs for turn in (Turn("user", asked), Turn("assistant", said))]
    kept = [
        turn for asked, said in pairs if asked != "thanks" for turn in (Turn("user", asked), Turn("assistant", said))
    ]
    assert list(substance(told)) == kept


# -- the reply ---------------------------------------------------------------------------------------------------------


def reply(assistant: Assistant, said: str) -> Answer:
    events = list(assistant.walk(said))
    check_walk(events)
    assert [type(event) for event in events] == [Sources, Said, Done]
    answer = events[-1].answer  # type: ignore[union-attr]
    assert answer.status == "aside" and answer.hits == () and answer.searched == 0 and not answer.notices
    assert [(one.citations, one.support, one.reason) for one in answer.statements] == [((), "not_a_claim", REASON)]
    assert not answer.usage and not answer.rewritten and not answer.filters
    return answer


@pytest.mark.parametrize("said", ["thanks", "hello", "ok great", "bye"])
def test_courtesies_get_a_courtesy(seeds: Assistant, said: str) -> None:
    assert len(reply(seeds, said).text) < 60


def test_it_says_what_it_is_and_whether_a_model_writes(seeds: Assistant) -> None:
    assert "No language model is in use" in reply(seeds, "Who are you?").text
    with writing(seeds, Says("never asked")) as (assistant, server):
        assert "A language model writes" in reply(assistant, "Who are you?").text
        assert reply(assistant, "thanks").text == reply(seeds, "thanks").text
        assert server.requests == []


def test_what_the_collection_holds_is_told_from_the_catalogue(seeds: Assistant) -> None:
    said, extent = reply(seeds, "What documents do you have?").text, seeds.collection.catalogue.extent()
    days = [one.metadata.date for one in seeds.collection.catalogue.entries()]
    assert extent.documents == seeds.collection.count() == 5
    assert (extent.first, extent.last) == (min(days), max(days))
    assert sum(count for _, count in extent.sources) == 5
    assert f"5 documents from {extent.sources[0][0]}" in said and f"dated {min(days)} to {max(days)}" in said
    questions = said.partition("You could ask: ")[2]
    assert questions.count("?") == 3 or questions.count("“") >= 3
    assert reply(seeds, "What documents do you have?").text == said


def test_an_empty_collection_says_so(collection: Collection) -> None:
    assistant = Assistant(collection, Retriever(collection, 10), None, Settings())
    assert "The collection is empty" in reply(assistant, "what can you do?").text


@pytest.mark.parametrize(
    ("extent", "said"),
    [
        (Extent(1, (), "", ""), "The collection holds 1 document."),
        (Extent(2, (("Gazette", 2),), "2020-01-02", "2020-01-02"), "2 documents from Gazette (2), of 2020-01-02."),
        (Extent(9, tuple((f"S{n}", 1) for n in range(9)), "", ""), "S4 (1) and 4 other sources."),
    ],
)
def test_how_far_a_collection_reaches_in_words(extent: Extent, said: str) -> None:
    assert holding(extent).endswith(said)


# -- the conversation --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("history", [[Turn("assistant", "You are welcome.")], []])
def test_the_topic_survives_small_talk(seeds: Assistant, history: list[Turn]) -> None:
    before = [Turn("user", QUESTION), Turn("assistant", "57 percent")]
    plain, _ = seeds.look_up("And in 2024?", before)
    after, _ = seeds.look_up("Great. And in 2024?", [*before, Turn("user", "thanks"), *history])
    assert plain.asked is not None and after.asked is not None
    assert after.asked.full == plain.asked.full and after.text == plain.text


def test_a_question_that_begins_politely_is_answered_as_itself(seeds: Assistant) -> None:
    plain, polite = seeds.ask(QUESTION), seeds.ask(f"Thanks. {QUESTION}")
    assert polite.status == "answered" and polite.question == f"Thanks. {QUESTION}" and not polite.rewritten
    assert [one.text for one in polite.statements] == [one.text for one in plain.statements]


def test_a_kept_conversation_hears_nothing_of_it(seeds: Assistant) -> None:
    answer = seeds.ask("thanks")
    exchange = Exchange("thanks").after(Done(answer))
    assert exchange.turns() == () and not exchange.judged and not exchange.refused
    assert answer_of(answer.as_json(), lambda *_: None).as_json() == answer.as_json()
    kept = Kept(1, "thanks", "done", "2024-01-01", {"answer": answer.as_json()})
    assert turns_of([kept]) == ()


# -- where it is shown -------------------------------------------------------------------------------------------------


def test_the_terminal_marks_it(seeds: Assistant) -> None:
    assert answer_for_terminal(seeds.ask("thanks")) == f"You are welcome. Ask on whenever you like.\n{REASON}\n"


def test_the_page_marks_it_and_shows_no_source(seeds: Assistant) -> None:
    exchange = Exchange("thanks").after(Done(seeds.ask("thanks")))
    page = as_html(exchange)
    assert "You are welcome" in page and REASON.replace("'", "&#x27;") in page
    assert "As of" not in page and "data-copy" not in page and "marker" not in page
    assert "Nothing was asked of the documents." in sources(exchange)
