"""What a demanding fact-checker tries on the quote desk: each case says beforehand what the right verdict is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.quotes.desk import QuoteDesk
from app.quotes.draft import check_draft, draft_of
from tests.desks import desk_over

FILES = {
    "pier.md": (
        "---\ntitle: The pier at Westhaven\ndate: 2025-02-11\n---\n"
        "“He is a liar and the whole town knows it,” Paul Moss said of Councilman Aldo Birk.\n\n"
        "“Rents will rise again in the spring,” Mary Dunn said. “Birk is fair and patient with the tenants.”\n\n"
        "“I know this street, and I hate what they did to it. We shall sweep it ourselves,” Dunn said.\n\n"
        "“I did not sign the petition. Because of the noise I could not read it,” Moss said.\n\n"
        "“The mayor is tired of the fight over the old pier,” said Moss, who was married at the pier for one day.\n"
    ),
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QuoteDesk]:
    with desk_over(tmp_path_factory.mktemp("hard"), FILES) as made:
        yield made


GREEN = [
    "[Birk] is a liar and the whole town knows it",  # a pronoun at the beginning of the quote
    "[Councilman Aldo Birk] is a liar",
    "Birk is fair and patient with the [street’s] tenants",
    "I know this street … We shall sweep it ourselves",  # from sentence to sentence
    "I know this street, and I hate what they did to it — we shall sweep it ourselves",
    "[Moss] is tired of the fight over the old pier",
]


@pytest.mark.parametrize("quote", GREEN)
def test_marked_editing_that_says_the_same_is_green(desk: QuoteDesk, quote: str) -> None:
    verdict = desk.check(quote)
    assert verdict.green, (verdict.headline, verdict.edits)


MARKED = [
    ("[Mary Dunn] is a liar and the whole town knows it", "name", "critical"),  # a woman for the source's he
    ("[Rupert Vane] is a liar and the whole town knows it", "name", "substantive"),  # nobody in the document
    ("[Paul Moss] know this street", "name", "critical"),  # Mary Dunn's I
    ("[Paul Moss] is fair and patient with the tenants", "name", "critical"),
    ("Rents will [fall] again in the spring", "bracket", "critical"),
    ("Birk is [unfair] and patient with the tenants", "bracket", "critical"),
    ("Birk is fair and patient with the [bribed] tenants", "bracket", "substantive"),
    ("I know ... what they did to it", "elision", "critical"),  # hides that it is hated
    ("I hate ... it ourselves", "elision", "critical"),  # the beginning of one sentence, the end of another
    ("I did not sign the petition because of the noise", "sentence", "critical"),
    ("I did not sign the petition, because of the noise", "sentence", "critical"),
]


@pytest.mark.parametrize(("quote", "kind", "severity"), MARKED)
def test_marked_editing_that_says_something_else_is_not(desk: QuoteDesk, quote: str, kind: str, severity: str) -> None:
    verdict = desk.check(quote)
    assert not verdict.green
    assert (kind, severity) in [(one.kind, one.severity) for one in verdict.edits], verdict.edits


DENIED = {
    "post.md": (
        "---\ntitle: What the councilwoman did not say\n---\n"
        "A post seen by thousands claims that Vera Stahl said, “The old people can walk to the shop.” There is no sign "
        "that she ever said it.\n\n"
        "Stahl has denied ever telling the board that “the library is a waste of heat.”\n\n"
        "“The lamps will go out” is something that Stahl never said.\n\n"
        "A forged letter quotes Stahl as writing, “Sell the trees and pay the bills.”\n\n"
        "“Take the bread away from them,” reads a tweet in her name. The tweet is fake.\n\n"
        "“Did I say ‘close the bakery’? Not I,” Stahl said. “Suppose I said, ‘Burn the benches.’ You would laugh.”\n\n"
        "“I think the old dock was sound in May,” said Paul Moss, and “we all slept well.”\n\n"
        "“They will tell you the wall is safe. He said last year that it was dry. I can tell you "
        "that it leaks,” Moss said.\n\n"
        "“They want to close the school,” Stahl reportedly said. “I hate them,” she is said to have told a friend.\n\n"
        "He did not wait for the vote, and Paul Moss said, “The bell must ring on Sunday.”\n\n"
        "Moss just stopped and said, “We have to win the harbor street.”\n\n"
        "Moss, who has called for a “new and better lamp,” never said no.\n\n"
        "“It is a lie that we sold the church bell,” Moss said. “That the bell was cracked is nonsense.”\n\n"
        "“I will open the gate tomorrow if the paint is dry,” Moss said. “I will sign this week, as soon as we can.”\n"
    ),
}


@pytest.fixture(scope="module")
def doubted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QuoteDesk]:
    with desk_over(tmp_path_factory.mktemp("denied"), DENIED) as made:
        yield made


@pytest.mark.parametrize(
    "quote",
    [
        "The old people can walk to the shop",
        "the library is a waste of heat",
        "The lamps will go out",
        "Sell the trees and pay the bills",
        "Take the bread away from them",
        "close the bakery",
        "Burn the benches",
        "we sold the church bell",
        "the bell was cracked",
        "They want to close the school",
        "the wall is safe",
        "was sound in May",
        "it was dry",
        "I hate them",
        "I will open the gate",
        "I will open the gate tomorrow",
        "I will sign this week",
    ],
)
def test_what_a_document_denies_or_only_supposes_is_not_green(doubted: QuoteDesk, quote: str) -> None:
    verdict = doubted.check(quote)
    assert (verdict.headline, verdict.green) == ("context_cut", False), verdict.edits
    assert [one.kind for one in verdict.edits] == ["cut"]


@pytest.mark.parametrize(
    "quote",
    [
        "The bell must ring on Sunday",
        "We have to win the harbor street",
        "new and better lamp",
        "it leaks",
        "I will open the gate tomorrow if the paint is dry",
    ],
)
def test_a_denial_of_something_else_is_none_of_the_quote(doubted: QuoteDesk, quote: str) -> None:
    verdict = doubted.check(quote)
    assert verdict.green, verdict.edits


SPOKEN = {
    "interview.txt": (
        "Four questions for Clara Voss, keeper of the clock\n\n"
        "Q: Did the clock stop in the storm?\n\nA: It never stopped. We wound it by hand for a week.\n\n"
        "Q: Who paid for the oil?\n\nA: The bakers paid for it.\n\n"
    ),
    "speech.txt": (
        "Remarks by Governor Hal Brandt at the new station\n\n"
        "We built this hall without a loan, and I thank every mason. I said it would stand. My father laid "
        "the first stone of our old one.\n"
    ),
    "about.md": (
        "---\ntitle: Remarks by Governor Hal Brandt anger the masons\n---\n"
        "The masons were not invited to the hall, and I saw them stand outside; we spoke with them in my car.\n\n"
        "“I thank nobody,” Brandt said.\n"
    ),
    "page.txt": (
        "Flood\n\n“The wall held because the crew\fwas awake all night,” Nora Pine said.\n\n"
        "Councilman Tivo Renz disagreed with it. “The pump costs too much,” he said, “and nobody will mend it.”\n\n"
        "The head of the board, Ida Sol, was not there. “I voted for it,” she said later.\n\n"
        "Renz, a mason in Ulm, left early. He later wrote in a letter that “the pump must go.”\n"
    ),
    "pompe.txt": "Ville\n\n« La pompe est à nous », a déclaré Nora Pine mardi. « Elle reste ici jusqu’en mai. »\n",
}


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QuoteDesk]:
    with desk_over(tmp_path_factory.mktemp("spoken"), SPOKEN) as made:
        yield made


@pytest.mark.parametrize(
    ("quote", "speaker", "status"),
    [
        ("We wound it by hand for a week", "Clara Voss", "confirmed"),
        ("We wound it by hand for a week", "Nora Pine", "contradicted"),
        ("Did the clock stop in the storm?", "Clara Voss", "unknown"),
        ("We built this hall without a loan", "Gov. Brandt", "confirmed"),
        ("We built this hall without a loan", "", "not_claimed"),
        ("We built this hall without a loan", "Nora Pine", "contradicted"),
        ("The wall held because the crew was awake all night", "Nora Pine", "confirmed"),
        ("The pump costs too much, and nobody will mend it", "Tivo Renz", "confirmed"),
        ("The pump costs too much", "Nora Pine", "contradicted"),
        ("the pump must go", "Tivo Renz", "confirmed"),
        ("I voted for it", "Ida Sol", "confirmed"),
        ("I voted for it", "Nora Pine", "contradicted"),
        ("Elle reste ici jusqu'en mai", "Nora Pine", "confirmed"),
        ("“The pump costs too much,” Renz said, “and nobody will mend it.”", "", "confirmed"),
        ("“The pump costs too much,” Pine said.", "", "contradicted"),
    ],
)
def test_who_said_it_where_nobody_stands_right_beside_the_words(
    spoken: QuoteDesk, quote: str, speaker: str, status: str
) -> None:
    verdict = spoken.check(quote, speaker)
    assert verdict.axes.speaker == status, verdict.sentence
    assert verdict.green == (status in ("confirmed", "not_claimed"))
    assert verdict.axes.voice in ("quoted", "author")


def test_a_report_about_remarks_is_none_itself(spoken: QuoteDesk) -> None:
    verdict = spoken.check("The masons were not invited to the hall", "Hal Brandt")
    assert (verdict.headline, verdict.green) == ("narration", False)


DRAFT = """Mayor Lena Holt is stubborn. “We will not sell the pier,” the mayor said.

