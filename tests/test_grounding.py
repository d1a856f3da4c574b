"""Anyone's answer against its sources: `onrecord ground`, its score, its labels, and what it never lets through."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.commands.ground_command import source_of
from app.grounding import calibration
from app.grounding.judgement import Judgement
from app.judging.check import Checked, Checker, statements_of
from indexing.spans import Span

CALL = (
    "Putin called Trump first on 12 February 2025, the Kremlin said. Trump called the conversation “lengthy and highly "
    "productive”. The bridge in Kherson may be closed in May."
)
POLL = (
    "Trump put the approval rating of Zelensky at 4%, while recent polls found that 57% of Ukrainians trust their "
    "president. More than 1,200 people were asked."
)


def checked(answer: str, *sources: str) -> Checked:
    return Checker([source_of(text, f"{number}.txt") for number, text in enumerate(sources, 1)]).check(answer)


# -- laws ------------------------------------------------------------------------------------------------------------


@given(st.text(max_size=200))
def test_every_statement_is_a_slice_of_the_answer_and_they_stand_in_order(answer: str) -> None:
    end = 0
    for text, span, _ in statements_of(answer):
        assert text and span.of(answer) and span.start >= end
        end = span.end


@settings(max_examples=30)
@given(st.lists(st.sampled_from([CALL, POLL]), min_size=1, max_size=2, unique=True), st.data())
def test_a_sentence_of_a_source_is_supported_word_for_word(sources: list[str], data: st.DataObject) -> None:
    sentence = data.draw(st.sampled_from([part for text in sources for part in text.split(". ")]))
    result = checked(sentence.rstrip(".") + ".", *sources)
    assert [one.support for one in result.statements] == ["supported"] and result.status == "supported"


@settings(max_examples=30)
@given(st.text(max_size=80))
def test_every_citation_is_a_slice_of_its_source(answer: str) -> None:
    for statement in checked(answer, CALL, POLL).statements:
        for citation in statement.citations:
            text = {"1.txt": CALL, "2.txt": POLL}[citation.file]
            assert text[citation.span.start : citation.span.end] == citation.quote


LOGITS = st.lists(st.tuples(st.floats(-7, 7), st.floats(-7, 7)), min_size=1, max_size=12)


def likely(pairs: list[tuple[float, float]], new: float = 0.2) -> float:
    logits, pure = zip(*pairs, strict=True)
    return calibration.answer_probability(logits, [new] * len(pairs), pure, [9] * len(pairs))


@given(LOGITS, st.data())
def test_an_answer_is_no_likelier_than_with_a_better_statement(
    pairs: list[tuple[float, float]], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(pairs) - 1))
    for more, purer in ((1, 0), (0, 1)):
        better = [(one + more, two + purer) if index == at else (one, two) for index, (one, two) in enumerate(pairs)]
        assert likely(pairs) <= likely(better) + 1e-12


@given(LOGITS.filter(lambda pairs: len(pairs) >= calibration.MANY), st.floats(-7, 7))
def test_saying_more_makes_no_long_answer_likelier(pairs: list[tuple[float, float]], pure: float) -> None:
    assert likely([*pairs, (7.0, pure)]) <= likely(pairs) + 1e-12


@given(LOGITS, st.floats(0, 1), st.floats(0, 1))
def test_more_words_of_its_own_make_no_long_answer_likelier(
    pairs: list[tuple[float, float]], one: float, other: float
) -> None:
    pairs = (pairs * calibration.MANY)[: max(len(pairs), calibration.MANY)]
    assert likely(pairs, max(one, other)) <= likely(pairs, min(one, other)) + 1e-12


@given(LOGITS, st.randoms(use_true_random=False))
def test_the_order_of_statements_does_not_matter(pairs: list[tuple[float, float]], random: Random) -> None:
    assert likely(random.sample(pairs, len(pairs))) == pytest.approx(likely(pairs), abs=1e-9)


def test_a_long_answer_that_adds_is_less_likely_than_one_that_does_not() -> None:
    said = "Putin called Trump first. Trump called the conversation productive. The bridge in Kherson may be closed. "
    told = said + "The Kremlin said so on 12 February 2025. The bridge may be closed in May."
    more = said + "Experts usually recommend careful preparation. This matters for everyone who travels abroad."
    kept, added = checked(told, CALL).score, checked(more, CALL).score
    assert kept is not None and added is not None and kept > added


# -- what it finds ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("Putin called Trump first on 13 February 2025.", "the figure 13 is not in the sources"),
        ("Putin called Merkel first on 12 February 2025.", "the name Merkel is not in the sources"),
        ("Trump called the conversation “lengthy and deeply productive”.", "are not in the cited source"),
    ],
)
def test_a_figure_a_name_and_a_quotation_that_no_source_has_are_unsupported(said: str, reason: str) -> None:
    (statement,) = checked(said, CALL, POLL).statements
    assert statement.support == "unsupported" and reason in statement.reason
    assert statement.score is not None and statement.score < 0.5


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("The bridge in Kherson will be closed in May.", "the source says “may”, the answer says “will”"),
        ("Fewer than 1,200 people were asked.", "the answer says less than 1,200, the source says more than"),
        ("Putin did not call Trump first on 12 February 2025, the Kremlin said.", "denies"),
        ("Trump put the approval rating of Zelensky at 57%.", "the source says 57 of something else"),
    ],
)
def test_what_changes_the_sense_of_the_same_words_is_named(said: str, reason: str) -> None:
    (statement,) = checked(said, CALL, POLL).statements
    assert statement.support != "supported" and reason in statement.reason


TOWN = (
    "The council voted on Tuesday to shut the library, which opened in 1911. Mayor Ann Lee called the vote “a sad "
    "day”. Councillor Bob Ray said the town “may never see its money again”. It would save £300,000 a year within six "
    "months. Half a million people came, fewer than planned. Side effects were mild. Visits were down in March. "
    "The trial was randomised. Alba bought its rival Nord."
)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("The council voted on Friday to shut the library.", "the source says Tuesday of this, the answer says Friday"),
        ("Visits were down in May.", "the source says March of this, the answer says May"),
        ("It would save £300,000 a month.", "the source says 300,000 a year, the answer 300,000 a month"),
        ("It would save £300,000 within six years.", "the source says six months, the answer six years"),
        ("Everyone in the council voted to shut the library.", "the answer says “everyone”, the source does not"),
        ("Side effects were severe.", "the source says “mild”, the answer says “severe”"),
        ("Visits were up in March.", "the source says “down”, the answer says “up”"),
        ("The trial was unrandomised.", "the source says “randomised”, the answer says “unrandomised”"),
        ("Alba was bought by its rival Nord.", "Alba and Nord stand the other way round in the source"),
        ("Bob Ray called the vote “a sad day”.", "the source gives the words “a sad day” to Ann Lee, not to Bob Ray"),
        ("Lee said it “may never see its money again”.", "to Councillor Bob Ray, not to Lee"),
        ("One million people came.", "the figure one million is not in the sources"),
    ],
)
def test_one_detail_that_another_sentence_may_have_is_named(said: str, reason: str) -> None:
    (statement,) = checked(said, TOWN).statements
    assert statement.support != "supported" and reason in statement.reason


@pytest.mark.parametrize(
    "said",
    [
        "On Tuesday the council voted to shut the library.",
        "Visits in March were down.",
        "Within six months it would save £300,000 a year.",
        "500,000 people came.",
        "Nord was bought by its rival Alba.",
        "Ann Lee called the vote “a sad day”.",
        "The town “may never see its money again”, said Ray.",
        "The mayor called the vote “a sad day”.",
    ],
)
def test_the_same_detail_in_another_form_is_the_same(said: str) -> None:
    (statement,) = checked(said, TOWN).statements
    assert statement.support == "supported"


def test_words_of_its_own_are_named_also_where_a_statement_is_supported() -> None:
    (statement,) = checked("Mayor Ann Lee described the vote as “a sad day”.", TOWN).statements
    assert statement.reason == "its names and figures are in the source; in words of its own: described"


def test_a_marker_names_the_source_that_a_statement_is_held_against() -> None:
    right = checked("Recent polls found that 57% of Ukrainians trust their president [2].", CALL, POLL)
    wrong = checked("Recent polls found that 57% of Ukrainians trust their president [1].", CALL, POLL)
    behind = checked("Recent polls found that 57% of Ukrainians trust their president. [2] So they said.", CALL, POLL)
    assert right.status == "supported" and {one.file for one in right.statements[0].citations} == {"2.txt"}
    assert wrong.statements[0].support == "unsupported" and "the figure 57" in wrong.statements[0].reason
    assert behind.statements[0].support == "supported" and behind.statements[0].text.endswith("[2]")


def test_a_marker_of_no_source_lowers_the_support_and_says_so() -> None:
    (statement,) = checked(
        "Recent polls found that 57% of Ukrainians trust their president [7].", CALL, POLL
    ).statements
    assert statement.support == "partly" and "points at no source" in statement.reason


@pytest.mark.parametrize("said", ["", "…", "I hope this helps!", "Here are the steps:", "I cannot answer that."])
def test_what_claims_nothing_is_no_claim(said: str) -> None:
    result = checked(said, CALL)
    assert result.status == "no_claims" and result.score is None
    assert all(one.support == "not_a_claim" and one.score is None for one in result.statements)


@pytest.mark.parametrize("said", ["According to the Kremlin, Merkel called first:", "Did Merkel resign in 2019?"])
def test_a_claim_in_another_dress_is_a_claim(said: str) -> None:
    assert checked(said, CALL).statements[0].support == "unsupported"


def test_list_items_are_statements_without_their_marks() -> None:
    answer = "Findings:\n\n1. Putin called Trump first.\n2. **Merkel** resigned.\n- 57% trust their president."
    texts = [span.of(answer) for _, span, _ in statements_of(answer)]
    assert texts[1:] == ["Putin called Trump first.", "Merkel** resigned.", "57% trust their president."]


def test_a_table_of_the_contract() -> None:
    result = checked("Putin called Trump first. Merkel resigned.", CALL).as_json()
    assert set(result) == {"statements", "score", "status"} and result["status"] == "not_supported"
    for statement in result["statements"]:
        assert {"text", "start", "end", "support", "score", "reason", "citations"} <= set(statement)
        for citation in statement["citations"]:
            assert set(citation) == {"file", "start", "end", "quote"}


# -- a second opinion ------------------------------------------------------------------------------------------------


def test_an_opinion_is_asked_of_claims_alone() -> None:
    asked: list[str] = []

    def opinion(said: str, sentences: object, judged: Judgement) -> Judgement:
        asked.append(said)
        return judged.lowered("unsupported", "I say so")

    result = Checker([source_of(CALL, "1.txt")], opinion).check("Putin called Trump first. I hope this helps!")
    assert asked == ["Putin called Trump first."]
    assert result.statements[0].support == "unsupported" and result.statements[0].reason == "I say so"


# -- the command -----------------------------------------------------------------------------------------------------


def run(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app.cli", "ground", *arguments],
        capture_output=True,
        text=True,
        input=given,
        check=False,
    )


def test_the_command_reads_files_of_several_formats_and_exits_by_what_it_finds(tmp_path: Path) -> None:
    call, poll, answer = tmp_path / "call.html", tmp_path / "poll.md", tmp_path / "answer.txt"
    call.write_text(f"<html><body><article><p>{CALL}</p></article></body></html>", encoding="utf-8")
    poll.write_text(f"# Polls\n\n{POLL}\n", encoding="utf-8")
    answer.write_text("57% of Ukrainians trust their president [2]. Putin called Trump first [1].", encoding="utf-8")
    done = run("--answer", str(answer), "--sources", str(call), str(poll), "--json")
    assert done.returncode == 0, done.stderr
    first, second = json.loads(done.stdout)["statements"]
    assert poll.read_text("utf-8")[first["citations"][0]["start"] :].startswith(first["citations"][0]["quote"])
    assert second["citations"][0]["file"] == str(call)
    wrong = run("--answer", "-", "--sources", str(poll), given="Merkel resigned in 1999.")
    assert wrong.returncode == 3 and "x not supported: the figure 1999" in wrong.stdout


def test_a_batch_gives_a_line_for_every_line_and_says_what_failed(tmp_path: Path) -> None:
    batch, out = tmp_path / "items.jsonl", tmp_path / "results.jsonl"
    items = [
        {"id": "a", "answer": "Putin called Trump first.", "sources": [{"name": "call", "text": CALL}]},
        {"id": 2, "response": "Merkel resigned.", "source": CALL},
        {"id": 3, "answer": "It is so."},
    ]
    batch.write_text("\n".join([*map(json.dumps, items), "{"]), encoding="utf-8")
    done = run("--batch", str(batch), "--out", str(out))
    lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert done.returncode == 1 and "2 of 4 items could not be checked" in done.stderr
    assert [line["id"] for line in lines] == ["a", 2, 3, None]
    assert [line["status"] for line in lines] == ["supported", "not_supported", "error", "error"]
    assert lines[0]["statements"][0]["citations"][0]["file"] == "call" and "sources" in lines[2]["error"]


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        ([], 2, "--answer FILE"),
        (["--answer", "x"], 2, "--sources"),
        (["--answer", "nowhere.txt", "--sources", "x"], 1, "cannot be read"),
        (["--answer", "-", "--sources", "nowhere.txt"], 1, "nowhere.txt"),
        (["--batch", "nowhere.jsonl"], 1, "cannot be read"),
    ],
)
def test_what_cannot_be_checked_is_an_error_that_says_what_to_do(arguments: list[str], code: int, told: str) -> None:
    done = run(*arguments, given="It is so.")
    assert done.returncode == code and told in done.stderr and "Traceback" not in done.stderr


def test_offsets_are_those_of_the_answer() -> None:
    answer = "So it goes:\r\n\r\n* Putin called Trump first [1].\r\n"
    for statement in checked(answer, CALL).statements:
        assert statement.span.of(answer) == statement.text
    assert Span(0, 2).of(answer) == "So"
