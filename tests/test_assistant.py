"""The answer chain: events in order, nothing said before it is grounded, and a fallback when the endpoint fails."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Literal

import pytest

from app.answers import Answer, Done, Event, Notice, Restart, Said, Sources, Turn
from app.assistant import ELSEWHERE, NOT_FOUND, OWN_WORDS, SURE, Assistant, build
from app.drafting.generate import GenerativeAnswerer
from app.language_models.llm import language_model
from app.retrieval.retrieve import Retriever
from app.settings import Settings
from indexing.errors import HomeError, UsageError
from tests.openai_server import (
    BAD_JSON,
    ERROR_IN_STREAM,
    IMAGES,
    NOT_THE_PROTOCOL,
    STRANGE_JSON,
    UNKNOWN_SOURCES,
    Behaviour,
    Cut,
    OpenAIServer,
    Reply,
    Request,
    Says,
    Status,
    copies_the_question,
)

KEY = "sk-very-secret"
QUESTION = "What share of Ukrainians trust Zelensky?"
UNANSWERED = "How many goals did the goalkeeper of Lowmere save?"
HISTORY = [Turn("user", "Which American ambassador resigned from the post in Kyiv?"), Turn("assistant", "Brink.")]


@contextmanager
def writing(seeds: Assistant, *behaviours: Behaviour) -> Iterator[tuple[Assistant, OpenAIServer]]:
    """The seeds' assistant with a language model that behaves as told."""
    with OpenAIServer(*behaviours) as server:
        settings = Settings(llm="small", llm_url=server.url, llm_key=KEY, llm_timeout=5, llm_retries=1)
        generate = GenerativeAnswerer(language_model(settings, pause=0.001), settings.llm_context)
        yield Assistant(seeds.collection, Retriever(seeds.collection, 10), generate, settings), server


def asked(seeds: Assistant, *behaviours: Behaviour, question: str = QUESTION) -> tuple[Answer, list[Event]]:
    with writing(seeds, *behaviours) as (assistant, _):
        events = list(assistant.walk(question))
    check_walk(events)
    return _answer(events), events


def check_walk(events: Sequence[Event]) -> None:
    """The laws of every walk: order, grounding, and that the answer is what was heard."""
    assert isinstance(events[0], Sources) and isinstance(events[-1], Done)
    assert not any(isinstance(event, Sources | Done) for event in events[1:-1])
    answer = _answer(events)
    assert events[0].hits == answer.hits
    said, heard = [], []
    for event in events:
        if isinstance(event, Said):
            assert event.statement.support != "unchecked"
            said.append(event.statement)
        elif isinstance(event, Restart):
            assert said, "nothing was said that could be withdrawn"
            said = []
        elif isinstance(event, Notice):
            heard.append(event.text)
    assert tuple(said) == answer.statements
    assert set(heard) <= set(answer.notices)
    assert answer.text == " ".join(statement.text for statement in said)
    assert all(statement.span.of(answer.text) == statement.text for statement in said)
    assert all(before.span.end + 1 == after.span.start for before, after in pairwise(said))
    laps = list(answer.timings.values())
    assert {"sources", "done"} <= set(answer.timings) and laps == sorted(laps) and laps[0] >= 0


def _answer(events: Sequence[Event]) -> Answer:
    assert isinstance(events[-1], Done)
    return events[-1].answer


def of_polls(request: Request) -> Reply:
    """Answers with the number under which the poll of 57 % was shown."""
    return Says(f"Polls found that 57% of Ukrainians trust their president {number_of(request, '57%')}.")


def number_of(request: Request, words: str) -> str:
    return next(line.split(" ")[0] for line in request.prompt.splitlines() if words in line)


# -- extractive ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("question", [QUESTION, "How many moons does Jupiter have?", "Name Putin's demands."])
def test_an_extractive_walk_keeps_the_laws(seeds: Assistant, question: str) -> None:
    events = list(seeds.walk(question))
    check_walk(events)
    assert _answer(events).mode == "extractive" and not _answer(events).notices


def test_asking_twice_gives_the_same_but_for_the_time(seeds: Assistant) -> None:
    one, two = (seeds.ask(QUESTION).as_json() for _ in range(2))
    assert one.pop("timings_ms") and two.pop("timings_ms")
    assert one == two


def test_a_refusal_says_nothing_and_shows_the_nearest_passages(seeds: Assistant) -> None:
    answer = seeds.ask("How long should I boil an egg for a soft yolk?")
    assert (answer.status, answer.text, answer.statements) == ("refused", "", ())
    assert len(answer.hits) == 10 and answer.searched == 5


def test_a_follow_up_is_answered_from_the_conversation(seeds: Assistant) -> None:
    answer = seeds.ask("What did she accuse the administration of?", HISTORY)
    assert answer.status == "answered"
    assert any("pressing Ukraine instead of Russia" in statement.text for statement in answer.statements)


