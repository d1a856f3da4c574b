"""Retrieval: the fusion is what its papers say, what is gone is never found, what is planted is found first."""

from __future__ import annotations

import random
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.answers import Turn
from app.assistant import Assistant
from app.retrieval.retrieve import FUSION, WEIGHTS, Retriever, fuse, pool
from indexing.collection import Collection
from indexing.documents import Document, Hit, Passage
from indexing.embed import embedder
from indexing.ingest import index
from indexing.schema import Changes
from indexing.spans import Span
from tests.conftest import Opener

Ranking = Sequence[tuple[int, float]]


@st.composite
def rankings(draw: st.DrawFn) -> list[Ranking]:
    """Up to four rankings of some of thirty chunks, best first."""
    made: list[Ranking] = []
    for _ in range(draw(st.integers(0, 4))):
        ids = draw(st.lists(st.integers(1, 30), unique=True, max_size=30))
        scores = sorted(draw(st.lists(st.floats(-1, 30), min_size=len(ids), max_size=len(ids))), reverse=True)
        made.append(list(zip(ids, scores, strict=True)))
    return made


def reference(found: Sequence[Ranking]) -> dict[int, Fraction]:
    """Reciprocal rank fusion by its definition, in exact numbers."""
    every = {chunk_id for ranking in found for chunk_id, _ in ranking}
    return {
        chunk_id: sum(
            (
                Fraction(1, FUSION + 1 + [one for one, _ in ranking].index(chunk_id))
                for ranking in found
                if chunk_id in [one for one, _ in ranking]
            ),
            Fraction(0),
        )
        for chunk_id in every
    }


@given(rankings(), st.integers(0, 40))
def test_pooling_is_reciprocal_rank_fusion(found: list[Ranking], count: int) -> None:
    exact = reference(found)
    pooled = pool(found, count)
    assert len(pooled) == len(set(pooled)) == min(count, len(exact))
    left_out = set(exact) - set(pooled)
    ordered = [exact[chunk_id] for chunk_id in pooled]
    # Sums in floating point may swap what is equal in exact numbers, and nothing else.
    assert all(before >= after or float(before) == pytest.approx(float(after)) for before, after in pairwise(ordered))
    assert all(float(min(ordered)) >= float(exact[chunk_id]) - 1e-12 for chunk_id in left_out if ordered)


def test_pooling_by_hand() -> None:
    # 7: 1/61 + 1/62; 5: 1/61; 9: 1/62; 3: 1/63
    assert pool([[(7, 0.9), (9, 0.8), (3, 0.7)], [(5, 12.0), (7, 3.0)]], 10) == [7, 5, 9, 3]
    assert pool([[(7, 0.9), (9, 0.8), (3, 0.7)], [(5, 12.0), (7, 3.0)]], 2) == [7, 5]
    assert pool([], 5) == pool([[]], 5) == []


@given(rankings(), st.randoms(use_true_random=False))
def test_pooling_does_not_depend_on_the_order_of_the_rankings_nor_on_their_scores(
    found: list[Ranking], rng: random.Random
) -> None:
    found = found[:2]  # two sums are equal in either order, three need not be
    others = [[(chunk_id, rng.random()) for chunk_id, _ in ranking] for ranking in found]
    rng.shuffle(others)
    assert pool(found, 30) == pool(others, 30)


def passage(chunk_id: int) -> Passage:
    document = Document(
        str(chunk_id),
        "v",
        f"{chunk_id}.txt",
        "Text.",
    )
    return Passage(chunk_id, document, Span(0, 5), 0, ())


