"""Suites: what is accepted, what is refused and how the message names it, and where evidence is found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.__main__ import main
from eval.locate import locate, occurrences
from eval.suite import FOLDER, Item, SuiteError, load_suite
from indexing.documents import Document

ITEM: dict[str, Any] = {
    "id": "a",
    "type": "single_fact",
    "history": [{"role": "user", "content": "Who?"}, {"role": "assistant", "content": "He."}],
    "question": "What?",
    "answer": "ten",
    "aliases": ["10"],
    "evidence": [{"file": "a.md", "quote": "ten"}],
    "note": "",
}


def suite(folder: Path, *items: dict[str, Any] | str) -> Path:
    path = folder / "suite.jsonl"
    lines = (item if isinstance(item, str) else json.dumps(item) for item in items)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def item(**changes: Any) -> Item:
    return Item.model_validate({**ITEM, **changes})


def document(text: str, name: str = "a.md") -> Document:
    return Document(name, "v", name, text)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.jsonl")), ids=lambda path: path.stem)
def test_the_shipped_suites_are_valid(path: Path) -> None:
    items = load_suite(path).items
    assert all(item.evidence for item in items if not item.type.startswith("unanswerable"))


def test_other_keys_blank_lines_and_a_byte_order_mark_are_accepted(tmp_path: Path) -> None:
    path = suite(tmp_path, "\ufeff", {**ITEM, "difficulty": 3}, "  ", {**ITEM, "id": "b", "split": "tune"})
    loaded = load_suite(path)
    assert [item.id for item in loaded.items] == ["a", "b"]
    assert [turn.role for turn in loaded.items[0].turns()] == ["user", "assistant"]
    assert [item.id for item in loaded.part("tune")] == ["b"]
    assert loaded.part(None) == loaded.items


def test_keys_that_nothing_reads_are_told_since_they_may_be_misspelt(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = suite(tmp_path, {**ITEM, "anwser": "ten", "level": 3}, {**ITEM, "id": "b", "level": 1})
    written = tmp_path / "suite.yaml"
    written.write_text("- {id: a, type: numeric, question: Which, anwser: ten}\n", encoding="utf-8")
    assert main(["suites", str(path), str(written)]) == 0
    said = capsys.readouterr().out
    assert "keys that nothing reads: anwser (1 item), level (2 items)\n" in said
    assert said.endswith("keys that nothing reads: anwser (1 item)\n")


@pytest.mark.parametrize(
    ("second", "says"),
    [
        ("{", ":2: line: Invalid JSON"),
        ("[]", ":2: line: "),
        ({**ITEM, "id": "a"}, ":2: the id 'a' is already that of line 1"),
        ({**ITEM, "id": "b", "question": " "}, ":2: question: "),
        ({**ITEM, "id": "b", "type": "unanswerble_near"}, ":2: type: "),
        ({**ITEM, "id": "b", "evidence": [{"file": "a.md"}]}, ":2: evidence.0.quote: "),
        ({**ITEM, "id": "b", "history": [{"role": "system", "content": ""}]}, ":2: history.0.role: "),
        ({key: value for key, value in ITEM.items() if key != "id"}, ":2: id: "),
    ],
    ids=["broken", "no object", "double id", "blank question", "type", "evidence", "role", "no id"],
)
def test_an_error_names_file_line_and_key(tmp_path: Path, second: dict[str, Any] | str, says: str) -> None:
    path = suite(tmp_path, ITEM, second)
    with pytest.raises(SuiteError) as error:
        load_suite(path)
    assert f"{path}{says}" in str(error.value)


def test_a_suite_that_is_missing_empty_or_not_utf8_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="cannot be read"):
        load_suite(tmp_path / "none.jsonl")
    with pytest.raises(SuiteError, match="holds no items"):
        load_suite(suite(tmp_path))
    (tmp_path / "latin.jsonl").write_bytes('{"id": "é"}'.encode("latin-1"))
    with pytest.raises(SuiteError, match="is not UTF-8"):
        load_suite(tmp_path / "latin.jsonl")


def test_an_unknown_split_names_those_there_are(tmp_path: Path) -> None:
    loaded = load_suite(suite(tmp_path, {**ITEM, "split": "tune"}, {**ITEM, "id": "b", "split": "report"}))
    with pytest.raises(SuiteError, match="'test'; its splits: report, tune"):
        loaded.part("test")


def test_evidence_is_found_at_every_place_that_holds_it() -> None:
    text = "Aber ten.\r\nNot TEN, but ten."
    (one,) = locate([item()], lambda name: document(text) if name == "a.md" else None)
    assert [span.of(text) for span in one.places[0]] == ["ten", "ten"]


def test_evidence_that_is_not_there_names_the_item() -> None:
    items = [item(), item(id="b", evidence=[{"file": "b.md", "quote": "ten"}]), item(id="c", evidence=[])]
    with pytest.raises(SuiteError) as error:
        locate(items, lambda name: document("Ten.") if name == "a.md" else None)
    assert "a: 'a.md' does not hold the quote 'ten'" in str(error.value)
    assert "b: 'b.md' is not in the collection" in str(error.value)


@given(st.text("ab", max_size=12), st.text("ab", min_size=1, max_size=4))
def test_occurrences_are_exactly_the_places_that_slice_to_the_quote(text: str, quote: str) -> None:
    starts = [start for start in range(len(text)) if text[start : start + len(quote)] == quote]
    assert [span.start for span in occurrences(quote, text)] == starts
    assert all(span.of(text) == quote for span in occurrences(quote, text))