@pytest.mark.parametrize("question", ["", " ", "\n\t \u2003"])
def test_an_empty_question_is_a_usage_error(seeds: Assistant, question: str) -> None:
    with pytest.raises(UsageError, match="empty"):
        seeds.ask(question)


def test_a_question_that_is_too_long_is_a_usage_error_that_names_the_limit(seeds: Assistant) -> None:
    with pytest.raises(UsageError, match=r"4,001 characters.*4,000.*max_question"):
        seeds.ask("x" * 4001)
    assert seeds.ask("x" * 4000).status == "refused"


@pytest.mark.parametrize("question", ["Who is \ud83d?", "\udcff"])
def test_half_a_character_is_a_usage_error(seeds: Assistant, question: str) -> None:
    with pytest.raises(UsageError, match="not valid Unicode"):
        seeds.ask(question)


@pytest.mark.parametrize(
    "question", ["?", "'; DROP TABLE documents; --", "((((", '"*" AND NOT', "\x00\x1b[31m", "日本は？", "🙂"]
)
def test_any_characters_may_be_asked(seeds: Assistant, question: str) -> None:
    assert seeds.ask(question).status in ("answered", "refused")
    assert seeds.collection.count() == 5


def test_a_missing_index_is_an_error_that_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(HomeError, match=r"there is no index in .*onrecord index PATH"):
        build(Settings(home=tmp_path / "none"))
    assert not (tmp_path / "none").exists()


# -- a language model ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delay", [0.0, 0.01])
def test_a_model_answers_and_its_citation_is_the_sources_own_sentence(seeds: Assistant, delay: float) -> None:
    def slowly(request: Request) -> Reply:
        reply = of_polls(request)
        assert isinstance(reply, Says)
        return Says(reply.text, delay=delay)

    answer, _ = asked(seeds, slowly)
    assert (answer.mode, answer.status, answer.notices) == ("llm", "answered", ())
    (statement,) = answer.statements
    assert statement.text == "Polls found that 57% of Ukrainians trust their president."
    assert statement.support == "supported"
    (citation,) = statement.citations
    document = seeds.collection.document(citation.document_id, citation.version)
    assert document is not None and document.text[citation.span.start : citation.span.end] == citation.quote
    assert "57%" in citation.quote and citation.file == "us-russia-reset.md"


def test_a_statement_is_heard_before_the_model_has_finished(seeds: Assistant) -> None:
    def at_length(request: Request) -> Reply:
        return Says(f"Polls found 57% {number_of(request, '57%')}. " + "And so on. " * 60, piece=8, delay=0.02)

    with writing(seeds, at_length) as (assistant, server):
        events = assistant.walk(QUESTION)
        assert isinstance(next(events), Sources)
        said = next(events)
        assert isinstance(said, Said) and said.statement.text == "Polls found 57%."
        events.close()  # type: ignore[attr-defined]
        assert server.hung_up.wait(5)


FAILURES: list[tuple[Behaviour, str]] = [
    (Status(401, f"bad key {KEY}"), "does not accept the key"),
    (Status(429, f"slow down {KEY}", retry_after="0"), "refusing requests"),
    (Status(500, KEY), "HTTP 500"),
    (Cut("Ze"), "broke off"),
    (BAD_JSON, "."),
    (STRANGE_JSON, "."),
    (NOT_THE_PROTOCOL, "."),
    (ERROR_IN_STREAM, "."),
    (Says(""), "empty answer"),
]


@pytest.mark.parametrize(("behaviour", "words"), FAILURES)
def test_when_the_endpoint_fails_the_documents_answer_and_a_notice_says_so(
    seeds: Assistant, behaviour: Behaviour, words: str
) -> None:
    answer, events = asked(seeds, behaviour)
    alone = seeds.ask(QUESTION)
    assert (answer.mode, answer.status, answer.statements) == ("extractive", "answered", alone.statements)
    (notice,) = answer.notices
    assert words in notice and "from the documents alone" in notice
    assert KEY not in notice and QUESTION not in notice
    # The reader learns of it before the answer that it explains.
    kinds = [type(event).__name__ for event in events]
    assert kinds.index("Notice") < kinds.index("Said") and "Restart" not in kinds


def test_what_may_pass_is_tried_again_and_then_nothing_is_noticed(seeds: Assistant) -> None:
    with writing(seeds, Status(500), of_polls) as (assistant, server):
        answer = assistant.ask(QUESTION)
    assert (answer.mode, answer.notices) == ("llm", ()) and len(server.requests) == 2


