"""The grounding gate: what a statement's sources do not say is never shown as supported."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.answers import Citation, Statement
from app.judging.ground import ground
from indexing.clean import plain_blocks
from indexing.documents import Document, Metadata, Sentence
from indexing.load import load
from indexing.markdown import markdown_blocks
from indexing.sentences import sentences_of
from indexing.spans import Span

SEEDS = Path(__file__).parent.parent / "seeds"

POLL = (
    "Trump put Zelensky's approval rating at 4%, while recent polls found that 57% of Ukrainians trust their president."
)
CALL = "Putin called Trump first on 12 February 2025, the Kremlin said."
VOTE = "The United States did not vote for the resolution of Ukraine."
MONEY = "He said that Zelensky persuaded the United States to spend $350 billion, three times the aid really given."
HOPE = "By turning to Moscow, Washington may hope to contain the partnership of Russia and China."
PRICES = "Café prices rose by 4 % in the same week, and 1,200 shops in Iran closed."
SAID = "Trump called the conversation “lengthy and highly productive”.\nHe said “no” to ‘peace at any price’."


def document(text: str, title: str = "", name: str = "one.txt") -> Document:
    about = Metadata(title=title, source="The Daily", author="Ann Other")
    return Document(name, hashlib.sha256(text.encode()).hexdigest(), name, text, about)


def judged(source: str | list[str], said: str, title: str = "") -> Statement:
    """`said`, citing the whole source, or each of several sentences of one document."""
    sentences = [source] if isinstance(source, str) else source
    cited = document("\n".join(sentences), title)
    at, citations = 0, []
    for sentence in sentences:
        citations.append(Citation.of(cited, Span(at, at + len(sentence))))
        at += len(sentence) + 1
    return ground(Statement(said, tuple(citations), "unchecked"), lambda _: cited)


def seed_sentences() -> list[tuple[Document, Sentence]]:
    found = []
    for path in sorted(SEEDS.glob("*.md")):
        loaded = load(path.read_bytes(), path)
        version = hashlib.sha256(loaded.text.encode()).hexdigest()
        made = Document(path.name, version, path.name, loaded.text, loaded.metadata)
        found += [(made, one) for one in sentences_of(loaded.text, loaded.blocks) if one.kind == "text"]
    return found


SENTENCES = seed_sentences()


def cite(made: Document, sentence: Sentence) -> tuple[Citation, ...]:
    return tuple(Citation.of(made, piece) for piece in sentence.pieces)


# -- laws ------------------------------------------------------------------------------------------------------------


@given(st.sampled_from(SENTENCES), st.data())
def test_a_sentence_copied_from_the_source_is_supported_whatever_else_is_cited(
    one: tuple[Document, Sentence], data: st.DataObject
) -> None:
    made, sentence = one
    others = [other for other in SENTENCES if other[0] is made and other[1].span != sentence.span]
    more = data.draw(st.lists(st.sampled_from(others), max_size=2))
    rows = data.draw(st.permutations([cite(made, sentence), *(cite(*other) for other in more)]))
    citations = tuple(dict.fromkeys(citation for row in rows for citation in row))
    copied = " ".join(sentence.visible(made.text).split())
    copied = data.draw(st.sampled_from([copied, straight(copied)]))
    grounded = ground(Statement(copied, citations, "unchecked"), lambda _: made)
    assert (grounded.support, grounded.reason) == ("supported", "word for word in the source")
    assert "".join(straight(grounded.text).split()) == "".join(straight(copied).split())


def straight(text: str) -> str:
    return text.translate(str.maketrans("“”‘’—", "\"\"''-"))


@given(
    st.sampled_from(SENTENCES),
    st.one_of(
        st.integers(0, 10**7).map(str),
        st.integers(1000, 10**9).map("{:,}".format),
        st.decimals(0, 10**4, places=1).map(str),
    ),
    st.sampled_from(["", "%", " percent", " million", " years"]),
    st.sampled_from(["{text} It was {figure}.", "{figure} of it: {text}", "{text} ({figure})", "{figure}"]),
)
def test_a_figure_that_is_not_in_the_source_is_never_supported(
    one: tuple[Document, Sentence], figure: str, unit: str, form: str
) -> None:
    made, sentence = one
    digits = set(re.findall(r"\d+", sentence.visible(made.text)))
    words = sentence.visible(made.text).casefold()
    assume(figure.replace(",", "").split(".")[0] not in digits and "hundred" not in words and "thousand" not in words)
    assume(not (float(figure.replace(",", "")) <= 21))  # such may stand there in words
    said = form.format(text=sentence.visible(made.text).rstrip("."), figure=figure + unit)
    grounded = ground(Statement(said, cite(made, sentence), "unchecked"), lambda _: made)
    assert grounded.support == "unsupported" and "figure" in grounded.reason


FIGURED = [one for one in SENTENCES if re.search(r"\b\d+\b", one[1].visible(one[0].text))]


@given(st.sampled_from(FIGURED), st.integers(1, 3000))
def test_a_sentence_with_one_figure_changed_is_never_supported(one: tuple[Document, Sentence], other: int) -> None:
    made, sentence = one
    text = sentence.visible(made.text)
    figures = {int(figure) for figure in re.findall(r"\d+", text)}
    assume(other not in figures and other > 21)
    changed = re.sub(r"(?<![\w.])\d+(?![\w.]|%\w)", str(other), text, count=1)
    assume(changed != text)
    assert ground(Statement(changed, cite(made, sentence), "unchecked"), lambda _: made).support == "unsupported"


@given(st.text(max_size=80), st.sampled_from([POLL, CALL, SAID]))
def test_the_gate_only_adds_a_judgement_and_every_quotation_it_leaves_is_the_sources(said: str, source: str) -> None:
    grounded = judged(source, said)
    assert grounded.support != "unchecked" and grounded.reason
    for quoted in re.findall(r"“([^”]*)”", grounded.text):
        if grounded.support != "not_a_claim":
            assert quoted.rstrip(".,;: ") in source
    if not re.search(r"\w", said):
        assert grounded.support == "not_a_claim" and grounded.text == said


@given(st.text(max_size=80))
def test_without_a_source_nothing_is_supported_and_nothing_is_quoted(said: str) -> None:
    grounded = ground(Statement(said, (), "unchecked"), lambda _: None)
    assert grounded.support in ("unsupported", "not_a_claim")
    if grounded.support == "unsupported":
        assert '"' not in grounded.text and "“" not in grounded.text


# -- citations -------------------------------------------------------------------------------------------------------


def test_a_citation_of_a_changed_document_is_dropped() -> None:
    before, after = document(POLL), document(POLL.replace("57", "58"))
    statement = Statement(POLL, (Citation.of(before, Span(0, len(POLL))),), "unchecked")
    assert ground(statement, lambda _: before).support == "supported"
    for lookup in (lambda _: after, lambda _: None):
        grounded = ground(statement, lookup)
        assert (grounded.support, grounded.citations) == ("unsupported", ())
        assert grounded.reason == "no source is cited for it"


def test_of_two_citations_the_stale_one_is_dropped_and_the_other_counts() -> None:
    poll, call = document(POLL, name="poll"), document(CALL, name="call")
    citations = tuple(Citation.of(one, Span(0, len(one.text))) for one in (poll, call))
    statement = Statement("Putin called Trump first. 57% of Ukrainians trust their president.", citations, "unchecked")
    assert ground(statement, lambda citation: {"poll": poll, "call": call}[citation.document_id]).support == "supported"
    alone = ground(statement, lambda citation: call if citation.document_id == "call" else None)
    assert alone.citations == citations[1:] and alone.support == "unsupported"


def test_a_forged_quote_is_dropped() -> None:
    made = document(POLL)
    true = Citation.of(made, Span(0, 5))
    forged = Citation(made.id, made.version, Span(0, 5), "Putin", "one.txt", "", "", "")
    assert ground(Statement("Putin.", (forged, true), "unchecked"), lambda _: made).citations == (true,)


@pytest.mark.parametrize("said", ["…", "?!", "— —", "***", ""])
def test_what_has_no_word_is_not_a_claim(said: str) -> None:
    assert judged(POLL, said).support == "not_a_claim"


# -- figures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (POLL, "57% of Ukrainians trust their president."),
        (POLL, "57 percent of Ukrainians trust their president."),
        (POLL, "57 per cent of Ukrainians trust their president."),
        (POLL, "Fifty-seven percent of Ukrainians trust their president."),
        (PRICES, "1200 shops in Iran closed."),
        (PRICES, "1,200 shops in Iran closed."),
        (PRICES, "Twelve hundred shops in Iran closed."),
        (MONEY, "He said that Zelensky persuaded the United States to spend 350 billion dollars."),
        (MONEY, "He said that Zelensky persuaded the US to spend $350bn."),
        (MONEY, "He said that it was 3 times the aid really given."),
        (CALL, "Putin called Trump first on 12 February 2025."),
        ("They met one dozen times.", "They met 12 times."),
        ("They spent two hundred and fifty thousand pounds.", "They spent 250,000 pounds."),
        ("One vote was missing.", "1 vote was missing."),
    ],
)
def test_a_figure_counts_by_its_value(source: str, said: str) -> None:
    assert judged(source, said).support == "supported"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (POLL, "58% of Ukrainians trust their president."),
        (POLL, "5.7% of Ukrainians trust their president."),
        (POLL, "Fifty-two percent of Ukrainians trust their president."),
        (POLL, "57 million Ukrainians trust their president."),
        (PRICES, "1,201 shops in Iran closed."),
        (PRICES, "12,000 shops in Iran closed."),
        (MONEY, "He said that Zelensky persuaded the United States to spend $350 million."),
        (MONEY, "He said that Zelensky persuaded the United States to spend $350."),
        (MONEY, "He said that it was four times the aid really given."),
        (CALL, "Putin called Trump first on 13 February 2025."),
        (CALL, "Putin called Trump first on 12 February 2024."),
        ("It was -5 degrees.", "It was 5 degrees."),
    ],
)
def test_another_value_is_unsupported_and_named(source: str, said: str) -> None:
    grounded = judged(source, said)
    assert grounded.support == "unsupported" and "figure" in grounded.reason


@pytest.mark.parametrize(
    ("source", "said"),
    [(POLL, "57 Ukrainians trust their president."), (MONEY, "They spend €350 billion, three times the aid given.")],
)
def test_another_unit_is_not_supported(source: str, said: str) -> None:
    assert judged(source, said).support == "partly"


@pytest.mark.parametrize(
    "said",
    [
        "Trump put Zelensky's approval rating at 57%, while recent polls found 4%.",
        "Trump put Zelensky's rating at 57%, while polls found that 4% of Ukrainians trust their president.",
    ],
)
def test_figures_that_changed_places_are_not_supported(said: str) -> None:
    grounded = judged(POLL, said)
    assert grounded.support == "partly" and "the other way round" in grounded.reason


# -- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (POLL, "Recent polls found that 57% of Russians trust their president."),
        (POLL, "Recent polls by Gallup found that 57% of Ukrainians trust their president."),
        (CALL, "First Putin called Merkel, the Kremlin said."),
        ("Soldiers entered Tirana in May.", "Soldiers entered Iran in May."),
        ("The Russians left in May.", "In May the US left."),
        ("The ministers of Niger met in Austria.", "The ministers met in Australia."),
        ("The ministers met in Nigeria.", "Ministers of Niger met."),
        ("Minister Öz spoke in Ankara.", "In Ankara spoke Minister Çelik."),
    ],
)
def test_a_name_that_the_cited_sentences_lack_is_unsupported(source: str, said: str) -> None:
    grounded = judged(source, said)
    assert grounded.support == "unsupported" and "the name" in grounded.reason


def test_another_name_in_front_is_not_supported() -> None:
    assert judged(POLL, "Putin put Zelensky's approval rating at 4%.").support != "supported"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (VOTE, "The US did not vote for the resolution of Ukraine."),
        (VOTE, "The U.S. did not vote for the Ukrainian resolution."),
        ("The EU met in Paris.", "In Paris the European Union met."),
        ("A Russian envoy met Zelenskyy.", "An envoy of Russia met Zelensky."),
        (CALL, "According to The Daily, Putin called Trump first."),
    ],
)
def test_a_name_in_another_form_is_the_same_name(source: str, said: str) -> None:
    assert judged(source, said).support == "supported"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (CALL, "Trump called Putin first on 12 February 2025."),
        (POLL, "Zelensky put Trump's approval rating at 4%."),
        ("Russia attacked Ukraine at night.", "At night Ukraine attacked Russia."),
    ],
)
def test_names_that_changed_places_are_not_supported(source: str, said: str) -> None:
    grounded = judged(source, said)
    assert grounded.support == "partly" and "the other way round" in grounded.reason


def test_a_list_may_name_its_items_in_any_order() -> None:
    source = "North Korea, Iran and Belarus opposed the text."
    assert judged(source, "Iran, Belarus and North Korea opposed the text.").support == "supported"


def test_a_name_that_only_the_title_has_is_not_enough() -> None:
    said = "On 12 February Putin called the conversation lengthy."
    grounded = judged("On 12 February he called the conversation lengthy.", said, "A call from Putin")
    assert grounded.support == "partly" and "title" in grounded.reason
    assert judged("On 12 February he called the conversation lengthy.", said).support == "unsupported"


# -- what the words say ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (VOTE, "The United States voted for the resolution of Ukraine."),
        (POLL, "Polls found that 57% of Ukrainians do not trust their president."),
        (POLL, "Polls never found that 57% of Ukrainians trust their president."),
        (
            "Italy opposed the text and did not sign the declaration.",
            "Italy did not oppose the text and signed the declaration.",
        ),
        ("It is false that the bridge was closed in May.", "The bridge was closed in May."),
    ],
)
def test_a_denial_dropped_or_added_is_not_supported(source: str, said: str) -> None:
    grounded = judged(source, said)
    assert grounded.support == "partly" and "denies" in grounded.reason


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (HOPE, "Washington contains the partnership of Russia and China."),
        ("The plan would end the war in May.", "The plan ends the war in May."),
        ("Trump wants to end the war.", "Trump ends the war."),
        ("Trump claims that Zelensky stole billions.", "Zelensky stole billions."),
        ("Putin demands Luhansk and Donetsk.", "Luhansk and Donetsk are Putin's."),
    ],
)
def test_a_hedge_dropped_is_not_supported(source: str, said: str) -> None:
    grounded = judged(source, said)
    assert grounded.support == "partly" and "less certain" in grounded.reason


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (PRICES, "Café prices fell by 4 % in the same week, and 1,200 shops in Iran closed."),
        (
            "The law was passed before the vote in the second chamber of parliament on Monday.",
            "The law was passed after the vote in the second chamber of parliament on Monday.",
        ),
    ],
)
def test_opposite_words_are_not_supported(source: str, said: str) -> None:
    assert judged(source, said).support != "supported"


def test_a_word_that_a_hyphen_joins_is_no_opposite_of_one_that_stands_alone() -> None:
    source = "Our cutting-edge tools let a firm of builders finish a house in a month and improve what it earns."
    kept = judged(
        source, "The cutting-edge tools let a firm of builders finish a house in a month and increase what it earns."
    )
    assert "cutting" not in kept.reason.partition(":")[0] and kept.support == "supported"
    turned = judged(
        "The mayor prefers a long-term lease of the harbour.", "The mayor prefers a short-term lease of the harbour."
    )
    assert "long" in turned.reason and "short" in turned.reason


def test_a_verb_of_the_models_own_in_a_short_sentence_is_not_supported() -> None:
    assert judged(CALL, "Putin met Trump first.").support == "partly"


def test_what_speaks_of_something_else_is_unsupported() -> None:
    assert judged(POLL, "The bridge near the harbour was closed for repairs.").support == "unsupported"


def test_a_sentence_made_of_two_cited_ones_is_supported_and_needs_both() -> None:
    said = "Putin called Trump first, and recent polls found that 57% of Ukrainians trust their president."
    assert judged([CALL, POLL], said).support == "supported"
    assert judged([POLL, CALL], said).support == "supported"
    assert judged([CALL], said).support == "unsupported"


def test_a_denial_in_a_sentence_that_the_statement_does_not_use_does_not_count() -> None:
    assert judged([CALL, VOTE], "Putin called Trump first.").support == "supported"


def test_a_word_in_bold_is_part_of_its_sentence() -> None:
    text = "It is **false** that the bridge was closed in May.\n"
    made = document(text, name="one.md")
    (sentence,) = sentences_of(text, markdown_blocks(text))
    assert len(sentence.pieces) == 3
    for said, support in (
        ("It is false that the bridge was closed in May.", "supported"),
        ("The bridge was closed in May.", "partly"),
    ):
        assert ground(Statement(said, cite(made, sentence), "unchecked"), lambda _: made).support == support


# -- quotations ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ('Trump called it "lengthy and highly productive".', "Trump called it “lengthy and highly productive”."),
        ("Trump called it “lengthy  and highly\nproductive”.", "Trump called it “lengthy and highly productive”."),
        ('Trump called it "lengthy and highly productive."', "Trump called it “lengthy and highly productive.”"),
        ("Trump called it «highly productive».", "Trump called it “highly productive”."),
        ("He said no to 'peace at any price'.", "He said no to “peace at any price”."),
        ('Trump called it "lengthy and highly productive', "Trump called it “lengthy and highly productive”"),
    ],
)
def test_a_quotation_is_set_in_the_sources_own_characters(said: str, shown: str) -> None:
    grounded = judged(SAID, said)
    assert grounded.text == shown
    assert grounded.support in ("supported", "partly")  # "it" stands for the conversation


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            'Trump called the conversation "lengthy and productive".',
            "Trump called the conversation lengthy and productive.",
        ),
        ("Trump called it “Lengthy and highly productive”.", "Trump called it Lengthy and highly productive."),
        ("Trump said “product” of it.", "Trump said product of it."),
        ("Trump called the conversation “brief — very brief”.", "Trump called the conversation brief — very brief."),
    ],
)
def test_a_quotation_that_is_not_verbatim_loses_its_marks_and_is_unsupported(said: str, shown: str) -> None:
    grounded = judged(SAID, said)
    assert (grounded.text, grounded.support) == (shown, "unsupported")
    assert "are not in the cited source" in grounded.reason


PEOPLE = ["Mayor Ann Lee called the repairs “slow but honest work”.", "“Never again,” Bob Ray said of the bill."]


@pytest.mark.parametrize(
    ("said", "support"),
    [
        ("Ann Lee called the repairs “slow but honest work”.", "supported"),
        ("Lee called the repairs “slow but honest work”.", "supported"),
        ("Bob Ray called the repairs “slow but honest work”.", "unsupported"),
        ("“Never again,” Ann Lee said of the bill.", "unsupported"),
        ("According to Ann Lee, “Never again” was said of the bill.", "unsupported"),
        ("The mayor called the repairs “slow but honest work”.", "supported"),
    ],
)
def test_words_that_the_source_gives_to_somebody_else_are_unsupported(said: str, support: str) -> None:
    grounded = judged(PEOPLE, said)
    assert grounded.support == support
    assert ("the source gives the words" in grounded.reason) == (support == "unsupported")


@pytest.mark.parametrize(
    "said",
    ["He said ‘we stole it.", "He said 'we stole it.", "He said ‛we stole it.", "It was “ ” so ‘ill.", "‚We stole it."],
)
def test_no_mark_is_left_open_for_another_statement_to_close(said: str) -> None:
    assert not re.search("[‘'‛‚“”]", judged(PEOPLE, said).text)


def test_of_two_quotations_each_is_judged_alone() -> None:
    grounded = judged(SAID, 'Trump called the conversation "lengthy" and "a triumph".')
    assert grounded.text == "Trump called the conversation “lengthy” and a triumph."
    assert grounded.support == "unsupported"


def test_an_apostrophe_is_no_quotation() -> None:
    assert judged("The allies' leaders met the others' envoys.", "The allies' leaders met the others' envoys").text == (
        "The allies' leaders met the others' envoys"
    )


def test_a_quotation_is_found_far_into_a_long_document() -> None:
    made = document("Filler goes here. " * 12_000 + SAID)
    start = len(made.text) - len(SAID)
    citation = Citation.of(made, Span(start, start + SAID.index("\n")))
    said = 'Trump called the conversation "lengthy and highly productive".'
    grounded = ground(Statement(said, (citation,), "unchecked"), lambda _: made)
    assert (grounded.support, "“lengthy and highly productive”" in grounded.text) == ("supported", True)


def test_the_seeds_are_judged_by_hand_written_paraphrases() -> None:
    """The gate must also let through what is plainly so: otherwise its labels would tell nothing."""
    by_text = {sentence.visible(made.text): (made, sentence) for made, sentence in SENTENCES}
    paraphrases = {
        "France proposed three amendments": "France proposed 3 amendments, which named the cause of the war.",
        "Putin demands Luhansk": "Putin demands Luhansk, Donetsk, Zaporizhzhia, Kherson and Crimea.",
        "House Speaker Mike Johnson": "Mike Johnson said there was “no appetite” for another bill.",
        "On 14 June Putin": "Putin restated terms on 14 June that amounted to capitulation.",
        "Trump claims that Zelensky has": "Trump claims 4%, although a December survey found 52 percent.",
    }
    supports = {}
    for opening, said in paraphrases.items():
        made, sentence = next(found for text, found in by_text.items() if text.startswith(opening))
        supports[said] = _support(said, made, sentence)
    assert list(supports.values()).count("supported") >= 4 and "unsupported" not in supports.values(), json.dumps(
        supports
    )


def _support(said: str, made: Document, sentence: Sentence) -> str:
    return ground(Statement(said, cite(made, sentence), "unchecked"), lambda _: made).support


def test_plain_and_marked_text_are_judged_alike() -> None:
    (plain,) = sentences_of(CALL, plain_blocks(CALL))
    assert cite(document(CALL), plain)[0].quote == CALL
