"""What tells answerable questions from near misses, comparisons searched by halves, leads, lists, unstated premises."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.assistant import Assistant
from app.drafting.extract import LIST, choose
from app.drafting.lead import CLAUSE, WORDS, begun
from app.drafting.reported import reported, without_report
from app.evidence.answerability import likelihood
from app.evidence.candidates import fitted
from app.evidence.signals import AGAINST, SIGNALS, signals
from app.judging.ground import ground
from app.questions.question import read_question
from app.retrieval.halves import halves
from app.retrieval.retrieve import Found, Retriever
from app.settings import Settings
from indexing.collection import Collection
from indexing.documents import Metadata
from indexing.embed import embedder
from indexing.ingest import index
from indexing.words import stems

HERALD = """---
title: "Marl Island's new school"
source: Marl Herald
date: 2023-11-05
---

The school on Marl Island opened on Monday. Its head teacher, Wanda Prohl, comes from the mainland. A local builder put
up the hall, and two days of the year it will be lent to the choir.

“The children have waited six years for this,” said Wanda Prohl. The builder was not at the opening.

Three villages sent guests. Pastor Elan Moy came from Overby. The singer Dita Quill came from Nessing. The potter Jory
Plume came from Saltwick. The weaver Hanne Orr came from Brack.
"""

PIER = """---
title: A pier for Marl Island
source: Marl Herald
date: 2024-05-02
---

The pier on Marl Island is finished. Ships of sixty metres can moor there.