@pytest.mark.parametrize("politely", [False, True])
def test_a_stream_that_is_cut_withdraws_what_was_said(seeds: Assistant, politely: bool) -> None:
    def cut(request: Request) -> Reply:
        return Cut(f"Polls found 57% {number_of(request, '57%')}. And mo", politely=politely)

    answer, events = asked(seeds, cut)
    kinds = [type(event).__name__ for event in events]
    assert kinds[:4] == ["Sources", "Said", "Restart", "Notice"]
    assert set(kinds[4:-1]) == {"Said"}
    assert answer.mode == "extractive" and answer.statements == seeds.ask(QUESTION).statements
    assert len(answer.notices) == 1 and "broke off" in answer.notices[0]


def test_an_endpoint_that_is_not_there_is_fallen_back_from(seeds: Assistant) -> None:
    with OpenAIServer() as server:
        url = server.url
    settings = Settings(llm="small", llm_url=url, llm_retries=0)
    generate = GenerativeAnswerer(language_model(settings, pause=0.001), settings.llm_context)
    answer = Assistant(seeds.collection, Retriever(seeds.collection, 10), generate, settings).ask(QUESTION)
    assert answer.mode == "extractive" and "cannot be reached" in answer.notices[0]


def test_sources_that_do_not_exist_are_dropped_and_counted(seeds: Assistant) -> None:
    answer, events = asked(seeds, UNKNOWN_SOURCES)
    # 7.1 may exist among ten passages; 1.99 never does.
    dropped = [event.text for event in events if isinstance(event, Notice) and event.text != OWN_WORDS]
    assert len(dropped) == 1 and re.match(r"(One reference|\d references) of the model", dropped[0])
    for statement in answer.statements:
        for citation in statement.citations:
            document = seeds.collection.document(citation.document_id, citation.version)
            assert document is not None and citation.span.of(document.text) == citation.quote


def test_what_a_model_thinks_aloud_before_its_answer_is_withdrawn(seeds: Assistant) -> None:
    poll = "Recent polls found that 57% of Ukrainians trust their president [1.1]."
    answer, events = asked(seeds, Says(f"{poll} Everybody trusts him, I think [1.1]. So, then.</think>\n\n{poll}"))
    kinds = [type(event).__name__ for event in events]
    assert kinds.count("Restart") == 1
    assert "Everybody" not in answer.text and answer.text.count("57%") == 1


def test_where_nothing_that_a_model_says_holds_the_documents_answer_in_their_own_words(seeds: Assistant) -> None:
    answer, events = asked(seeds, Says("Everybody trusts him. It is well known [99.1]."))
    assert (answer.mode, answer.status) == ("extractive", "answered")
    assert {one.support for one in answer.statements} == {"supported"} and "57%" in answer.text
    kinds = [type(event).__name__ for event in events]
    assert kinds.index("Restart") < kinds.index("Notice", kinds.index("Restart"))
    assert OWN_WORDS in answer.notices and not any("counts as no answer" in notice for notice in answer.notices)


def short(seeds: Assistant, behaviour: Behaviour, question: str = QUESTION) -> tuple[Answer, OpenAIServer]:
    """An answer where the model is asked as small ones are."""
    with OpenAIServer(behaviour) as server:
        settings = Settings(llm="small", llm_url=server.url, llm_references="text")
        generate = GenerativeAnswerer(language_model(settings), settings.llm_context, short=True)
        assistant = Assistant(seeds.collection, Retriever(seeds.collection, 10), generate, settings)
        events = list(assistant.walk(question))
    check_walk(events)
    return _answer(events), server


def test_a_small_model_is_shown_an_example_and_single_sentences_and_cites_them_by_their_number(
    seeds: Assistant,
) -> None:
    answer, server = short(seeds, of_polls)
    (request,) = server.requests
    roles = [role for role, _ in request.messages]
    assert roles[:3] == ["system", "user", "assistant"] and roles[-1] == "user" and len(roles) > 5
    numbers = re.findall(r"^\[(\d+)\] ", request.prompt, re.MULTILINE)
    assert numbers == [str(number) for number in range(1, len(numbers) + 1)] and len(numbers) <= 16
    assert (answer.mode, answer.statements[0].support) == ("llm", "supported")
    assert "57%" in answer.statements[0].citations[0].quote


def test_where_a_small_model_rests_on_other_sentences_the_documents_own_follow(seeds: Assistant) -> None:
    def elsewhere(request: Request) -> Reply:
        line = [line for line in request.prompt.splitlines() if line.startswith("[")][-1]
        number, text = line.split("] ", 1)
        return Says(f"{text.rstrip('.')} {number}].")

    answer, _ = short(seeds, elsewhere)
    assert (answer.mode, ELSEWHERE in answer.notices) == ("llm", True)
    assert "57%" in " ".join(one.text for one in answer.statements[1:])
    assert all(one.citations for one in answer.statements)


