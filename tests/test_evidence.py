"""Refusals that say what is missing, corrected premises, sources that differ, answers that say how recent they are."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.answers import Answer, Done
from app.assistant import Assistant
from app.commands.terminal import answer_for_terminal
from app.drafting.extract import leans
from app.evidence.candidates import DEPTH, weigh
from app.evidence.finding import find
from app.exchange import Exchange
from app.retrieval.retrieve import Found, Retriever
from app.settings import Settings
from app.web.render import exchange
from indexing.collection import Collection
from indexing.embed import embedder
from indexing.ingest import index

LEDGER = """---
title: "The harbour at Quillmouth"
source: Quillmouth Ledger
date: 2024-03-02
---

The harbour board of Quillmouth met on Tuesday. Its engineer, Orla Finch, said that the new pier will cost 40 million
crowns. She expects the work to take eleven months.

The board did not approve the sale of the old lighthouse. Fishermen had asked for a cold store as well. The ferry to
Marl Island carried 31,000 passengers in 2023.
"""
GAZETTE = """---
title: "Quillmouth's pier"
source: Coast Gazette
date: 2024-05-09
---

The new pier at Quillmouth will cost 52 million crowns, the harbour board now says. Its chair, Tam Brody, blamed the
price of steel.

“We will build it all the same,” he told the Gazette. The ferry to Marl Island carried 31,000 passengers in 2023.
"""


@pytest.fixture(scope="module")
def harbour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    folder = tmp_path_factory.mktemp("harbour")
    (folder / "ledger.md").write_text(LEDGER, encoding="utf-8")
    (folder / "gazette.md").write_text(GAZETTE, encoding="utf-8")
    with Collection(tmp_path_factory.mktemp("home"), embedder("minilm"), create=True) as collection:
        index(collection, [folder])
        yield Assistant(collection, Retriever(collection, 10), None, Settings())


def shown(answer: Answer) -> str:
    """The answer as the page has it."""
    return exchange(Exchange(answer.question).after(Done(answer)))


# -- near misses -------------------------------------------------------------------------------------------------------


def test_a_near_miss_says_what_is_missing_and_shows_the_nearest_sentence(harbour: Assistant) -> None:
    answer = harbour.ask("How old is the engineer Orla Finch?")
    assert answer.status == "refused" and answer.text == ""
    assert answer.ruling.reason == "The documents speak of Orla Finch, but do not say how old."
    (nearest,) = answer.ruling.nearest
    assert "Orla Finch" in nearest.quote
    document = harbour.collection.document(nearest.document_id, nearest.version)
    assert document is not None and nearest.span.of(document.text) == nearest.quote
    assert answer.as_json()["nearest"][0]["quote"] == nearest.quote
    for face in (answer_for_terminal(answer), shown(answer)):
        flat = " ".join(face.split())
        assert answer.ruling.reason in flat and "What comes nearest, not an answer" in flat


def test_off_the_topic_nothing_is_called_near(harbour: Assistant) -> None:
    answer = harbour.ask("Which spices go into a Thai green curry?")
    assert answer.status == "refused" and answer.ruling.nearest == ()
    assert answer.ruling.reason == "No document speaks of what is asked."


def test_an_answer_gives_no_reason_for_a_refusal(harbour: Assistant) -> None:
    answer = harbour.ask("How many passengers did the ferry to Marl Island carry in 2023?")
    assert answer.status == "answered" and (answer.ruling.reason, answer.ruling.nearest) == ("", ())


# -- short answers and agreeing sources --------------------------------------------------------------------------------


def test_the_short_answer_is_marked_in_its_sentence_on_every_face(harbour: Assistant) -> None:
    answer = harbour.ask("How many passengers did the ferry to Marl Island carry in 2023?")
    statement = answer.statements[0]
    (span,) = statement.highlight
    assert span.of(statement.text) == "31,000"
    assert answer.as_json()["statements"][0]["highlight"] == [{"start": span.start, "end": span.end}]
    assert "\x1b[1m31,000\x1b[22m" in answer_for_terminal(answer, color=True)
    assert "\x1b" not in answer_for_terminal(answer)
    assert '<mark class="short">31,000</mark>' in shown(answer)


def test_two_sources_that_agree_are_cited_on_one_statement(harbour: Assistant) -> None:
    answer = harbour.ask("How many passengers did the ferry to Marl Island carry in 2023?")
    files = [{citation.file for citation in statement.citations} for statement in answer.statements]
    assert {"ledger.md", "gazette.md"} in files
    assert all(statement.support == "supported" for statement in answer.statements)


# -- premises ----------------------------------------------------------------------------------------------------------


def test_a_false_premise_is_answered_with_what_contradicts_it(harbour: Assistant) -> None:
    answer = harbour.ask("Why did the harbour board of Quillmouth approve the sale of the old lighthouse?")
    premise = answer.ruling.premise
    assert answer.status == "answered" and premise is not None and premise.verdict == "contradicted"
    assert "approve the sale of the old lighthouse" in premise.text
    assert premise.citation is not None
    assert premise.citation.quote == "The board did not approve the sale of the old lighthouse."
    assert premise.citation.quote in answer.text
    assert any(premise.text in notice for notice in answer.notices)
    assert answer.as_json()["premise"]["citation"]["quote"] == premise.citation.quote
    assert premise.text in " ".join(answer_for_terminal(answer).split()) and "takes for granted" in shown(answer)


@pytest.mark.parametrize(
    "question",
    ["What did the board say about the pier?", "Why did the board not approve the sale of the old lighthouse?"],
)
def test_a_true_premise_is_not_called_false(harbour: Assistant, question: str) -> None:
    assert harbour.ask(question).ruling.premise is None


def test_hardly_an_answerable_question_about_the_seeds_is_told_that_its_premise_is_false(seeds: Assistant) -> None:
    from tests.test_extract import ITEMS

    answerable = [item for item in ITEMS if item["evidence"] and item["type"] not in ("false_premise", "follow_up")]
    accused = [item["id"] for item in answerable if seeds.ask(item["question"]).ruling.premise is not None]
    assert len(answerable) > 30 and len(accused) <= 0.04 * len(answerable)


# -- disagreement and time ---------------------------------------------------------------------------------------------


def test_sources_that_differ_stand_side_by_side_newest_first_with_their_dates(harbour: Assistant) -> None:
    answer = harbour.ask("How much will the new pier at Quillmouth cost?")
    (one,) = answer.ruling.disagreements
    assert [(side.value, side.citation.date) for side in one.sides] == [
        ("52 million crowns", "2024-05-09"),
        ("40 million crowns", "2024-03-02"),
    ]
    assert "52 million" in answer.text and "40 million" in answer.text
    marked = [span.of(one.text).split()[0] for one in answer.statements for span in one.highlight]
    assert {"52", "40"} <= set(marked)
    assert [side["date"] for side in answer.as_json()["disagreements"][0]["sides"]] == ["2024-05-09", "2024-03-02"]
    for face in (answer_for_terminal(answer), shown(answer)):
        assert "The sources differ" in face and face.index("52 million") < face.index("40 million")


def test_sources_that_say_the_same_do_not_differ(harbour: Assistant) -> None:
    question = "How many passengers did the ferry to Marl Island carry in 2023?"
    assert harbour.ask(question).ruling.disagreements == ()


def test_an_answer_says_how_recent_it_is(harbour: Assistant) -> None:
    answer = harbour.ask("How much will the new pier at Quillmouth cost?")
    assert answer.as_of.newest_source == "2024-05-09" and answer.as_of.indexed.startswith("20")
    assert answer.as_json()["as_of"] == {"newest_source": "2024-05-09", "indexed": answer.as_of.indexed}
    assert "As of: newest source cited 2024-05-09" in " ".join(answer_for_terminal(answer).split())
    assert "9 May 2024" in shown(answer)


# -- which sentences ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sentence", "leaning"),
    [
        ("She expects the work to take eleven months.", True),
        ("“We will build it,” he told the Gazette.", True),
        ("But they refused.", True),
        ("Orla Finch expects more.", False),
        ("The board met.", False),
    ],
)
def test_a_sentence_that_speaks_of_somebody_named_before_leans(sentence: str, leaning: bool) -> None:
    assert leans(sentence) is leaning


def test_a_sentence_that_leans_is_shown_after_the_one_before_it(harbour: Assistant) -> None:
    answer = harbour.ask("How long will the work on the pier take?")
    texts = [statement.text for statement in answer.statements]
    place = next(at for at, text in enumerate(texts) if text.startswith("She expects"))
    assert "Orla Finch" in texts[place - 1]


def test_ordering_by_words_keeps_every_sentence_and_only_the_best_move(harbour: Assistant) -> None:
    query, found = harbour.look_up("How much will the new pier at Quillmouth cost?")
    first = weigh(query, found)
    second = weigh(query, found, harbour.collection.embedder.words)  # type: ignore[attr-defined]
    assert {one.place for one in first.ranked} == {one.place for one in second.ranked}
    assert [one.place for one in first.ranked[DEPTH:]] == [one.place for one in second.ranked[DEPTH:]]
    assert [one.score for one in second.ranked] == sorted((one.score for one in second.ranked), reverse=True)


def test_nothing_found_answers_nothing_and_is_off_the_topic(harbour: Assistant) -> None:
    query, _ = harbour.look_up("How much will the new pier at Quillmouth cost?")
    nothing = find(query, Found((), ()))
    assert not nothing.answers and nothing.ruling(answered=False).nearest == ()


def test_a_deed_that_is_told_of_somebody_else_is_not_explained(seeds: Assistant) -> None:
    refused = seeds.ask("Why did Zelensky resign?").as_json()
    assert refused["status"] == "refused"
    assert refused["reason"] == "No document says that Zelensky did resign."
    assert refused["nearest"]
    assert seeds.ask("Why did Bridget Brink resign?").status == "answered"  # the sentence beside may mean her


def test_whoever_voted_no_did_vote(seeds: Assistant) -> None:
    answer = seeds.ask("How did the United States vote on the resolution at the United Nations?").as_json()
    assert answer["status"] == "answered" and answer["premise"] is None


def test_how_many_may_be_told_as_a_share(seeds: Assistant) -> None:
    answer = seeds.ask("How many Ukrainians trust Zelensky?").as_json()
    values = {side["value"] for one in answer["disagreements"] for side in one["sides"]}
    assert values == {"52%", "57%"}


def test_a_person_whose_middle_name_is_left_out_is_spoken_of(seeds: Assistant) -> None:
    answer = seeds.ask("How old is Bridget Brink?").as_json()
    assert answer["reason"].startswith("The documents speak of Bridget Brink")
