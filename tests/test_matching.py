"""How sentences fit a question: all passages at once are what each is by the definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.retrieval.matching import COVERAGE, TITLE, Fit, Match, fits_of
from indexing.documents import Document, Metadata, Passage, Sentence
from indexing.embed import Vectors
from indexing.spans import Span
from indexing.words import stems

WORDS = "bridge bridges mill council river burnt closed the of".split()
WEIGHTS = dict(zip(stems(" ".join(WORDS)), (3.0, 0.5, 2.0, 1.0, 4.0, 0.25), strict=True))
QUESTION: Vectors = np.array([0.6, 0.8, 0.0], dtype=np.float32)


@st.composite
def passages(draw: st.DrawFn) -> Passage:
    said = [" ".join(one) for one in draw(st.lists(st.lists(st.sampled_from(WORDS), min_size=1), max_size=4))]
    text = ". ".join(said)
    sentences, at = [], 0
    for one in said:
        span = Span(at, at + len(one))
        sentences.append(Sentence(span, (span,), draw(st.sampled_from(["text", "heading", "suspect"])), 0))
        at += len(one) + 2
    title = " ".join(draw(st.lists(st.sampled_from(WORDS), max_size=3)))
    document = Document(draw(st.sampled_from("ab")) + title, "v", "n.txt", text, Metadata(title=title))
    return Passage(draw(st.integers(0, 99)), document, Span(0, len(text)), 0, tuple(sentences))


def by_definition(passage: Passage, rows: Vectors) -> Fit:
    matches, fits = [], []
    title = set(stems(passage.document.metadata.title))
    for sentence, row in zip(passage.sentences, rows, strict=False):
        suspect = sentence.kind == "suspect"
        held = set() if suspect else set(stems(sentence.visible(passage.document.text)))
        match = Match(0.0 if suspect else float(row @ QUESTION), share(held))
        matches.append(match)
        fits.append(match.similarity + COVERAGE * match.coverage + TITLE * share(title - held))
    return Fit(tuple(matches), tuple(fits))


def share(held: set[str]) -> float:
    return sum(weight for stem, weight in WEIGHTS.items() if stem in held) / sum(WEIGHTS.values())


@given(st.lists(passages(), max_size=4), st.data())
def test_each_passage_fits_as_it_does_by_itself(found: list[Passage], data: st.DataObject) -> None:
    """A document that has just changed has fewer rows than sentences, perhaps none."""
    counts = [data.draw(st.sampled_from([0, len(one.sentences)])) for one in found]
    rows = [np.random.default_rng(count).random((count, 3), dtype=np.float32) for count in counts]
    for fit, passage, part in zip(fits_of(found, rows, QUESTION, WEIGHTS), found, rows, strict=True):
        expected = by_definition(passage, part)
        assert fit.fits == pytest.approx(expected.fits)
        assert [one.coverage for one in fit.matches] == pytest.approx([one.coverage for one in expected.matches])
        assert [one.similarity for one in fit.matches] == pytest.approx([one.similarity for one in expected.matches])
        assert fit.best == pytest.approx(max(expected.fits, default=0.0))


def test_a_question_without_words_is_matched_by_meaning_alone() -> None:
    text = "The bridge."
    one = Passage(
        1, Document("a", "v", "n.txt", text), Span(0, 11), 0, (Sentence(Span(0, 11), (Span(0, 11),), "text", 0),)
    )
    (fit,) = fits_of([one], [np.array([[1, 0, 0]], dtype=np.float32)], QUESTION, {})
    assert fit.matches[0].similarity == pytest.approx(0.6)
    assert fit.matches[0].coverage == 0.0