“Nobody in Saltwick believed that the money would come, that the stones would be brought over the sound in one winter
and that Oskar Brandt of the ministry would sign the papers before the ice went out,” said Jory Plume, a potter.
"""


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    yield from reading(tmp_path_factory, HERALD)


@pytest.fixture(scope="module")
def pier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    yield from reading(tmp_path_factory, PIER)


def reading(tmp_path_factory: pytest.TempPathFactory, text: str) -> Iterator[Assistant]:
    folder = tmp_path_factory.mktemp("texts")
    (folder / "herald.md").write_text(text, encoding="utf-8")
    with Collection(tmp_path_factory.mktemp("home"), embedder("minilm"), create=True) as collection:
        index(collection, [folder])
        yield Assistant(collection, Retriever(collection, 10), None, Settings())


# -- signals -----------------------------------------------------------------------------------------------------------


@given(
    st.floats(0, 1),
    st.fixed_dictionaries({name: st.floats(0, 1) for name in SIGNALS}),
    st.sampled_from(sorted(SIGNALS)),
    st.floats(0, 1),
)
def test_a_lack_never_makes_an_answer_likelier_nor_another_signal_less_likely(
    topic: float, found: dict[str, float], name: str, more: float
) -> None:
    risen = {**found, name: max(found[name], more)}
    before, after = likelihood(topic, found), likelihood(topic, risen)
    assert 0 <= before <= 1 and (after <= before if name in AGAINST else after >= before)


def test_the_shipped_constants_weigh_every_signal_and_no_other() -> None:
    assert set(fitted()["answer"]["weights"]) == set(SIGNALS)


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("Which builder put up the hall of the school on Marl Island?", "lack_told"),
        ("Which architect drew the school on Marl Island?", "lack_role"),
        ("How much did the school on Marl Island cost?", "lack_figure"),
        ("How many pupils has the school on Marl Island?", "lack_counted"),
        ("Who opened a school on Marl Island in 1987?", "lack_year"),
    ],
)
def test_what_is_not_told_is_a_lack(school: Assistant, question: str, name: str) -> None:
    found = signals(school._find(*school.look_up(question)).evidence)
    assert found[name] > 0 and all(0 <= value <= 1 for value in found.values())


def test_where_nothing_was_found_there_are_no_signals(school: Assistant) -> None:
    query, _ = school.look_up("Which builder put up the hall?")
    assert set(signals(school._find(query, Found((), ())).evidence).values()) == {0.0}


# -- what is asked for -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "kind", "focus"),
    [
        ("What was the lookout's name on the bridge?", "person", "lookout"),
        ("What is the name of the ferry that sank?", "name", "ferry"),
        ("Which yard builds the ferry?", "name", "yard"),
        ("Who keeps the books of the council?", "person", ""),
        ("How many crowns will the repair cost?", "money", "crowns"),
        ("What does the repair cost?", "money", ""),
        ("How large is the grant for the school?", "money", "grant"),
    ],
)
def test_the_thing_asked_for_ends_before_the_verb(question: str, kind: str, focus: str) -> None:
    asked = read_question(question)
    assert (asked.kind, asked.focus) == (kind, focus)


def test_how_fast_is_answered_by_a_figure_with_a_unit_of_speed() -> None:
    asked, text = read_question("How fast does the ferry sail?"), "With 206 aboard it makes 14 knots."
    assert [one.span.of(text) for one in asked.answers_in(text)] == ["14"]


def test_a_word_that_only_begins_a_sentence_is_no_name() -> None:
    asked, text = read_question("Who printed the story?"), "Newspapers printed it."
    assert asked.answers_in(text, frozenset({"Prohl"})) == []
    assert [one.span.of("Prohl printed it.") for one in asked.answers_in("Prohl printed it.", {"Prohl"})] == ["Prohl"]


# -- halves ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        (
            "Did Vale win by more in Overby or in Nessing?",
            ("Did Vale win by more in Overby", "Did Vale win by more in Nessing"),
        ),
        (
            "Whom did Wanda Prohl invite, and whom had she left out?",
            ("Whom did Wanda Prohl invite", "Wanda Prohl whom had she left out"),
        ),
        ("Where do Overby and Nessing differ?", ("Where do Overby differ", "Where do Nessing differ")),
        ("Who opened the school?", ()),
        ("Which strait lies between Overby and Nessing?", ()),
    ],
)
def test_a_comparison_falls_into_halves(question: str, parts: tuple[str, ...]) -> None:
    assert halves(question) == parts


@given(st.text(max_size=200))
def test_any_text_has_two_halves_or_none(text: str) -> None:
    assert len(halves(text)) in (0, 2)


def test_what_is_found_for_halves_is_each_passage_once_and_no_more_than_asked_for(seeds: Assistant) -> None:
    _, found = seeds.look_up("Do Washington and Europe move the same way on sanctions after the May call?")
    spans = [(hit.passage.document.id, hit.passage.span) for hit in found.hits]
    assert len(set(spans)) == len(spans) <= 10 and len(found.matches) == len(spans)
    assert max(hit.score for hit in found.hits) == found.hits[0].score


# -- leads and lists ---------------------------------------------------------------------------------------------------


def test_who_said_is_led_by_speaker_source_and_day_in_words_that_the_gate_supports(school: Assistant) -> None:
    answer = school.ask("Who said that the children had waited six years?")
    first, second = answer.statements[0], answer.statements[1]
    assert first.text == (
        "“The children have waited six years for this”, said Wanda Prohl, as Marl Herald reported on 5 November 2023."
    )
    assert first.lead and first.support == "supported" and first.as_json()["lead"]
    assert [span.of(first.text) for span in first.highlight] == ["Wanda Prohl"]
    assert not second.lead and second.text.startswith("“The children")
    for citation in first.citations:
        document = school.collection.document(citation.document_id, citation.version)
        assert document is not None and citation.span.of(document.text) == citation.quote


def test_a_lead_with_another_day_or_speaker_is_not_supported(school: Assistant) -> None:
    lead = school.ask("Who said that the children had waited six years?").statements[0]
    for changed in (("5 November", "6 November"), ("Wanda Prohl", "Elan Moy"), ("Marl Herald", "Coast Gazette")):
        text = lead.text.replace(*changed)
        forged = ground(replace(lead, text=text), lambda one: school.collection.document(one.document_id, one.version))
        assert forged.support != "supported", changed
    plain = replace(lead, lead=False)
    assert ground(plain, lambda one: school.collection.document(one.document_id)).support != "supported"


@given(st.lists(st.sampled_from(["the", "bridge", "will,", "and", "to", "not", "close.", "Ada", "of"]), max_size=60))
def test_what_a_lead_quotes_is_all_that_was_said_or_its_first_part_up_to_a_word_that_may_end_it(
    words: list[str],
) -> None:
    said = " ".join(words)
    kept, whole = begun(f" {said}\n")
    assert said.startswith(kept) and whole == (len(words) <= WORDS)
    if whole:
        assert said[len(kept) :].strip(" ,.") == ""
    elif any(word[-1] in ",." for word in words[CLAUSE - 1 : WORDS]):
        assert said[len(kept) :][0] in ",."
    elif any(map(stems, words[:WORDS])):
        assert stems(kept.split()[-1])


def test_a_long_quotation_is_led_by_a_part_that_is_called_one_and_its_speaker_is_marked(pier: Assistant) -> None:
    answer = pier.ask("Who said that nobody believed that the money would come?")
    first, second = answer.statements[:2]
    assert first.text == (
        "“Nobody in Saltwick believed that the money would come” is part of what was said by Jory Plume, as Marl "
        "Herald reported on 2 May 2024."
    )
    assert first.support == "supported"
    assert second.text.startswith("“Nobody in") and [span.of(second.text) for span in second.highlight] == [
        "Jory Plume"  # and not Oskar Brandt, of whom the words speak
    ]


@pytest.mark.parametrize(
    ("about", "words"),
    [
        (Metadata(source="Marl Herald", date="2023-11-05"), "as Marl Herald reported on 5 November 2023"),
        (Metadata(title="Minutes", date="2023"), "as “Minutes” reported (2023)"),
        (Metadata(), ""),
    ],
)
def test_where_and_when_are_what_is_stored(about: Metadata, words: str) -> None:
    assert reported(about) == words
    assert without_report("Ada Vale said so.", ()) == "Ada Vale said so."


def test_a_list_goes_on_beyond_the_usual_number_of_sentences(school: Assistant) -> None:
    finding = school._find(*school.look_up("Which guests were from Overby, Nessing, Saltwick and Brack?"))
    usual, longer = choose(finding, 3), choose(finding, LIST, 3)
    assert len(usual) <= 3 < len(longer) <= LIST
    assert {one.candidate.place for one in usual} <= {one.candidate.place for one in longer}
    assert len({one.candidate.place[0] for one in longer}) == 1


# -- premises ----------------------------------------------------------------------------------------------------------


def test_a_premise_that_no_document_states_is_named_with_what_comes_nearest(school: Assistant) -> None:
    answer = school.ask("Why did Wanda Prohl strike a policeman?")
    premise = answer.ruling.premise
    assert answer.status == "refused" and premise is not None and premise.verdict == "not_supported"
    assert premise.text == "Wanda Prohl did strike a policeman" and premise.citation is not None
    assert answer.ruling.reason == "No document says that Wanda Prohl did strike a policeman."
