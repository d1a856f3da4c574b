"""The short answer in its sentence: the words that the reader takes for it, and none where it cannot tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.assistant import Assistant
from app.drafting.extract import extract
from app.drafting.highlight import ANSWERING, ENOUGH, highlights
from app.evidence.finding import Finding, find
from app.evidence.reader_model import Stance, Told
from app.evidence.understanding import SHIPPED, Reading, Seams, reading
from app.questions.short import NEARLY
from app.retrieval.retrieve import Retriever
from app.settings import Settings
from indexing.collection import Collection
from indexing.embed import embedder
from indexing.ingest import index

CLUB = """---
title: Club board
source: Sport Today
date: 2024-10-10
---

Henrik Aas, the former trainer of Vikby FC, will become its president, and Lotte Brandt, a lawyer, will become its
treasurer. Brandt was proposed by the owner of Vikby FC, Dario Conti. The fans' spokesman, Per Lund, welcomed the
choice. Fans of Vikby FC travelled from Norway, Sweden, Denmark and Iceland for the match. The club was founded in 1911.
"Jens Falk, Nora Dahl and Ove Lie never came to the training," said Ida Moe, who trained the reserves of the team.
"""
COURT = """---
title: Court
source: Law Weekly
date: 2024-10-12
---

Judge Amalie Roth sentenced the banker Viktor Stahl to thirty-four months in prison on Friday.
The fraud was uncovered by the auditor Sami Toll. Prosecutor Nils Krag called it a good day for the U.S. investors.
"""
PRICES = """---
title: What it costs
source: Coast Gazette
date: 2024-10-14
---

The toll on the Ondal bridge is $12 for cars and lorries pay twice that. Unemployment in Ondal fell by 3.5 percent.
A ticket to the island of Wend is 9 euros. The reservoir above Ondal holds 19 million litres of water.
"""
SEAMS = Seams(rank=1.0, before=1.0, best=0.5, bias=3.0)


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    folder = tmp_path_factory.mktemp("papers")
    for name, text in (("club.md", CLUB), ("court.md", COURT), ("prices.md", PRICES)):
        (folder / name).write_text(text, encoding="utf-8")
    with Collection(tmp_path_factory.mktemp("home"), embedder("minilm"), create=True) as collection:
        index(collection, [folder])
        yield Assistant(collection, Retriever(collection, 10), None, Settings())


def marked(finding: Finding) -> list[str]:
    return [span.of(one.text) for one in extract(finding, 3) for span in one.highlight]


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("Who will become president of Vikby FC?", ["Henrik Aas"]),
        ("Who will become treasurer of Vikby FC?", ["Lotte Brandt"]),
        ("Who sentenced Viktor Stahl?", ["Judge Amalie Roth"]),
        ("Whom did Judge Amalie Roth sentence?", ["Viktor Stahl"]),
        ("Who uncovered the fraud?", ["Sami Toll"]),
        ("How many months was the banker sentenced to?", ["thirty-four months"]),
        ("How much is the toll on the Ondal bridge?", ["$12"]),
        ("How much did unemployment in Ondal fall?", ["3.5 percent"]),
        ("How much is a ticket to the island of Wend?", ["9 euros"]),
        ("From which countries did fans of Vikby FC travel to the match?", ["Norway", "Sweden", "Denmark", "Iceland"]),
    ],
)
def test_who_fills_the_role_is_highlighted_not_who_stands_nearest(
    assistant: Assistant, question: str, wanted: list[str]
) -> None:
    finding = find(*assistant.look_up(question), reading=reading(SHIPPED))
    assert finding.answers and marked(finding) == wanted


def saying(values: Sequence[float], words: Mapping[str, float]) -> Reading:
    """A reader that gives each sentence a value in turn, and these words in it theirs."""

    def reads(question: str, sentences: Sequence[str], contexts: Sequence[str]) -> list[Told]:
        return [
            Told(
                value,
                tuple(
                    (max(at, 0), max(at, 0) + len(word), told if at >= 0 else 0.0)
                    for word, told in words.items()
                    for at in [one.find(word)]
                ),
            )
            for one, value in zip(sentences, [*values, *[0.0] * len(sentences)], strict=False)
        ]

    return Reading(reads, SEAMS, lambda claim, evidence: Stance(1.0, 0.0, 0.0))


CHANCES = st.floats(0, 1)


FIGURES = """---
title: The voyage of the Ada Vale
---

