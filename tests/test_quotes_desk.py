"""The quote desk over real indexes: every headline, every axis, exact places, and what must never be green."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.quotes.compare import Comparison, Rules
from app.quotes.desk import QuoteDesk
from app.quotes.exact import verbatim_spans
from app.quotes.lexicon import lexicon
from app.quotes.result import PROFILES, Verdict
from indexing.collection import Collection
from indexing.errors import UsageError
from indexing.ingest import index
from indexing.tokens import tokens_of
from tests.desks import desk_over
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
    files = {
        "speech.txt": SPEECH,
        "harbour.md": MARKDOWN,
        "show.txt": TRANSCRIPT,
        "wrapped.txt": WRAPPED,
        "german.txt": GERMAN,
    }
    with desk_over(tmp_path_factory.mktemp("quotes"), files) as made:
        yield made


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


RED = [
    ("We will raise taxes on 1,200 families this year", "altered", "negation", "critical"),
    ("We will not raise taxes on 1,300 families this year", "altered", "quantity", "critical"),
    ("We may not raise taxes on 1,200 families this year", "altered", "modal", "critical"),
    ("We will not raise taxes on 1,200 families last year", "altered", "comparative", "critical"),
    ("They will not raise taxes on 1,200 families this year", "altered", "pronoun", "critical"),
    ("We would not raise taxes on 1,200 families this year", "altered", "modal", "critical"),
    ("The plan was good, and it will cost five percent less than the last one", "altered", "tense", "critical"),
    ("The plan is good, and it will cost five percent more than the last one", "altered", "comparative", "critical"),
    ("The plan is good, or it will cost five percent less than the last one", "altered", "conjunction", "critical"),
    ("The plan is good, and it will cost five dollars less than the last one", "altered", "quantity", "critical"),
    ("I don’t think we are ready to open the gallery in March", "altered", "word", "substantive"),
    ("I think an old bridge must be closed before winter comes", "altered", "article", "cosmetic"),
    ("The old bridge must be closed before winter comes", "context_cut", "cut", ""),
    ("I think the old bridge must be closed before winter comes", "context_cut", "cut", ""),
    ("we are ready to open the tunnel in March", "context_cut", "cut", ""),
    ("the tunnel is safe for everyone", "context_cut", "cut", ""),
    ("Are we safe there.", "altered", "question", "critical"),
    ("We will ... raise taxes on 1,200 families this year", "elision_hides", "elision", "critical"),
    ("We will [never] raise taxes on 1,200 families this year", "elision_hides", "bracket", "critical"),
    ("The council has spent two million euros on repairs", "narration", "voice", ""),
    ("We will not raise taxes on 1,200 families, and it will cost five percent less", "spliced", "splice", "critical"),
    ("We will not raise taxes on 1,200 families the harbour will never be sold", "spliced", "splice", "critical"),
    ("it will cost five percent less than the last one, and the plan is good", "reordered", "order", "substantive"),
    ("The hаrbour will never be sold to a foreign company", "altered", "lookalike", "cosmetic"),
    ("The harbour will never be so1d to a foreign company", "altered", "ocr", "substantive"),
]


@pytest.mark.parametrize(("quote", "headline", "kind", "severity"), RED)
def test_what_was_not_said_so_is_never_green_and_the_reason_is_shown(
    desk: QuoteDesk, quote: str, headline: str, kind: str, severity: str
) -> None:
    verdict = sound(desk, desk.check(quote))
    assert (verdict.headline, verdict.green, verdict.severity) == (headline, False, severity), verdict.edits
    assert kind in [edit.kind for edit in verdict.edits]


ABSENT = ["Nobody will ever rebuild the lighthouse at the cape", "colourless green ideas sleep furiously tonight"]


@pytest.mark.parametrize("quote", ABSENT)
def test_what_is_not_there_is_never_found(desk: QuoteDesk, quote: str) -> None:
    verdict = sound(desk, desk.check(quote, "Maria Lopez"))
    assert verdict.headline in ("not_found", "paraphrase") and not verdict.green
    assert verdict.occurrences == () and verdict.axes.speaker == "unknown"
    values = verdict.as_json()
    assert (values["file"], values["start"], values["end"]) == (None, None, None)


@pytest.mark.parametrize("quote", ["the", "and it", "to the"])
def test_a_few_common_words_are_too_short(desk: QuoteDesk, quote: str) -> None:
    assert sound(desk, desk.check(quote)).headline == "too_short"


@pytest.mark.parametrize("quote", ["", "  ", "...", "“”", "[sic]", "\ud800 word"])
def test_a_quote_without_words_is_refused(desk: QuoteDesk, quote: str) -> None:
    with pytest.raises(UsageError):
        desk.check(quote)


def test_the_speaker_is_confirmed_or_contradicted(desk: QuoteDesk) -> None:
    quote = "We will not raise taxes on 1,200 families this year"
    assert desk.check(quote, "Maria Lopez").green and desk.check(quote, "Lopez").axes.speaker == "confirmed"
    wrong = sound(desk, desk.check(quote, "John Smith"))
    assert (wrong.headline, wrong.axes.speaker) == ("misattributed", "contradicted")
    assert [(one.before, one.after) for one in wrong.edits if one.kind == "speaker"] == [("Maria Lopez", "John Smith")]


def test_places_are_exact(desk: QuoteDesk) -> None:
    best = desk.check("The harbour will never be sold to a foreign company").best
    assert best is not None
    assert best.text == "The **harbour** will [never](http://x.example) be sold to a foreign company"
    best = desk.check("The plan is good, and it will cost 5% less than the last one.").best
    assert best is not None
    assert best.text == "The plan is good,” said John Smith, “and it will cost five percent less than the last one."


def test_an_edit_says_where_it_stands_on_both_sides(desk: QuoteDesk) -> None:
    quote = "“We can not raise taxes on 1,200 families this year,”"
    verdict = desk.check(quote)
    (edit,) = verdict.edits
    assert (edit.before, edit.after) == ("will", "can")
    assert edit.source is not None and edit.quoted is not None
    assert edit.source.of(SPEECH) == "will" and edit.quoted.of(quote) == "can"


EDITS = [
    ("men who were at least at that time old", "men who were at that time old", ("at least", "")),
    ("we can’t go on like this for ever", "we can go on like this for ever", ("can’t", "can")),
    ("we can go on like this for ever", "we can't go on like this for ever", ("can", "can't")),
    ("I ask, is it twenty-one or is it more", "I ask, is it twenty-two or is it more", ("twenty-one", "twenty-two")),
    ("the mayor told Ann Brown and the whole town", "the mayor told Sue Brown and the whole town", ("Ann", "Sue")),
]


@pytest.mark.parametrize(("source", "quote", "edit"), EDITS)
def test_the_edit_shown_is_the_one_that_was_made(source: str, quote: str, edit: tuple[str, str]) -> None:
    text, given = tokens_of(source), tokens_of(quote)
    found = Comparison(given, Rules(lexicon("en"), "strict"))(text, 0, len(text)).edits
    assert [(one.before, one.after, one.severity) for one in found] == [(*edit, "critical")]


def test_profiles_relabel_small_things_and_nothing_grave(desk: QuoteDesk) -> None:
    bracket = "We will not raise taxes on [those] families this year"
    assert desk.check(bracket).headline == "elision_hides"  # a figure is hidden
    named = "The harbour will never be sold to [some] company"
    assert desk.check("We have built it with [their] own hands").green
    assert not desk.check("We have built it with [their] own hands", profile="reuters").green
    for profile in PROFILES:
        assert not desk.check("We will raise taxes on 1,200 families this year", profile=profile).green
        assert not desk.check(named, profile=profile).green


def test_a_language_without_a_lexicon_is_not_judged_and_says_so(desk: QuoteDesk) -> None:
    verdict = sound(desk, desk.check("Wir werden die Steuern in diesem Jahr erhöhen und nicht senken"))
    assert (verdict.headline, verdict.severity, verdict.green) == ("altered", "", False)
    assert verdict.policy.language == "de" and not verdict.policy.lexicon and "no lexicon" in verdict.notes[0]


def test_the_same_quote_gets_the_same_verdict(desk: QuoteDesk) -> None:
    for quote, *_ in RED[:8]:
        assert desk.check(quote).as_json() == desk.check(quote).as_json()


WORDS = re.findall(r"[\w’]+|[“”,.?!]", SPEECH)


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_every_run_of_words_is_found_word_for_word_where_it_stands(desk: QuoteDesk, data: st.DataObject) -> None:
    tokens = tokens_of(SPEECH)
    first = data.draw(st.integers(0, len(tokens) - 5))
    span = tokens.source(first, data.draw(st.integers(first + 5, len(tokens))))
    verdict = sound(desk, desk.check(span.of(SPEECH)))
    assert verdict.axes.words == "verbatim" and verdict.folds == ()
    assert [(place.file, place.span) for place in verdict.occurrences] == [("speech.txt", span)]


@given(st.lists(st.sampled_from(WORDS), min_size=4, max_size=40), st.sampled_from([" ", "  ", "\n", "\u00a0"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_words_in_any_order_get_a_sound_verdict(desk: QuoteDesk, words: list[str], blank: str) -> None:
    if re.search(r"\w", "".join(words)):
        verdict = sound(desk, desk.check(blank.join(words), "Lopez"))
        if verdict.green:
            best = verdict.best
            assert best is not None
            assert [w.casefold() for w in re.findall(r"\w+", best.text)][:1] == [
                w.casefold() for w in re.findall(r"\w+", " ".join(words))
            ][:1]


def test_several_threads_may_ask_one_desk(desk: QuoteDesk) -> None:
    quotes = [*(one[0] for one in GREEN), *(one[0] for one in RED)] * 3
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda quote: desk.check(quote).headline, quotes))
    assert together == [desk.check(quote).headline for quote in quotes]


def test_an_earlier_version_is_named_and_never_green(tmp_path: Path) -> None:
    docs = write(
        tmp_path / "docs",
        {"a.txt": "Boats sold\n\n“We have sold nine old boats to Norway,” Jane Roe said on Friday.\n"},
    )
    with Collection(tmp_path / "home", HashingEmbedder(), create=True) as collection:
        index(collection, [docs])
        desk = QuoteDesk(collection)
        quote = "We have sold nine old boats to Norway"
        assert desk.check(quote).green
        write(docs, {"a.txt": "Boats sold\n\n“We have sold six old boats to Norway,” Jane Roe said on Friday.\n"})
        index(collection, [docs])
        verdict = desk.check(quote)
        assert (verdict.headline, verdict.green, verdict.severity) == ("altered", False, "critical")
        assert any("earlier version of a.txt" in note for note in verdict.notes)
        write(docs, {"a.txt": "Nothing is left of this.\n"})
        index(collection, [docs])
        verdict = desk.check(quote)
        assert verdict.headline in ("not_found", "paraphrase")
        assert [place.standing for place in verdict.closest][:1] == ["superseded"]


def test_copies_are_one_group_and_other_wordings_are_variants(tmp_path: Path) -> None:
    story = f"“We must never close the old lighthouse at night,” Jane Roe said.\n\n{SPEECH}"
    other = "“We must never close the lighthouse at night,” Jane Roe told us. It was raining all day in the town.\n"
    docs = write(tmp_path / "docs", {"a.txt": story, "b.txt": story + "\n", "c.txt": other})
    with Collection(tmp_path / "home", HashingEmbedder(), create=True) as collection:
        index(collection, [docs])
        verdict = QuoteDesk(collection).check("We must never close the old lighthouse at night", variants=True)
    assert verdict.green and {place.file for place in verdict.occurrences} == {"a.txt", "b.txt"}
    assert len({place.group for place in verdict.occurrences}) == 1
    (variant,) = verdict.variants
    assert (variant.text, variant.count) == ("We must never close the lighthouse at night", 1)


def test_a_quote_of_hundreds_of_words_is_compared_to_the_last(tmp_path: Path) -> None:
    said = " ".join(f"In year {n} the council met {n * 7 % 31} times and nobody objected." for n in range(60))
    docs = write(tmp_path / "docs", {"a.txt": f"“{said}” Jane Roe said.\n"})
    with Collection(tmp_path / "home", HashingEmbedder(), create=True) as collection:
        index(collection, [docs])
        desk = QuoteDesk(collection)
        assert desk.check(said).headline == "verbatim"
        verdict = desk.check(said.replace("year 44 the council", "year 45 the council"))
    assert (verdict.headline, verdict.severity) == ("altered", "critical")
    assert [(one.before, one.after) for one in verdict.edits] == [("44", "45")]


def test_the_exact_matcher_sees_through_marks_and_nothing_else() -> None:
    text = "He said: “We don’t — ever —\nsell   it.” We sell it."
    assert [span.of(text) for span in verbatim_spans("We don't - ever - sell it", text)] == [
        "We don’t — ever —\nsell   it"
    ]
    assert list(verbatim_spans("we don't - ever - sell it", text)) == []
    assert [span.start for span in verbatim_spans("sell it", "sell it, resell it; sell it")] == [0, 20]
    assert list(verbatim_spans("...", text)) == []
    asked = "“Shall we sell it…?” he said."
    assert [span.of(asked) for span in verbatim_spans('"shall we sell it...?"', asked)] == []
    assert [span.of(asked) for span in verbatim_spans('we sell it...?"', asked)] == ["we sell it…?”"]
    assert list(verbatim_spans("we sell it.", asked)) == [] and list(verbatim_spans("(we sell it", asked)) == []