@given(st.lists(rankings(), min_size=1, max_size=1), st.data())
def test_fusing_gives_every_passage_once_best_first_with_scores_between_0_and_1(
    made: list[list[Ranking]], data: st.DataObject
) -> None:
    found = {name: dict(ranking) for name, ranking in zip(WEIGHTS, made[0], strict=False)}
    passages = {chunk_id: passage(chunk_id) for ranking in found.values() for chunk_id in ranking}
    hits = fuse(found, passages)
    assert sorted(hit.passage.chunk_id for hit in hits) == sorted(passages)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    for hit in hits:
        assert -1e-9 <= hit.score <= 1 + 1e-9
        for rank in hit.how:
            assert found[rank.ranking][hit.passage.chunk_id] == rank.score
            assert sum(score > rank.score for score in found[rank.ranking].values()) < rank.place
    shuffled = dict(data.draw(st.permutations(list(found.items()))))
    assert dict(_scored(fuse(shuffled, passages))) == pytest.approx(dict(_scored(hits)))


def _scored(hits: Sequence[Hit]) -> list[tuple[int, float]]:
    return [(hit.passage.chunk_id, hit.score) for hit in hits]


def test_fusing_by_hand() -> None:
    found = {"meaning": {1: 0.9, 2: 0.5}, "words": {2: 8.0}, "sentence": {1: 0.6, 3: 0.6}}
    hits = fuse(found, {number: passage(number) for number in (1, 2, 3)})
    own = {
        1: WEIGHTS["meaning"] + WEIGHTS["sentence"],  # best in both
        2: WEIGHTS["words"],  # alone in one, last in the other
        3: WEIGHTS["sentence"],  # as good as the best there
    }
    total = sum(WEIGHTS[name] for name in ("meaning", "words", "sentence", "document"))
    expected = {key: (value + WEIGHTS["document"] * value / own[1]) / total for key, value in own.items()}
    assert dict(_scored(hits)) == pytest.approx(expected)


SUBJECTS = [
    "harbour",
    "orchard",
    "railway",
    "library",
    "glacier",
    "market",
    "theatre",
    "quarry",
    "lighthouse",
    "brewery",
]
PLANTED = {
    "harbour.txt": (
        "The cranes of the harbour were repainted turquoise by Wilhelmina Quist.",
        "Who repainted the cranes?",
    ),
    "orchard.txt": ("A blight called silver scab ruined the pears in 1911.", "What ruined the pears in 1911?"),
    "glacier.txt": (
        "Professor Onwudiwe measured the ice with a copper rod.",
        "What did Onwudiwe measure the ice with?",
    ),
}


