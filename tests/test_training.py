"""What the reader learns from: errors by construction, their twins, pairs of questions and sentences."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.evidence.reader_model import CONTEXT, JUDGED, QUESTION, encoded
from eval.training.alter import ERRORS, FIGURE, claims_of, paraphrased
from eval.training.claims import summedits
from eval.training.data import counted, divided
from eval.training.pairs import Pair, changed, padded, sentences
from eval.training.questions import (
    Paragraph,
    Reading,
    asked,
    key_of,
    kind_of,
    learned,
    own_texts,
    paragraphs,
    written,
    written_lines,
)

SENTENCES = [text for one in own_texts() for text, _ in sentences(one.text)]
STORY = (
    "The bridge at Orle was closed on Monday. Engineer Tessa Wynn found a crack in it. It will cost 3 million crowns. "
    "Nobody was hurt."
)


@settings(max_examples=60)
@given(st.sampled_from(SENTENCES), st.integers(0, 10_000))
def test_each_error_has_a_twin_that_differs_from_it_and_marks_what_is_wrong(text: str, seed: int) -> None:
    others = [one for one in SENTENCES if one != text][:6]
    made = list(claims_of(text, others, random.Random(seed)))
    assert made == list(claims_of(text, others, random.Random(seed)))
    for twin, wrong in zip(made[::2], made[1::2], strict=True):
        assert twin.label == "yes" and not twin.marks
        assert wrong.label in ("contradicted", "not_enough") and wrong.kind in ERRORS
        assert wrong.text != twin.text and wrong.marks
        assert all(0 <= start < end <= len(wrong.text) for start, end in wrong.marks)


@settings(max_examples=60)
@given(st.sampled_from(SENTENCES), st.integers(0, 10_000))
def test_a_paraphrase_keeps_every_figure_and_denial(text: str, seed: int) -> None:
    made = paraphrased(text, random.Random(seed))
    kept = {found[0] for found in FIGURE.finditer(text)}
    assert all(one in made for one in kept)
    assert ("not" in made.split()) == ("not" in text.split()) or "n't" in made


WORDS = st.lists(st.sampled_from("the red car stopped in 1,200 places, not far from Lisbon.".split()), max_size=12)


@settings(max_examples=60)
@given(WORDS, WORDS)
def test_marks_are_words_that_the_other_text_does_not_have_there(before: list[str], after: list[str]) -> None:
    ours, theirs = " ".join(after), " ".join(before)
    marks = changed(theirs, ours)
    assert all(0 <= start < end <= len(ours) and ours[start:end].strip() for start, end in marks)
    assert not changed(ours, ours)
    if ours.split() != theirs.split() and ours:
        assert marks


@settings(max_examples=60)
@given(*[st.lists(st.integers(1000, 9000), max_size=200)] * 3)
def test_a_pair_is_bounded_and_marks_exactly_what_is_judged(
    read: list[int], context: list[int], judged: list[int]
) -> None:
    one = encoded(read, context, judged, most=QUESTION)
    assert len(one.ids) == len(one.kinds) <= QUESTION + CONTEXT + JUDGED + 4
    assert [token for token, kind in zip(one.ids, one.kinds, strict=True) if kind] == judged[:JUDGED]
    rows = padded([one, encoded([], [], [7], most=QUESTION)])
    assert rows["attention_mask"].sum(axis=1).tolist() == [len(one.ids), 4]


def reading() -> Reading:
    start = STORY.index("Tessa Wynn")
    return Reading([Paragraph("Orle", STORY, (("Who found the crack at Orle?", "Tessa Wynn", start),))])


def test_a_question_comes_with_the_sentence_that_answers_one_that_hides_it_and_near_ones() -> None:
    made = list(asked(reading(), random.Random(1)))
    right, vague, *near = made
    assert right.positive and right.judged == "Engineer Tessa Wynn found a crack in it."
    assert [right.judged[start:end] for start, end in right.marks or ()] == ["Tessa Wynn"]
    assert right.context == "Orle. The bridge at Orle was closed on Monday."
    assert not vague.positive and "Tessa" not in vague.judged and vague.judged.endswith("found a crack in it.")
    assert near and not any(one.positive or "Tessa" in one.judged for one in near)
    assert {one.group for one in made} == {"Orle"}


@pytest.mark.parametrize(
    ("answer", "kind"), [("3 million", "figure"), ("May 1916", "date"), ("Tessa Wynn", "name"), ("a crack", "words")]
)
def test_an_answer_is_hidden_behind_a_vague_word_of_its_kind(answer: str, kind: str) -> None:
    assert kind_of(answer) == kind


def test_what_was_written_is_whole_and_its_answers_stand_in_its_texts() -> None:
    lines = written_lines()
    texts = {key_of(line): line["text"] for line in lines if "text" in line}
    assert len(lines) > 100 and len({key_of(line) for line in lines}) == len(lines)
    for line in lines:
        assert {"near", "true", "false"} & line.keys()
        for _question, answer in line.get("asked", ()) if "text" in line else ():
            assert answer in texts[key_of(line)]
    mine = Reading(own_texts())
    made = list(written(mine, random.Random(2)))
    assert sum(one.positive for one in made) > 80 and any(one.source == "near" for one in made)
    assert not any(one.positive for one in made if one.source == "near")


def test_squad_files_are_read(tmp_path: Path) -> None:
    asks = [{"question": "What broke?", "answers": [{"text": "the bridge", "answer_start": 4}]}]
    file = tmp_path / "x.json"
    file.write_text(
        json.dumps({"data": [{"title": "A_B", "paragraphs": [{"context": "Oh, the bridge.", "qas": asks}]}]})
    )
    (one,) = paragraphs(file)
    assert one.title == "A B" and one.questions == (("What broke?", "the bridge", 4),)


def test_an_edit_is_wrong_where_it_was_changed_and_the_seed_s_other_sentences_are_right(tmp_path: Path) -> None:
    rows = [
        {"id": "1", "doc": STORY, "domain": "ectsum", "label": label, "summary": summary, "edit_types": [],
         "original_summary": "The engineer found a crack. Repairs will cost 3 million crowns."}
        for label, summary in [(1, "The engineer found a crack. Repairs will cost 3 million crowns."),
                               (0, "The engineer found a crack. Repairs will cost 9 million crowns.")]
    ]  # fmt: skip
    rows.append(rows[1] | {"domain": "news", "id": "2"})
    file = tmp_path / "s.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)))
    made = list(summedits(file))
    assert [(one.judged[-23:], one.label) for one in made] == [
        ("engineer found a crack.", "yes"), (" cost 3 million crowns.", "yes"), (" cost 9 million crowns.", "no"),
    ]  # fmt: skip
    assert [made[2].judged[start:end] for start, end in made[2].marks or ()] == ["9"]


def test_no_document_is_on_both_sides_and_lines_count_the_positive() -> None:
    given = [Pair("answers", "q", "s", "yes" if number % 2 else "no", "x", f"g{number % 50}") for number in range(500)]
    tune, aside, reported = divided(given)
    assert aside and reported and len(tune) > 3 * (len(aside) + len(reported))
    assert len(tune) + len(aside) + len(reported) == len(given)
    groups = [{one.group for one in part} for part in (tune, aside, reported)]
    assert not groups[0] & groups[1] and not groups[1] & groups[2] and not groups[0] & groups[2]
    assert next(counted(given)).split() == ["x", "500", "250"]
    assert {learned("a"), learned("b")} == {True, False}
