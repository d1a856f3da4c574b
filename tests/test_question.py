"""What a question asks for, and where a text has such an answer."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.questions.question import introduces, read_question
from app.questions.short import EXACT, name_spans, shorts_in

CHARACTERS = st.text(max_size=200)


@pytest.mark.parametrize(
    ("question", "kind", "focus"),
    [
        ("Who closed the bridge?", "person", ""),
        ("Which delegate grumbled that it was over?", "person", "delegate"),
        ("Compare what Lee and Ray said about the bridge.", "thing", "Lee and Ray"),
        ("Which attorney was in charge of the search?", "person", "attorney"),
        ("In which town did the mayor speak?", "place", "town"),
        ("When did the ferry sink?", "time", ""),
        ("On what date did the law expire?", "time", "date"),
        ("How many ambulances does the service have?", "count", "ambulances"),
        ("How many of the crew were aboard?", "count", "crew"),
        ("How much did the repair cost?", "money", ""),
        ("How much is the toll?", "amount", "toll"),
        ("By how much did fares go up?", "amount", ""),
        ("How much did the rent rise?", "amount", ""),
        ("How much of the money was returned?", "amount", "money"),
        ("How much time is left?", "duration", "time"),
        ("What is the fare from the quay to the island?", "money", "fare"),
        ("What percentage of voters approved?", "percent", "percentage"),
        ("How long had she been awake?", "duration", ""),
        ("How old is the bridge?", "age", ""),
        ("Why did the council refuse?", "reason", ""),
        ("What label did the senator invent?", "words", "label"),
        ("Did the council refuse?", "yes_no", ""),
        ("What did the council refuse?", "thing", ""),
        ("Wie alt ist die Brücke?", "thing", ""),
    ],
)
def test_the_kind_of_answer_and_the_thing_asked_for_are_read_from_the_question(
    question: str, kind: str, focus: str
) -> None:
    asked = read_question(question)
    assert (asked.kind, asked.focus) == (kind, focus)


def test_names_are_read_but_not_the_word_that_begins_the_question() -> None:
    assert read_question("Where did Ada Vale meet the Tornvik group?").names == ("Ada Vale", "Tornvik")


@pytest.mark.parametrize(
    "question", ["Which three unions had not decided?", "List the demands.", "What are the terms?"]
)
def test_several_things_are_asked_for(question: str) -> None:
    assert read_question(question).several


@pytest.mark.parametrize(
    "question", ["Who asked for six years in prison?", "How much did the two pumps cost?", "Who owns the three mills?"]
)
def test_several_things_that_are_only_spoken_of_are_not_asked_for(question: str) -> None:
    assert not read_question(question).several


@pytest.mark.parametrize(
    ("question", "text", "answers"),
    [
        (
            "How much did it cost?",
            "It cost £11,500 in 2023, not nine thousand pounds.",
            ["£11,500", "nine thousand pounds"],
        ),
        (
            "How much is the toll?",
            "Drivers pay $12, or 5 percent more than in 2019, at 3 gates.",
            ["$12", "5 percent", "3"],
        ),
        (
            "How much of the quay sank?",
            "On 3 May about one-fifth of it sank, £2 million worth.",
            ["one-fifth", "£2 million"],
        ),
        ("What share agreed?", "Some 57% agreed, or 4.5 percent more.", ["57%", "4.5 percent"]),
        ("How many boats sail?", "On 14 May 2024 six boats sailed at 9 a.m.", ["six"]),
        ("How old is she?", "Ada Vale, 44, runs it with a 12-year-old.", ["44", "12"]),
        ("When did it close?", "It closed on 3 May 1888 and again last week.", ["3 May 1888", "last week"]),
        ("How long did it last?", "It lasted three weeks.", ["three weeks"]),
        ("Who spoke?", "On Monday, Ada Vale spoke.", ["Ada Vale"]),
        ("Which university did he attend?", "Ben Roe studied at the University of Carsk.", ["University of Carsk"]),
    ],
)
def test_short_answers_are_found_by_their_kind(question: str, text: str, answers: list[str]) -> None:
    assert [one.span.of(text) for one in read_question(question).answers_in(text)] == answers


@pytest.mark.parametrize(
    ("question", "text", "answers"),
    [
        ("How old is Siri Brun?", "Siri Brun, 34, met the 30-year-old Ada Vale and Per Moe, 22.", ["34"]),
        ("How old is Siri Brun?", "Jon Brun, Jr., 38; Siri, 34; and Lars, 31, all sail.", ["34"]),
        ("How old is Siri Brun?", "Brun, 12, the daughter of Siri Brun, sails.", []),
        ("How old is Siri Brun?", "Her 72-year-old mother is fond of Siri Brun.", []),
        ("How old is Siri Brun?", "Those 18 to 25 years old like Siri Brun, a 34-year-old pilot.", ["34"]),
        ("How old is Siri Brun?", "The 34-year-old pilot will not sail.", ["34"]),
        ("How old is Siri Brun?", "She is 34 years old, the harbour 80 years old.", ["34"]),
        ("How old is Siri Brun's boat?", "A 12-year-old boat lay there.", ["12"]),
        ("How old was Siri Brun when she sailed?", "Siri Brun, who sailed at the age of 9, was brave.", ["9"]),
    ],
)
def test_an_age_is_that_of_whom_the_question_names(question: str, text: str, answers: list[str]) -> None:
    assert [one.span.of(text) for one in read_question(question).answers_in(text)] == answers


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Siri Brun, a pilot of the coast, sails.", True),
        ("Siri Brun, deputy chairwoman of the guild, left.", True),
        ("The mate asked the pilot Siri Brun about the tide.", True),
        ("Siri K. Brun is the owner of two boats.", True),
        ("Siri Brun, who heads the guild, left.", True),
        ("Siri Brun, said the mate, has left.", False),
        ("They called Siri Brun's bluff.", False),
        ("Siri Brun is no friend of the mate.", False),
        ("Ada Brun, a pilot, left.", False),
    ],
)
def test_who_somebody_is_is_said_beside_the_name(text: str, told: bool) -> None:
    assert introduces("Siri Brun", text) == told


@pytest.mark.parametrize(
    ("question", "whom"),
    [
        ("Who is Siri Brun?", "Siri Brun"),
        ("who was Siri Brun", "Siri Brun"),
        ("Who is Siri Brun's wife?", ""),
        ("Who is the mate of Siri Brun?", ""),
        ("Who called Siri Brun?", ""),
    ],
)
def test_of_whom_nothing_else_is_asked(question: str, whom: str) -> None:
    assert read_question(question).whom == whom


def test_what_the_question_says_itself_is_no_answer() -> None:
    assert read_question("Who accused Ada Vale?").answers_in("Ada Vale was accused.") == []


@pytest.mark.parametrize("kind", sorted(EXACT))
@given(text=CHARACTERS)
def test_short_answers_lie_within_the_text_and_are_not_empty(kind: str, text: str) -> None:
    for one in shorts_in(kind, "union", frozenset(), text):  # type: ignore[arg-type]
        assert 0 <= one.span.start < one.span.end <= len(text)


@given(CHARACTERS)
def test_any_question_can_be_read(question: str) -> None:
    asked = read_question(question)
    assert asked.noun == (asked.focus.split() or [""])[-1]


@given(CHARACTERS)
def test_names_do_not_overlap(text: str) -> None:
    spans = list(name_spans(text))
    assert all(before.end <= after.start for before, after in pairwise(spans))


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("When? (after: In which town did Ann Orr win?)", ("Ann Orr",)),
        ("And? (after: Why? / Did Ann Orr leave the US?)", ("Ann Orr", "US")),
        ("I ask about the ferry. What did Orr say?", ("Orr",)),
        ("Compare: Falk or Orr?", ("Falk", "Orr")),
    ],
)
def test_what_begins_a_later_sentence_is_no_name(question: str, names: tuple[str, ...]) -> None:
    assert read_question(question).names == names
