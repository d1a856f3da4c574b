"""The quote desk over real indexes: every headline, every axis, exact places, and what must never be green."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.quotes.desk import QuoteDesk
from app.quotes.result import Verdict
from indexing.collection import Collection
from indexing.ingest import index
from tests.folders import write
from tests.hashing import HashingEmbedder

SPEECH = (
    "The bridge\n\n"
    "“We will not raise taxes on 1,200 families this year,” Maria Lopez said on Monday. “I think the old bridge must "
    "be closed before winter comes, but only if the council agrees.”\n\n"
    "“The plan is good,” said John Smith, “and it will cost five percent less than the last one.”\n\n"
    "The council has spent two million euros on repairs that nobody asked for in the first place.\n\n"
    "“I don’t think we are ready to open the tunnel in March,” Lopez said. “Are we safe there? I never said ‘the "
    "tunnel is safe for everyone’ to anybody.”\n"
)
MARKDOWN = (
    "---\ntitle: Harbour talk\ndate: 2026-03-04\n---\n# Harbour\n\n"
    "“The **harbour** will [never](http://x.example) be sold to a foreign company,” Ann Brown said.\n"
)
TRANSCRIPT = (
    "HOST: Welcome to the show about the harbour.\n\n"
    "BROWN: We have built it with our own hands. (LAUGHTER) And we shall keep it for our children.\n"
)
WRAPPED = (
    "Kim Jones was in the port on Friday. “The inter-\nnational community has failed the people of this small\n"
    "and well-known island,” Jones said to those who had come to the meeting\n"
    "in the port.\n"
)
GERMAN = "„Wir werden die Steuern in diesem Jahr nicht erhöhen“, sagte die Ministerin am Montag in Berlin.\n"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QuoteDesk]:
    made = tmp_path_factory.mktemp("quotes")
    files = {
        "speech.txt": SPEECH,
        "harbour.md": MARKDOWN,
        "show.txt": TRANSCRIPT,
        "wrapped.txt": WRAPPED,
        "german.txt": GERMAN,
    }
    with Collection(made / "home", HashingEmbedder(), create=True) as collection:
        index(collection, [write(made / "docs", files)])
        yield QuoteDesk(collection)


def sound(desk: QuoteDesk, verdict: Verdict) -> Verdict:
    """What holds of every verdict."""
    for place in (*verdict.occurrences, *verdict.closest):
        document = desk.collection.document(place.document, place.version)
        assert document is not None
        assert document.text[place.span.start : place.span.end] == place.text
        utf16 = document.text.encode("utf-16-le")
        assert utf16[2 * place.start_utf16 : 2 * place.end_utf16].decode("utf-16-le") == place.text
        for piece in place.pieces:
            assert place.span.contains(piece)
    for edit in verdict.edits:
        if edit.quoted is not None:
            assert edit.quoted.end <= len(verdict.quote)
    assert verdict.policy.fingerprint or not verdict.policy.lexicon
    assert verdict.searched.documents == 5 and verdict.searched.indexed_at
    return verdict


GREEN = [
    ("We will not raise taxes on 1,200 families this year,", "verbatim"),
    ('"We will not raise taxes on 1,200 families this year."', "verbatim"),
    ("we will not raise taxes on 1200 families this year", "punctuation_style"),
    ("We will not raise taxes on twelve hundred families this year", "punctuation_style"),
    ("We won't raise taxes on 1,200 families this year", "punctuation_style"),
    ("[W]e will not raise taxes on 1,200 families", "marked_edit"),
    ("We will not raise taxes ... this year", None),
    ("We will not raise taxes on [those] families this year", None),
    ("The plan is good, and it will cost 5% less than the last one.", "punctuation_style"),
    ("The plan is good and it will cost five per cent less than the last one", "punctuation_style"),
    ("The harbour will never be sold to a foreign company", "verbatim"),
    ("We have built it with our own hands. And we shall keep it for our children.", "verbatim"),
    ("The international community has failed the people of this small", "verbatim"),
    ("Wir werden die Steuern in diesem Jahr nicht erhöhen", "verbatim"),
    ("Are we safe there?", "verbatim"),
    ("â€œWe will not raise taxes on 1,200 families this yearâ€", "verbatim"),
]


@pytest.mark.parametrize(("quote", "headline"), GREEN)
def test_what_was_said_is_green(desk: QuoteDesk, quote: str, headline: str | None) -> None:
    verdict = sound(desk, desk.check(quote))
    if headline is not None:
        assert (verdict.headline, verdict.green) == (headline, True), verdict.edits