@pytest.fixture(scope="module")
def towns(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten texts of some length on different subjects, with a sentence of its own planted in three of them."""
    folder = tmp_path_factory.mktemp("towns")
    for subject in SUBJECTS:
        lines = [
            f"In {subject} log {year} {subject} visitors of the town described it as quiet, and its keeper wrote so."
            for year in range(1900, 1930)
        ]
        if planted := PLANTED.get(f"{subject}.txt"):
            lines.insert(17, planted[0])
        (folder / f"{subject}.txt").write_text(" ".join(lines), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def found_in_towns(towns: Path, tmp_path_factory: pytest.TempPathFactory) -> Retriever:
    collection = Collection(tmp_path_factory.mktemp("home"), embedder("minilm"), create=True)
    index(collection, [towns])
    return Retriever(collection, 10)


@pytest.mark.parametrize("file", sorted(PLANTED))
def test_a_planted_sentence_is_found_first_by_a_question_of_its_own_words(found_in_towns: Retriever, file: str) -> None:
    sentence, question = PLANTED[file]
    first = found_in_towns(found_in_towns.read(question, ())).hits[0].passage
    assert first.document.name == file and sentence in first.text


@pytest.mark.parametrize("question", ["What is quiet?", "Who repainted the cranes?", "zyx", "?", "How are taxes paid?"])
def test_there_are_ten_hits_where_the_collection_has_them(found_in_towns: Retriever, question: str) -> None:
    found = found_in_towns(found_in_towns.read(question, ()))
    assert len(found.hits) == len(found.matches) == 10
    assert len({hit.passage.chunk_id for hit in found.hits}) == 10
    assert [hit.score for hit in found.hits] == sorted((hit.score for hit in found.hits), reverse=True)
    for hit, matches in zip(found.hits, found.matches, strict=True):
        assert len(matches) == len(hit.passage.sentences)
        assert all(0 <= match.coverage <= 1 and -1.001 <= match.similarity <= 1.001 for match in matches)


def test_a_small_collection_gives_what_it_has(opened: Opener, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "one.txt").write_text("The cat sat on the mat.", encoding="utf-8")
    collection = opened(tmp_path / "home")
    index(collection, [tmp_path / "docs"])
    retriever = Retriever(collection, 10)
    assert len(retriever(retriever.read("Where did the cat sit?", ())).hits) == 1


def test_an_empty_collection_gives_nothing(opened: Opener, tmp_path: Path) -> None:
    retriever = Retriever(opened(tmp_path / "home"), 10)
    found = retriever(retriever.read("Where did the cat sit?", ()))
    assert found.hits == () and found.matches == ()


def test_what_is_gone_from_the_catalogue_is_not_found_although_the_indexes_still_hold_it(
    opened: Opener, tmp_path: Path
) -> None:
    (tmp_path / "docs").mkdir()
    for number in range(15):
        (tmp_path / "docs" / f"{number}.txt").write_text(f"Cat number {number} sat on the mat.", encoding="utf-8")
    collection = opened(tmp_path / "home")
    index(collection, [tmp_path / "docs"])
    gone = collection.catalogue.find_document("3.txt")
    assert gone is not None
    retriever = Retriever(collection, 50)
    query = retriever.read("Where did cat number 3 sit?", ())
    before = {hit.passage.document.name for hit in retriever(query).hits}
    # The catalogue alone, as when a run was killed just then.
    collection.catalogue.make_current([], Changes(gone=(gone.id,)))
    named = {
        chunk_id for chunk_id, _ in (*collection.by_meaning(query.vector, 60), *collection.by_words(query.text, 60))
    }
    current = set(collection.catalogue.chunk_ids(current=True))
    assert named - current, "the test needs indexes that still hold what is gone"
    hits = retriever(query).hits
    assert before - {hit.passage.document.name for hit in hits} == {"3.txt"}
    assert {hit.passage.chunk_id for hit in hits} == current


def test_a_follow_up_is_searched_with_the_question_before_it_and_another_question_is_not(seeds: Assistant) -> None:
    retriever = Retriever(seeds.collection, 10)
    history = [
        Turn("user", "What did Vance say?"),
        Turn("assistant", "Much."),
        Turn("user", "Who resigned as ambassador in Kyiv?"),
        Turn("assistant", "Brink."),
    ]
    assert retriever.read("What did she accuse the administration of?", history).text == (
        "Who resigned as ambassador in Kyiv? What did Brink accuse the administration of?"
    )
    alone = "What did the Kremlin say about the February call?"
    assert retriever.read(alone, history).text == retriever.read(alone, ()).text == alone
    assert retriever.read("What did she say?", history[1:2]).text == "What did she say?"


def test_half_a_character_in_the_history_does_no_harm(seeds: Assistant) -> None:
    retriever = Retriever(seeds.collection, 10)
    query = retriever.read("And what did she say?", [Turn("user", "Who is \ud83d Brink?")])
    assert len(retriever(query).hits) == 10
    turns = [Turn("user", "Who is \ud83d Brink?"), Turn("assistant", "\udc00"), Turn("user", "And \ud83d?")]
    assert retriever(retriever.read("And what did she say?", turns)).hits


def test_coverage_is_the_share_of_the_questions_words_and_rare_words_count_more(seeds: Assistant) -> None:
    query = Retriever(seeds.collection, 10).read("Does Trump mention Starlink?", ())
    assert query.coverage("Starlink mentions Trump") == pytest.approx(1.0)
    assert query.coverage("Nothing of it") == 0.0
    assert query.coverage("starlink") > query.coverage("trump") > 0.0
