"""Copies in retrieval: of passages that say the same one is shown, and it names the others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.assistant import Assistant, build
from app.commands.terminal import answer_for_terminal
from app.retrieval.copies import Wording, also_in, collapse, words_of
from app.settings import Settings
from indexing.collection import Collection
from indexing.copies import all_groups, groups, labels
from indexing.documents import Copy, Document, Hit, Metadata, Page, Passage, Sentence
from indexing.embed import embedder
from indexing.ingest import index
from indexing.spans import Span

STORY = [
    "The bridge at Ostrava was closed on Monday after engineers found cracks in two of its pillars.",
    "Mayor Jan Dvorak said that the repair would take at least eleven months and cost 40 million crowns.",
    "Buses are sent over the old road by the river, which adds a quarter of an hour to the journey.",
    "Traders on the eastern bank fear for their business, since most of their customers come on foot.",
    "The bridge was built in 1934 and was last inspected four years ago, when nothing was found.",
    "A second inspection by a firm from Brno is to begin next week and to last until the end of March.",
]
PAPERS = ("Morning Courier", "Evening Echo", "Silesian Post", "Daily Ledger")
QUESTION = "How long will the repair of the bridge at Ostrava take?"


def passage(number: int, sentences: list[str], document_id: str = "", text: str = "") -> Passage:
    """A passage of a document that holds these sentences, and perhaps more around them."""
    said = " ".join(sentences)
    text = text or said
    spans, at = [], text.index(sentences[0]) if sentences else 0
    for sentence in sentences:
        at = text.index(sentence, at)
        spans.append(Span(at, at + len(sentence)))
    document = Document(document_id or f"d{number}", f"v{number}", f"{number}.txt", text, Metadata(source=f"s{number}"))
    inside = tuple(Sentence(span, (span,), "text", 0) for span in spans)
    return Passage(number, document, Span(spans[0].start, spans[-1].end), 0, inside)


def hit(one: Passage, score: float = 0.5) -> Hit:
    return Hit(one, score, ())


@st.composite
def found_hits(draw: st.DrawFn) -> tuple[list[Hit], dict[str, str]]:
    """Hits of up to a dozen documents, in three groups and alone, that say few things in varying typography."""
    documents = draw(st.lists(st.sampled_from("abcdefghijkl"), min_size=1, max_size=14))
    hits = []
    for number, document_id in enumerate(documents):
        body = draw(st.sampled_from([STORY[:3], STORY[3:], STORY[1:4]]))
        if draw(st.booleans()):
            body = [sentence.upper().replace(".", "!") for sentence in body]
        hits.append(hit(passage(number, body, document_id), 1 - number / 100))
    labelled = {one: draw(st.sampled_from("123")) for one in sorted(set(documents)) if draw(st.booleans())}
    return hits, labelled


@given(found_hits())
def test_of_equal_passages_of_a_group_exactly_one_stays_and_every_other_is_named(
    case: tuple[list[Hit], dict[str, str]],
) -> None:
    hits, labelled = case
    kept = collapse(hits, labelled, {})
    shown = [one.passage.chunk_id for one in kept]
    assert shown == sorted(shown)  # in the order they came
    for one in hits:
        document, words = one.passage.document, Wording(one.passage).words
        alike = [
            other
            for other in kept
            if Wording(other.passage).words == words
            and labelled.get(other.passage.document.id) == labelled.get(document.id)
            and document.id in labelled
        ]
        if one.passage.chunk_id in shown:
            assert all(other.passage.document.id == document.id for other in alike)
        else:
            assert any(copy.document_id == document.id for other in alike for copy in other.copies)
    for one in kept:
        assert len({copy.document_id for copy in one.copies}) == len(one.copies)
        assert one.passage.document.id not in {copy.document_id for copy in one.copies}
        assert {labelled[copy.document_id] for copy in one.copies} <= {labelled.get(one.passage.document.id)}


@given(found_hits())
def test_without_groups_nothing_is_taken_together(case: tuple[list[Hit], dict[str, str]]) -> None:
    assert collapse(case[0], {}, {}) == case[0]


def repeats(one: list[str], shown: list[str], fits: list[float] | None = None) -> bool:
    """Where no `fits` are given, every sentence matters to the question."""
    return Wording(passage(1, one), fits or [1.0] * len(one)).repeats(Wording(passage(2, shown)))


def test_case_typography_and_a_chunk_cut_elsewhere_make_no_difference() -> None:
    assert repeats([one.upper() for one in STORY], STORY)
    assert repeats([one.replace(",", " —") for one in STORY], STORY)
    assert repeats(STORY[1:5], STORY)
    assert repeats([*STORY[:2], STORY[2].replace("which adds a", "and adds the"), *STORY[3:]], STORY)
    assert not repeats(STORY[:3], STORY[2:])


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("40 million", "45 million"),
        ("eleven months", "twelve months"),
        ("Jan Dvorak", "Jan Novak"),
        ("would take", "would not take"),
        ("from Brno", "from Prague"),
        ("1934", "1943"),
        ("engineers found cracks", "cracks found engineers"),
        ("The bridge", "The tunnel"),
    ],
)
def test_a_figure_a_name_a_negation_or_an_order_that_differs_keeps_both(ours: str, theirs: str) -> None:
    changed = [sentence.replace(ours, theirs) for sentence in STORY]
    assert changed != STORY
    assert not repeats(changed, STORY)
    assert not repeats(STORY, changed)


def test_a_sentence_of_its_own_keeps_a_passage_only_where_it_may_matter_to_the_question() -> None:
    longer = [*STORY, "Petr Horak resigned over it."]
    assert not repeats(longer, STORY)
    assert not repeats(longer, STORY, [0.5] * 6 + [0.45])
    assert repeats(longer, STORY, [0.5] * 6 + [0.2])
    assert repeats(STORY, longer)


def test_where_else_a_quote_stands_is_found_whatever_its_typography() -> None:
    one, two = passage(1, STORY), passage(2, [sentence.replace(" ", "\u00a0").upper() for sentence in STORY])
    found = also_in(STORY[1], "d1", [one, two])
    assert [copy.document_id for copy in found] == ["d2"]
    assert words_of(found[0].span.of(two.document.text)) == words_of(STORY[1])
    assert also_in("repair would take", "d1", [one, two]) and not also_in("epair would take", "d1", [one, two])


@pytest.fixture(scope="module", name="wire")
def wire_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    """One story in four papers, one of them with a paragraph of its own, and twenty texts on other things."""
    folder, home = tmp_path_factory.mktemp("wire"), tmp_path_factory.mktemp("home")
    for number, paper in enumerate(PAPERS):
        body = "\n\n".join([" ".join(STORY[:3]), " ".join(STORY[3:])])
        front = f"---\ntitle: Bridge closed\nsource: {paper}\ndate: 2025-03-0{number + 1}\n---\n\n"
        ending = "\n\nOur reader Olga Mala has walked over it every day.\n" if number == 3 else "\n"
        (folder / f"paper{number}.md").write_text(front + body + ending, encoding="utf-8")
    for number in range(20):
        text = " ".join(f"Visitor {word} of town {number} wrote about its market and its weather." for word in "abcdef")
        (folder / f"other{number}.txt").write_text(text, encoding="utf-8")
    with Collection(home, embedder("minilm"), create=True) as collection:
        index(collection, [folder])
    assistant = build(Settings(home=home))
    with assistant.collection:
        yield assistant


def test_one_query_labels_what_the_groups_are(wire: Assistant) -> None:
    catalogue = wire.collection.catalogue
    every = [entry.id for entry in catalogue.entries()]
    found = labels(catalogue, every)
    by_group = groups(catalogue, every)
    assert set(found) == set(by_group)
    for document_id, group in by_group.items():
        assert {found[other] for other in group} == {found[document_id]}
    assert len({*found.values()}) == len(all_groups(catalogue))
    assert labels(catalogue, []) == {} == labels(catalogue, ["nowhere"])


def test_one_story_in_four_papers_is_one_hit_that_names_the_others(wire: Assistant) -> None:
    answer = wire.ask(QUESTION)
    papers = [one for one in answer.hits if one.passage.document.name.startswith("paper")]
    assert len(answer.hits) >= 10
    named = [one.passage.document.name for one in papers] + [copy.file for one in papers for copy in one.copies]
    assert set(named) == {f"paper{number}.md" for number in range(4)}
    assert len(papers) == 1
    value = json.loads(json.dumps(answer.as_json()))
    for one, entry in zip(answer.hits, value["retrieved"], strict=True):
        assert [copy["file"] for copy in entry["copies"]] == [copy.file for copy in one.copies]
        assert all({"file", "document", "start", "end", "title"} <= set(copy) for copy in entry["copies"])


def test_an_answer_says_a_sentence_once_and_names_the_other_papers(wire: Assistant) -> None:
    answer = wire.ask(QUESTION)
    assert answer.status == "answered"
    assert len({words_of(statement.text) for statement in answer.statements}) == len(answer.statements)
    said = next(statement for statement in answer.statements if "eleven months" in statement.text)
    (citation,) = said.citations
    papers = {copy.source for copy in citation.copies} | {citation.source}
    assert papers == set(PAPERS)
    for copy in citation.copies:
        other = wire.collection.document(copy.document_id, copy.version)
        assert other is not None and copy.span.of(other.text) == citation.quote
    shown = " ".join(answer_for_terminal(answer, 100).split())
    assert "Also in: " in shown
    assert all(f"{copy.source}, {copy.date}, {copy.file}" in shown for copy in citation.copies)


def test_what_one_paper_alone_says_is_found_in_that_paper(wire: Assistant) -> None:
    answer = wire.ask("Who has walked over the bridge every day?")
    assert "Olga Mala" in answer.text
    said = next(statement for statement in answer.statements if "Olga Mala" in statement.text)
    assert [citation.source for citation in said.citations] == [PAPERS[3]]
    assert said.citations[0].copies == ()


def test_the_freed_places_are_filled_however_many_copies_there_are(tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    for number in range(90):
        (folder / f"copy{number:02}.txt").write_text(" ".join(STORY), encoding="utf-8")
    for number in range(12):
        text = f"In town {number} the bridge is open, and a visitor wrote at length about its market and weather then."
        (folder / f"town{number}.txt").write_text(f"{text} " * 1, encoding="utf-8")
    with Collection(tmp_path / "home", embedder("minilm"), create=True) as collection:
        index(collection, [folder])
    assistant = build(Settings(home=tmp_path / "home"))
    with assistant.collection:
        hits = assistant.ask(QUESTION).hits
    assert len(hits) >= 10
    copies = [one for one in hits if one.passage.document.name.startswith("copy")]
    assert len(copies) == 1
    assert len(copies[0].copies) == 89


def test_a_citation_knows_its_page() -> None:
    pages = (Page("i", Span(0, 10)), Page("ii", Span(10, 20)), Page("1", Span(20, 26)))
    document = Document("d", "v", "a.pdf", "abcdefghijklmnopqrstuvwxyz", pages=pages)
    assert document.page(Span(3, 9)) == "i"
    assert document.page(Span(10, 20)) == "ii"
    assert document.page(Span(9, 21)) == "i–1"
    assert document.page(Span(20, 20)) == "1"
    assert Document("d", "v", "a.txt", "abc").page(Span(0, 1)) == ""
    assert Copy.of(document, Span(0, 1)).file == "a.pdf"
