"""Where sources differ, and where figures only seem to: another place, another year, another way to say it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.assistant import Assistant
from app.drafting.extract import extract
from app.evidence.amounts import amounts, differs, same_value
from app.evidence.finding import find
from app.evidence.understanding import SHIPPED, reading
from app.questions.short import PATTERNS, Kind
from app.retrieval.retrieve import Retriever
from app.settings import Settings
from indexing.collection import Collection
from indexing.embed import embedder
from indexing.ingest import index

STORIES = {  # name: (source, date, text)
    "mill-echo": ("Lodden Echo", "2024-05-02", "A fire at the Lodden paper mill killed seven workers, brigades said."),
    "mill-coast": ("Coast Gazette", "2024-05-06", "The fire at the Lodden paper mill killed nine workers, they said."),
    "tower-old": ("Church Gazette", "2023-02-01", "The bell tower of Aune was built in 1712 and leans to the west."),
    "tower-new": ("Stone", "2024-02-01", "The bell tower of Aune was built in 1741, according to the parish archive."),
    "trams-town": ("Dornholm Post", "2024-03-01", "The trams of Dornholm carried 41,000 passengers a day in February."),
    "trams-land": ("Daily", "2024-03-05", "Trams across Orvania carried 610,000 passengers a day in February."),
    "barley-22": ("Farm Wire", "2022-10-01", "Farmers in Estermark harvested 120,000 tonnes of barley in 2022."),
    "barley-23": ("Farm Wire", "2023-10-02", "Farmers in Estermark harvested 98,000 tonnes of barley in 2023."),
    "school-sun": ("Sun", "2024-08-01", """Two-thirds of the parents in Tarnby voted for the new school there.
Thirty-four teachers in Tarnby signed the appeal against it."""),
    "school-moon": ("Moon", "2024-08-02", """In Tarnby 66 percent of the parents voted for the new school.
In Tarnby 34 teachers signed the appeal against it."""),
    "ferry-old": ("Quay", "2024-01-01", "The ferry to Marl was launched in May 2019 and carries 30 cars."),
    "ferry-new": ("Pier", "2024-01-02", "The ferry to Marl was launched on 12 May 2019 by the queen."),
    "lock-a": ("Canal", "2024-06-01", "The lock at Brede was opened in 1931 and was last repaired in 2016."),
    "lock-b": ("Barge", "2024-06-03", "The lock at Brede was last repaired in 2016, the engineers said."),
    "mayor-a": ("Star", "2024-11-04", "Ingrid Sollace won the election in Fellmoor with 54 percent of the vote."),
    "mayor-b": ("Reader", "2024-11-05", "In Fellmoor Ingrid Sollace won the election with 54 per cent of the vote."),
    "bell-a": ("Parish", "2024-07-01", "The parish of Rill has ordered a new bell. It costs £48,000."),
    "bell-b": ("Voice", "2024-07-09", """The new bell of Rill is to hang from May. According to the parish council,
the price is £61,000 once the frame that carries it is counted."""),
    "organ-a": ("Parish", "2024-07-01", "The town of Osk has ordered a new organ. It costs £98,000."),
    "organ-b": ("Voice", "2024-07-09", """The new organ of Osk is to sound from May. According to the town council,
the price is £98,000 once the stool that goes with it is counted."""),
}  # fmt: skip


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    folder = tmp_path_factory.mktemp("stories")
    for name, (source, day, text) in STORIES.items():
        (folder / f"{name}.md").write_text(f"---\nsource: {source}\ndate: {day}\n---\n\n{text}\n", encoding="utf-8")
    with Collection(tmp_path_factory.mktemp("home"), embedder("minilm"), create=True) as collection:
        index(collection, [folder])
        yield Assistant(collection, Retriever(collection, 10), None, Settings())


@pytest.mark.parametrize("read", [True, False])
@pytest.mark.parametrize(
    ("question", "sides"),
    [
        ("How many workers did the fire at the Lodden mill kill?", ["nine", "seven"]),
        ("When was the bell tower of Aune built?", ["1741", "1712"]),
        ("How many passengers did the trams carry a day in February?", []),
        ("How many tonnes of barley did farmers in Estermark harvest?", []),
        ("How many tonnes of barley did farmers in Estermark harvest in 2023?", []),
        ("What share of the parents in Tarnby voted for the new school?", []),
        ("How many teachers in Tarnby signed the appeal?", []),
        ("When was the ferry to Marl launched?", []),
        ("When was the lock at Brede last repaired?", []),
    ],
)
def test_sources_differ_where_they_say_another_thing_of_the_same(
    assistant: Assistant, question: str, sides: list[str], read: bool
) -> None:
    finding = find(*assistant.look_up(question), reading=reading(SHIPPED) if read else None)
    assert finding.answers
    assert [side.value for each in finding.differences for side in each.sides] == sides


@pytest.mark.parametrize(
    ("question", "sides"),
    [("What does the new bell of Rill cost?", ["£61,000", "£48,000"]), ("What does the new organ of Osk cost?", [])],
)
def test_the_reader_tells_that_sources_differ_in_other_words(
    assistant: Assistant, question: str, sides: list[str]
) -> None:
    asked = assistant.look_up(question)
    finding = find(*asked, reading=reading(SHIPPED))
    assert [side.value for each in finding.differences for side in each.sides] == sides
    assert not find(*asked).differences  # the words about the figures have nothing in common


def test_two_papers_that_say_one_figure_in_two_ways_are_cited_together(assistant: Assistant) -> None:
    finding = find(*assistant.look_up("What share of the vote did Ingrid Sollace win?"), reading=reading(SHIPPED))
    (one,) = extract(finding, 3)
    assert {citation.file for citation in one.citations} == {"mayor-a.md", "mayor-b.md"}
    assert [span.of(one.text).split()[0] for span in one.highlight] == ["54"]


ONES = "one two three four five six seven eight nine".split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()


@given(st.integers(0, 7), st.integers(0, 8), st.integers(0, 9))
def test_a_figure_in_words_is_worth_what_it_is_in_digits(tens: int, ones: int, hundreds: int) -> None:
    words, number = f"{TENS[tens]}-{ONES[ones]}", 10 * (tens + 2) + ones + 1
    if hundreds:
        words, number = f"{ONES[hundreds - 1]} hundred and {words}", number + 100 * hundreds
    assert same_value("count", f"{words} boats", f"{number} boats")
    assert not same_value("count", f"{words} boats", f"{number + 1} boats")


@given(st.sampled_from(sorted(PATTERNS)), st.text(max_size=120))
def test_figures_never_differ_from_themselves_and_from_others_both_ways(kind: Kind, text: str) -> None:
    if kind == "words":
        return
    found = list(amounts(kind, text))
    for one in found:
        assert one.span.of(text) and not differs(one, one)
        assert all(differs(one, other) == differs(other, one) for other in found)


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ("June 2026", "12 June 2026", False),
        ("June 2026", "June 2027", True),
        ("May 2019", "20 May", False),
        ("June 12", "12 June 2024", False),
    ],
)
def test_dates_differ_where_what_both_say_does(one: str, other: str, apart: bool) -> None:
    (first,), (second,) = amounts("time", one), amounts("time", other)
    assert differs(first, second) is apart


def test_points_between_two_shares_are_no_share() -> None:
    lead, share = amounts("percent", "Ahead by 15 points with 42 percent.")
    assert lead.unit != share.unit and {lead.value, share.value} == {15.0, 42.0}