Her rival, Tobias Renz, was blunter: “The pier is a ruin.”

- Renz: “The lamps are too dim.”
- Holt's answer: “The lamps are new.”

As Renz put it, “nobody pays for lamps.”

“I was promised a bench,” said the baker, Ines Falk. “I got a stool,” said her brother, Jonas Falk.

Headline: “The pier is a ruin.”
"""


def test_a_draft_gives_its_quotes_to_those_it_names_in_any_usual_way() -> None:
    quotes = draft_of(DRAFT).quotes
    found = {one.text.strip(",."): one.speaker for one in quotes}
    assert found == {
        "We will not sell the pier": "Lena Holt",
        "The pier is a ruin": "",
        "The lamps are too dim": "Tobias Renz",
        "The lamps are new": "Lena Holt",
        "nobody pays for lamps": "Tobias Renz",
        "I was promised a bench": "Ines Falk",
        "I got a stool": "Jonas Falk",
    }
    assert next(one.speaker for one in quotes if "ruin" in one.text) == "Tobias Renz"


def test_what_a_speaker_adds_with_and_is_the_speakers(doubted: QuoteDesk) -> None:
    assert doubted.check("we all slept well", "Paul Moss").green


def test_who_asks_in_an_interview_is_not_checked() -> None:
    draft = draft_of("Q: Is the roof fine?\n\nA: It leaks in the north corner.\n\nThe talk ended there.\n")
    assert [(one.text, bool(one.skipped)) for one in draft.quotes] == [
        ("Is the roof fine?", True),
        ("It leaks in the north corner.", False),
    ]


EDITED = {
    "signs.md": (
        "---\ntitle: Signs\n---\n"
        "“We [the bakers] pay for the lamp ... in winter,” Roe said. “You sold the bench? I do not re-paint it.”\n\n"
        "“Was it new? I’m no mason,” Roe said.\n\n"
        "The Roe Foundation said: “We give to the poor.”\n"
    ),
    "rumour.md": "---\ntitle: A rumour\n---\n“The pier is sold to the crown,” Ann Roe said.\n",
    "check.md": "---\ntitle: A check\n---\nAnn Roe never said “the pier is sold to the crown”.\n",
    "bank.md": "---\ntitle: Fähre\n---\n„Wir werden die Fähre nicht verkaufen, wenn die Bank zahlt“, sagte Pine.\n",
    "pont.md": "---\ntitle: Pont\n---\n« Nous ne vendrons jamais le pont, sauf à la ville », a déclaré Nora Pine.\n",
}


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QuoteDesk]:
    with desk_over(tmp_path_factory.mktemp("edited"), EDITED) as made:
        yield made


@pytest.mark.parametrize(
    ("quote", "headline", "kind"),
    [
        ("We the bakers pay for the lamp", "altered", "bracket"),  # the editor's words, given as the speaker's
        ("pay for the lamp in winter", "altered", "elision"),  # the source's own omission
        ("You sold the bench", "altered", "question"),
        ("You sold the bench,", "altered", "question"),
        ("I do not repaint it", "altered", "spelling"),
        ("The pier is sold to the crown", "context_cut", "cut"),  # another document denies it
        ("Wir werden die Fähre ... verkaufen, wenn die Bank zahlt", "elision_hides", "elision"),
        ("Wir werden die Fähre nicht verkaufen", "context_cut", "cut"),
        ("Nous ne vendrons jamais le pont", "context_cut", "cut"),
    ],
)
def test_what_the_source_marks_or_takes_back_is_not_dropped(
    edited: QuoteDesk, quote: str, headline: str, kind: str
) -> None:
    verdict = edited.check(quote)
    assert (verdict.headline, verdict.green) == (headline, False), verdict.edits
    assert kind in [one.kind for one in verdict.edits]


@pytest.mark.parametrize(
    "quote", ["We [the bakers] pay for the lamp ... in winter", "You sold the bench?", "Was it new? I am no mason"]
)
def test_the_sources_own_marks_kept_are_green(edited: QuoteDesk, quote: str) -> None:
    assert edited.check(quote).green


def test_what_bears_a_name_is_not_the_person(edited: QuoteDesk) -> None:
    assert edited.check("We give to the poor", "Roe").axes.speaker == "unknown"
    assert edited.check("We give to the poor", "Roe Foundation").axes.speaker == "confirmed"
    assert edited.check("We give to the poor", "Ann Roe").axes.speaker == "contradicted"


def test_a_draft_that_denies_a_quote_is_told_what_the_documents_say(doubted: QuoteDesk) -> None:
    text = (
        "Moss never said “the bell must ring on Sunday.” Stahl never said that “the library is a waste of heat.”\n\n"
        "Moss shouted “The Bell Must Ring On Sunday” and read “The Last Bell”.\n"
    )
    rings, library, shouted, title = check_draft(doubted.check, draft_of(text)).checked
    assert rings.verdict is not None and not rings.verdict.green and "documents have it" in rings.verdict.sentence
    assert library.verdict is None and "not said" in library.quote.skipped
    assert shouted.verdict is not None and title.verdict is None