def test_where_a_small_model_finds_nothing_sure_evidence_answers(seeds: Assistant) -> None:
    sure, _ = short(seeds, Says("NO ANSWER"))
    assert (sure.status, sure.mode, sure.notices) == ("answered", "extractive", (NOT_FOUND,))
    assert sure.ruling.answerability >= SURE


def test_where_the_evidence_is_poor_a_small_model_is_not_asked(seeds: Assistant) -> None:
    answer, server = short(seeds, Says("Forty goals [1]."), UNANSWERED)
    assert (answer.status, answer.mode, answer.statements) == ("refused", "llm", ())
    assert answer.ruling.reason and server.requests == []


def test_a_statement_without_a_source_is_unsupported_and_alone_it_is_no_answer(seeds: Assistant) -> None:
    answer, _ = asked(seeds, Says("Everybody trusts him. It is well known [99.1]."), question=UNANSWERED)
    assert [statement.support for statement in answer.statements] == ["unsupported", "unsupported"]
    assert answer.status == "refused"
    assert any("counts as no answer" in notice for notice in answer.notices)


def test_an_invented_figure_is_unsupported_beside_a_true_one(seeds: Assistant) -> None:
    def both(request: Request) -> Reply:
        number = number_of(request, "57%")
        return Says(f"Polls found that 57% of Ukrainians trust their president {number}. It was 88% {number}.")

    answer, _ = asked(seeds, both)
    assert [statement.support for statement in answer.statements] == ["supported", "unsupported"]
    assert answer.status == "answered" and "88" in answer.statements[1].reason


def test_an_invented_quotation_loses_its_marks(seeds: Assistant) -> None:
    def quoting(request: Request) -> Reply:
        number = number_of(request, "lengthy and highly productive")
        return Says(f'Trump called it "lengthy and highly productive" {number}. He called it "a triumph" {number}.')

    answer, _ = asked(seeds, quoting, question="How did Trump describe the February call?")
    assert [statement.text for statement in answer.statements] == [
        "Trump called it “lengthy and highly productive”.",
        "He called it a triumph.",
    ]
    assert answer.statements[0].support in ("supported", "partly")
    assert answer.statements[1].support == "unsupported"


def test_a_model_that_copies_the_question_gives_no_answer(seeds: Assistant) -> None:
    answer, _ = asked(seeds, copies_the_question)
    assert (answer.status, answer.statements) == ("refused", ())
    assert answer.notices == ("The model only repeated the question.",)


def test_a_model_that_finds_no_answer_refuses(seeds: Assistant) -> None:
    answer, _ = asked(seeds, Says("NO ANSWER"))
    assert (answer.status, answer.mode, answer.statements, answer.notices) == ("refused", "llm", (), ())
    assert len(answer.hits) == 10


def test_images_and_html_of_a_model_do_not_reach_the_answer(seeds: Assistant) -> None:
    answer, _ = asked(seeds, IMAGES)
    shown = str(answer.as_json()["statements"])
    assert "evil.example" not in shown and "<img" not in shown and "![" not in shown


def test_the_key_is_sent_to_the_endpoint_and_shown_nowhere(seeds: Assistant) -> None:
    for behaviour in (of_polls, Status(401, KEY), ERROR_IN_STREAM, Cut(f"{KEY} [1.1]. And")):
        with writing(seeds, behaviour) as (assistant, server):
            answer = assistant.ask(QUESTION)
        assert server.requests[0].key == KEY
        assert KEY not in str(answer.as_json())


def test_the_model_is_told_of_the_conversation(seeds: Assistant) -> None:
    with writing(seeds, Says("NO ANSWER")) as (assistant, server):
        assistant.ask("What did she accuse the administration of?", HISTORY)
    roles = [role for role, _ in server.requests[0].messages]
    assert roles == ["system", "user", "assistant", "user"]
    assert server.requests[0].question == "What did she accuse the administration of?"


def test_what_no_document_supports_is_left_out_where_the_settings_say_so(seeds: Assistant) -> None:
    said = Says("Merkel resigned in 1911 [1.1]. " + "The bridge was sold to Mars [1.2].")
    shown, dropped = (_with_setting(seeds, said, what) for what in ("strike", "drop"))
    assert [one.support for one in shown.statements] == ["unsupported", "unsupported"]
    assert dropped.statements == () and shown.status == dropped.status == "refused"
    assert any("counts as no answer" in notice for notice in dropped.notices)


def _with_setting(seeds: Assistant, said: Says, unsupported: Literal["strike", "drop"]) -> Answer:
    with OpenAIServer(said) as server:
        settings = Settings(llm="small", llm_url=server.url, unsupported=unsupported)
        generate = GenerativeAnswerer(language_model(settings), settings.llm_context)
        return Assistant(seeds.collection, Retriever(seeds.collection, 10), generate, settings).ask(UNANSWERED)
