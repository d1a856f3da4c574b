"""What is shown of what was found: joined neighbours hold every sentence once, in order, and lose no hit its place."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from app.retrieval.passages import LONGEST, OF_ONE, join
from indexing.documents import Document, Hit, Passage, Sentence
from indexing.spans import Span

SAID = "The harbour was quiet on that day, and so was the town."


def document(key: str, count: int = 40, kinds: str = "") -> tuple[Document, tuple[Sentence, ...]]:
    """A document of `count` sentences; a letter of `kinds` makes one a heading (h) or an order to a model (s)."""
    named = {"h": "heading", "s": "suspect"}
    step = len(SAID) + 1
    spans = [Span(number * step, number * step + len(SAID)) for number in range(count)]
    sentences = tuple(
        Sentence(span, (span,), named.get(kinds[number : number + 1], "text"), 0)  # type: ignore[arg-type]
        for number, span in enumerate(spans)
    )
    return Document(key, "v", f"{key}.txt", f"{SAID} " * count), sentences


def hit(made: tuple[Document, tuple[Sentence, ...]], number: int, first: int, last: int, score: float) -> Hit:
    inside = made[1][first:last]
    return Hit(Passage(number, made[0], Span(inside[0].span.start, inside[-1].span.end), first, inside), score, ())


def reader(*made: tuple[Document, tuple[Sentence, ...]]) -> object:
    known = {one.id: sentences for one, sentences in made}
    return lambda passage, first, last: known[passage.document.id][first:last]


@st.composite
def found(draw: st.DrawFn) -> list[Hit]:
    """Different chunks of a few documents, of which consecutive ones share a sentence, as the indexer cuts them."""
    places = draw(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 7)), unique=True, max_size=25))
    return [
        hit(document(key), 100 * ord(key) + chunk, 5 * chunk, min(40, 5 * chunk + 6), 1 - place / 100)
        for place, (key, chunk) in enumerate(places)
    ]


def held(hits: Sequence[Hit]) -> set[tuple[str, Span]]:
    return {(one.passage.document.id, each.span) for one in hits for each in one.passage.sentences}


@given(found(), st.integers(1, 12))
def test_joining_keeps_as_many_hits_as_were_asked_for_and_the_best_one_first(hits: list[Hit], count: int) -> None:
    made = [document(key) for key in "abcd"]
    joined = join(hits, count, reader(*made))  # type: ignore[arg-type]
    assert len(joined) == min(count, len(hits))
    assert [one.score for one in joined] == sorted((one.score for one in joined), reverse=True)
    if hits:
        assert joined[0].score == hits[0].score
        assert held(hits[:1]) <= held(joined[:1])
    for one in joined:
        passage = one.passage
        assert passage.sentences == document(passage.document.id)[1][passage.first :][: len(passage.sentences)]
        assert passage.span == Span(passage.sentences[0].span.start, passage.sentences[-1].span.end)
        assert len(passage.text.split()) <= LONGEST


@given(found())
def test_joining_everything_loses_no_sentence(hits: list[Hit]) -> None:
    made = [document(key) for key in "abcd"]
    assert held(hits) <= held(join(hits, len(hits), reader(*made)))  # type: ignore[arg-type]


def test_neighbours_become_one_passage_where_others_are_left_to_take_the_place() -> None:
    a, b = document("a"), document("b")
    hits = [hit(a, 1, 5, 11, 0.9), hit(b, 2, 0, 6, 0.8), hit(a, 3, 10, 16, 0.7), hit(b, 4, 20, 26, 0.6)]
    joined = join(hits, 3, reader(a, b))  # type: ignore[arg-type]
    assert [(one.passage.chunk_id, one.passage.first, len(one.passage.sentences)) for one in joined] == [
        (1, 4, 13),  # 5 to 16 and one on either side
        (2, 0, 7),
        (4, 19, 8),
    ]
    assert [one.passage.chunk_id for one in join(hits, 4, reader(a, b))] == [1, 2, 3, 4]  # type: ignore[arg-type]


def test_one_document_does_not_take_all_places_while_others_have_something() -> None:
    a, b = document("a"), document("b")
    far = [hit(a, number, 8 * number, 8 * number + 3, 0.9 - number / 100) for number in range(5)]
    joined = join([*far, hit(b, 9, 0, 3, 0.1)], 4, reader(a, b))  # type: ignore[arg-type]
    assert [one.passage.document.id for one in joined] == ["a"] * OF_ONE + ["b"]


def test_the_sentences_around_stop_at_headings_and_at_orders_to_a_model() -> None:
    plain = document("a", 9, "ttttttttt")
    assert join([hit(plain, 1, 3, 6, 0.5)], 1, reader(plain))[0].passage.first == 2  # type: ignore[arg-type]
    closed = document("b", 9, "tthttthtt")
    shown = join([hit(closed, 1, 2, 6, 0.5)], 1, reader(closed))[0].passage  # type: ignore[arg-type]
    assert (shown.first, len(shown.sentences)) == (2, 4)
    hostile = document("c", 9, "ttsttt" + "stt")
    shown = join([hit(hostile, 1, 3, 6, 0.5)], 1, reader(hostile))[0].passage  # type: ignore[arg-type]
    assert (shown.first, len(shown.sentences)) == (3, 3)


def test_a_document_that_changed_meanwhile_is_shown_as_it_was_found() -> None:
    one = hit(document("a"), 1, 5, 11, 0.9)
    assert join([one], 1, lambda *_: ()) == [one]
