"""The edges of the trade: marks of all sorts, transcripts, languages, what the eye misses, cuts and turns."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.quotes.context import cut_of
from app.quotes.desk import QuoteDesk
from app.quotes.given import read_quote
from app.quotes.lexicon import language_of, lexicon
from app.quotes.result import Axes, Headline, Severity
from app.quotes.units import units_of
from app.quotes.verdict import headline_of, is_green
from indexing.tokens import tokens_of
from tests.desks import desk_over

FILES = {
    "seventies.txt": "Music\n\n“The ’70s were the voters’ own years, and ‘nobody’ slept,” Ann Brown said.\n",
    "paragraphs.txt": (
        "Letter\n\n“We came here in the spring with our children.\n\n“We shall leave when they grow,” Brown wrote.\n"
    ),
    "chinese.txt": "消息\n\n他说：「我们永远不会卖掉这艘老渡船。」大家都很高兴。\n",
    "french.txt": "Ville\n\n« Nous ne vendrons jamais le vieux bac à une société », a dit la maire lundi.\n",
    "turn.txt": (
        "Bridge\n\n“We will open the bridge in May,” Mr. Smith said, “but only if the water falls.”\n\n"
        "“I doubt,” Ms. Jones said, “that they will ever finish the tunnel under the hill.”\n\n"
        "“We will close the road,” Ann Hill said. “But that is another story altogether.”\n\n"
        "“They cut the old trees, and they planted nothing at all,” Hill said. “If it rains, the slope will slide.”\n"
    ),
    "twice.txt": (
        "Twice\n\n“The town can pay for all of it,” Lee Park said on Monday, and on Tuesday: “The town can pay for all "
        "of it, except for the roof.”\n"
    ),
    "ends.txt": "Ends\n\n“We saw [three ships] and then we saw [two ducks],” Park said of the pond.\n",
    "ums.txt": "Ums\n\n“We will, um, pay for the uh new roof in May,” Park said, “and that is, well, all.”\n",
    "brackets.txt": "Brackets\n\n“[W]e gave them [the keys] and they lost it all,” Park said. “We need $5 million.”\n",
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QuoteDesk]:
    with desk_over(tmp_path_factory.mktemp("edges"), FILES) as made:
        yield made


@pytest.mark.parametrize(
    ("quote", "headline"),
    [
        ("The '70s were the voters' own years, and 'nobody' slept", "verbatim"),
        ('"The ’70s were the voters’ own years, and “nobody” slept."', "punctuation_style"),
        ("'The '70s were the voters' own years'", "verbatim"),
        ("We came here in the spring with our children. We shall leave when they grow", "punctuation_style"),
        ("我们永远不会卖掉这艘老渡船", "verbatim"),
        ("「我们永远不会卖掉这艘老渡船。」", "verbatim"),
        ("« Nous ne vendrons jamais le vieux bac à une société »", "verbatim"),
        ("[W]e gave them [the keys] and they lost it all", "verbatim"),
        ("We gave them [the keys] and they lost it all", "verbatim"),
        ("The town can pay for all of it", "verbatim"),  # one of its two places is whole
    ],
)
def test_what_is_printed_in_other_marks_is_green(desk: QuoteDesk, quote: str, headline: str) -> None:
    verdict = desk.check(quote)
    assert (verdict.headline, verdict.green) == (headline, True), (verdict.edits, verdict.axes)


@pytest.mark.parametrize(
    ("quote", "headline", "reason"),
    [
        ("我们不会卖掉这艘老渡船", "altered", "永远"),
        ("Nous vendrons le vieux bac à une société", "altered", "jamais"),
        ("We will open the bridge in May", "context_cut", "but"),
        ("We will open the bridge in May.", "context_cut", "but"),
        ("they will ever finish the tunnel under the hill", "context_cut", "I doubt"),
        ("the slope will slide", "context_cut", "If it rains"),
        ("they planted nothing at all ... the slope will slide", "elision_hides", "If"),
        ("[W]e gave them [the money] and they lost it all", "altered", "the keys"),
        ("We saw [three ships] and then we saw [nine ducks]", "altered", "two ducks"),
        ("We need $5", "too_short", ""),
        ("Music", "narration", ""),
    ],
)
def test_what_means_something_else_is_not(desk: QuoteDesk, quote: str, headline: str, reason: str) -> None:
    verdict = desk.check(quote)
    assert (verdict.headline, verdict.green) in ((headline, False), ("verbatim", True)) if not reason else True
    if reason:
        assert (verdict.headline, verdict.green) == (headline, False), (verdict.edits, verdict.axes)
        assert any(reason in edit.before for edit in verdict.edits), verdict.edits


def test_the_guardian_lets_ums_go_and_nobody_lets_words_go(desk: QuoteDesk) -> None:
    quote = "We will pay for the new roof in May"
    assert desk.check(quote, profile="guardian").headline == "punctuation_style"
    for profile in ("strict", "ap", "reuters"):
        verdict = desk.check(quote, profile=profile)
        assert (verdict.headline, verdict.severity, verdict.green) == ("altered", "cosmetic", False)
    assert not desk.check("We will pay for the roof in May", profile="guardian").green


def test_everything_that_an_omission_hides_is_named(desk: QuoteDesk) -> None:
    verdict = desk.check("We ... open the bridge in May ... the water falls")
    assert verdict.headline == "elision_hides"
    assert [edit.before for edit in verdict.edits if edit.kind == "elision"] == ["will", "but", "only", "if"]
    assert desk.check("The town can pay [sic] for all of it").headline == "marked_edit"


def test_a_sentence_that_ends_before_the_but_is_whole(desk: QuoteDesk) -> None:
    assert desk.check("We will close the road").green


def test_all_places_are_listed_and_each_says_whether_it_is_cut(desk: QuoteDesk) -> None:
    verdict = desk.check("The town can pay for all of it")
    assert sorted(place.context for place in verdict.occurrences) == ["clean", "cut_before"]
    assert verdict.occurrences[0].context == "clean"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1,200 people", "twelve hundred people"),
        ("$2.5 million", "2,500,000 dollars"),
        ("five per cent", "5%"),
        ("the twenty-first time", "the 21st time"),
        ("one hundred and five", "105"),
        ("don’t and cannot and won't", "do not and can not and will not"),
        ("the U.S. and the UN", "the US and the U.N."),
        ("Sen. Brown", "Senator Brown"),
    ],
)
def test_equal_values_are_equal(one: str, other: str) -> None:
    keys = [
        [unit.key for unit in units_of(tokens_of(text), 0, len(tokens_of(text)), lexicon("en"), house=True)]
        for text in (one, other)
    ]
    assert keys[0] == keys[1]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1,200", "12,00"),
        ("-5 degrees", "5 degrees"),
        ("$5", "€5"),
        ("two three", "five"),
        ("5 million", "5 billion"),
        ("US", "us"),
        ("1.5", "15"),
        ("5th", "5"),
        ("10", "10%"),
    ],
)
def test_other_values_are_not(one: str, other: str) -> None:
    keys = [
        [unit.key for unit in units_of(tokens_of(text), 0, len(tokens_of(text)), lexicon("en"), house=True)]
        for text in (one, other)
    ]
    assert keys[0] != keys[1]


@pytest.mark.parametrize(
    ("text", "quote", "kind"),
    [
        ("We agree unless it rains.", "We agree", "cut_before"),
        ("We agree, as long as they pay.", "We agree", "cut_before"),
        ("We agree … if they pay.", "We agree", "cut_before"),
        ("We agree... unless it rains.", "We agree", "cut_before"),
        ("We agree … They pay if it rains.", "We agree", None),
        ("We agree. But they must pay.", "We agree", None),
        ("We agree and they pay.", "We agree", None),
        ("I do not think that we agree.", "we agree", "cut_after"),
        ("He never said “we agree”.", "we agree", "cut_after"),
        ("He said “we agree”.", "we agree", None),
        ("He did not just say “we agree”.", "we agree", None),
        ("He denied “we agree”.", "we agree", "cut_after"),
        ("They claim we agree.", "we agree", "cut_after"),
        ("It rained. We agree.", "We agree", None),
        ("I told Mr. Smith we agree, except on Sundays.", "we agree", "cut_before"),
        ("If they pay, we agree.", "we agree", "cut_after"),
    ],
)
def test_cuts(text: str, quote: str, kind: str | None) -> None:
    tokens, keys = tokens_of(text), tokens_of(quote).keys
    (first,) = tokens.find(keys)
    cut = cut_of(tokens, first, first + len(keys), (), lexicon("en"))
    assert (cut.kind if cut else None) == kind


def test_the_headline_is_the_worst_and_green_needs_every_axis() -> None:
    clean = Axes("verbatim", "contiguous", "clean", "quoted", "confirmed")
    assert headline_of(clean, "") == "verbatim" and is_green(clean)
    worse: list[tuple[Axes, Severity, Headline]] = [
        (Axes("verbatim", "contiguous", "clean", "quoted", "conflicting"), "", "speaker_conflicting"),
        (Axes("altered", "contiguous", "clean", "quoted", "conflicting"), "cosmetic", "altered"),
        (Axes("altered", "reordered", "clean", "quoted", "confirmed"), "substantive", "reordered"),
        (Axes("altered", "reordered", "clean", "narration", "confirmed"), "substantive", "narration"),
        (Axes("verbatim", "contiguous", "cut_before", "narration", "confirmed"), "", "context_cut"),
        (Axes("marked_edit", "elision_hides", "clean", "narration", "confirmed"), "critical", "elision_hides"),
        (Axes("verbatim", "contiguous", "cut_after", "narration", "contradicted"), "", "misattributed"),
        (Axes("altered", "contiguous", "clean", "narration", "contradicted"), "critical", "altered"),
        (Axes("altered", "across_documents", "clean", "narration", "contradicted"), "critical", "spliced"),
    ]
    for axes, severity, headline in worse:
        assert headline_of(axes, severity) == headline and not is_green(axes)
    assert not is_green(Axes("verbatim", "contiguous", "clean", "quoted", "unknown"))


def test_places_in_a_mended_quote_are_those_of_the_quote_as_given() -> None:
    text = "  â€œWe donâ€™t [sic] work[ed] so ... ever.â€  "
    given = read_quote(text)
    assert given.folds == ("mojibake",)
    assert list(given.tokens.keys) == ["we", "don't", "worked", "so", "ever"]
    assert given.tokens.source(1, 2).of(text) == "donâ€™t"
    assert [(one.first, one.last, one.mark) for one in given.fragments] == [
        (0, 2, None),
        (3, 4, "bracket"),
        (4, 5, "omission"),
    ]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("the cat is not here", "en"),
        ("wir haben die Katze nicht", "de"),
        ("nous avons le chat avec une", "fr"),
        ("他说中文", ""),
        ("zzz", "en"),
    ],
)
def test_the_language_of_a_quote(text: str, language: str) -> None:
    assert language_of(tokens_of(text).keys) == language