The turnout was up about 19 percentage points from 2012 and about 3 percentage points from 2008.
Captain Ole Brun has three children: Jon Brun, 38; Siri, 34; and Lars Brun, 31, of whom Per Moe, 22, is a friend.
The mate called Captain Ole Brun a dreamer, and Per Moe called him a fool.
He asked Siri Brun, the wife of Captain Ole Brun.
"""


@pytest.fixture(scope="module")
def ship(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    folder = tmp_path_factory.mktemp("ship")
    (folder / "ship.md").write_text(FIGURES, encoding="utf-8")
    with Collection(tmp_path_factory.mktemp("home"), embedder("minilm"), create=True) as collection:
        index(collection, [folder])
        yield Assistant(collection, Retriever(collection, 10), None, Settings())


@pytest.mark.parametrize(
    ("question", "words", "wanted"),
    [
        (
            "By how many percentage points was the turnout up from 2012?",
            {"19": 0.5, "3": 0.55},
            ["19 percentage points"],
        ),
        ("How old is Siri Brun?", {"38": 0.55, "34": 0.5, "31": 0.55}, ["34"]),
        ("How old is Ada Brun?", {"38": 0.55, "34": 0.5, "31": 0.55}, []),
        ("Who called Ole Brun a dreamer?", {"Ole Brun": 0.6, "Moe": 0.1}, []),
        ("Who is Ole Brun's wife?", {"Siri": 0.6}, ["Siri Brun"]),
    ],
)
def test_what_is_nearly_as_likely_is_told_apart_by_the_words_about_it(
    ship: Assistant, question: str, words: dict[str, float], wanted: list[str]
) -> None:
    finding = find(*ship.look_up(question), reading=saying([0.9], words))
    first = finding.evidence.ranked[0]
    shown = highlights(finding, [first])
    assert [span.of(first.text) for span in shown.get(first.place, ())] == wanted


@settings(max_examples=40)
@given(value=CHANCES, told=CHANCES, other=CHANCES)
def test_words_are_highlighted_only_where_the_reader_is_sure_of_sentence_and_words(
    assistant: Assistant, value: float, told: float, other: float
) -> None:
    question = "Who sentenced whom to months in prison?"
    words = {"Roth": told, "Stahl": other, "Friday": 0.0}
    found = find(*assistant.look_up(question), reading=saying([value, 0.0], words))
    for statement in extract(found, 3):
        spans = statement.highlight
        assert all(one.end <= two.start for one, two in pairwise(spans)) and all(len(one) for one in spans)
        for span in spans:
            chances = [chance for word, chance in words.items() if word in span.of(statement.text)]
            assert value >= ANSWERING and chances and max(chances) >= ENOUGH
            assert max(chances) > max(told, other) - NEARLY


@pytest.mark.parametrize(
    ("values", "words", "wanted"),
    [
        ([0.9, 0.1], {"Roth": 0.6, "Stahl": 0.2}, ["Judge Amalie Roth"]),
        ([0.9, 0.1], {"Roth": 0.6, "Stahl": 0.59}, []),  # in one clause: nobody can tell which
        (
            [0.8, 0.81],
            {"Roth": 0.6, "Stahl": 0.2, "Toll": 0.6, "Krag": 0.6},
            [],
        ),  # another, less to the point, says another
        ([0.9, 0.1], {"Roth": 0.4, "Stahl": 0.1}, ["Judge Amalie Roth"]),
        ([0.19, 0.1], {"Roth": 0.9}, []),
        ([0.9, 0.1], {"Roth": 0.29}, []),
    ],
)
def test_where_the_reader_cannot_tell_nothing_is_highlighted(
    assistant: Assistant, values: list[float], words: dict[str, float], wanted: list[str]
) -> None:
    query, found = assistant.look_up("Who sentenced whom to months in prison?")
    assert marked(find(query, found, reading=saying(values, words))) == wanted


@pytest.mark.parametrize("likely", [0.62, 0.59])
def test_who_is_listed_is_not_highlighted_with_somebody_else(assistant: Assistant, likely: float) -> None:
    words = {"Falk": 0.6, "Dahl": 0.6, "Lie": 0.6, "Moe": likely}
    finding = find(*assistant.look_up("Who trained the reserves of the team?"), reading=saying([0.9], words))
    assert finding.evidence.ranked[0].text.startswith('"Jens Falk') and marked(finding) in ([], ["Ida Moe"])


def test_without_a_reader_one_answer_at_most_is_highlighted(assistant: Assistant) -> None:
    finding = find(*assistant.look_up("Who uncovered the fraud?"))
    assert marked(finding) == ["Sami Toll"]
