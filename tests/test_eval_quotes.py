"""The bank of quotes: its changes change what they say, and over our own documents the desk holds its bars."""

from __future__ import annotations

import json
import random
import secrets
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.__main__ import main
from eval.quotes.bank import Corpus, bases_of, pairs_of, read_gold
from eval.quotes.changes import BENIGN, CRITICAL, WHOLE, twin_of
from indexing.documents import Document
from indexing.errors import OnrecordError
from indexing.fold import fold
from tests.texts import SEEDS

QUOTE = "We will not pay 1,200 dollars for all of it, but he said that they are better because it is probably fine."


def bars(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, dict[str, float]]:
    main(["quotes", *words, "--json"])
    found: dict[str, dict[str, float]] = json.loads(capsys.readouterr().out)["bars"]
    return found


@given(st.integers(0, 2**32), st.sampled_from(sorted(CRITICAL)))
def test_a_critical_change_changes_words_that_it_names(seed: int, name: str) -> None:
    change = CRITICAL[name](QUOTE, random.Random(seed))
    if change is not None:
        assert change.text != QUOTE
        assert change.before in QUOTE
        assert change.after in change.text
        assert fold(change.text).text.casefold() != fold(QUOTE).text.casefold()


@given(st.integers(0, 2**32), st.sampled_from(sorted({*CRITICAL, *WHOLE})))
def test_a_quote_has_a_benign_twin_for_every_critical_change(seed: int, name: str) -> None:
    change = twin_of(name, QUOTE, random.Random(seed))
    assert change.text != QUOTE
    assert change.kind in {one.kind for make in BENIGN.values() if (one := make(QUOTE, random.Random(seed)))} | {
        "space"
    }


def test_every_kind_of_change_can_be_made() -> None:
    rng = random.Random(1)
    quote = QUOTE.replace(" is ", " was ")
    made = {name for name, make in CRITICAL.items() for _ in range(20) if make(quote, rng)}
    assert set(CRITICAL) - made == {"question"}
    assert CRITICAL["question"]("Is it so?", rng) is not None


def test_a_changed_quote_that_some_document_has_is_in_no_pair() -> None:
    text = "“We will pay for all of the works on this bridge.” “We may pay for all of the works on this bridge.”"
    documents = [Document("id", "v", "a.txt", text)]
    pairs = list(pairs_of(bases_of(documents), Corpus(documents), 20, random.Random(1)))
    assert pairs
    assert not any("We may pay for all" in one.critical.text and one.name == "modal" for one in pairs)


def test_a_small_bank_over_our_own_documents_seeded_afresh(capsys: pytest.CaptureFixture[str]) -> None:
    seed = secrets.randbelow(2**31)
    found = bars(capsys, "--documents", str(SEEDS), "--pairs", "40", "--seed", str(seed))
    told = f"seed {seed}: {found}"
    assert found["critical_called_green"]["n"] >= 5, told
    assert found["critical_called_green"]["value"] == 0, told
    assert found["absent_called_verbatim"]["value"] == 0, told
    assert found["offsets_verbatim"]["value"] >= 0.9, told
    assert found["occurrences_found"]["value"] == 1, told
    assert found["narration_found"]["value"] >= 0.9, told
    assert found["attribution_right"]["value"] is None, told


def test_gold_attributions_measure_the_speakers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = 'Ann Lee came. "We paid for the bridge," Lee said. "Never mind the rest," said Bob Ray.\n'
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.txt").write_text(text, encoding="utf-8")
    marked: list[dict[str, tuple[str, int]]] = [
        {"source": ("Lee said", 3), "cue": ("said", 4), "content": ('"We paid', 25)},
        {"source": ("Bob Ray", 7), "cue": ("said Bob", 4), "content": ('"Never', 22)},
    ]
    spans = [
        {key: [[text.index(words), text.index(words) + length]] for key, (words, length) in one.items()}
        for one in marked
    ]
    gold = tmp_path / "gold.json"
    gold.write_text(json.dumps([{"file": "a.txt", "attributions": spans}]), encoding="utf-8")
    found = bars(
        capsys, "--documents", str(tmp_path / "docs"), "--attributions", str(gold), "--pairs", "2", "--seed", "1"
    )
    for name in ("attribution_right", "attribution_coverage", "wrong_speaker_recall"):
        assert (found[name]["value"], found[name]["n"]) == (1, 2)
    assert found["right_speaker_contradicted"]["value"] == 0
    gold.write_text("[1]", encoding="utf-8")
    with pytest.raises(OnrecordError, match="attributions"):
        read_gold(gold, [])


def test_a_bench_of_drafts_and_of_synthetic_documents_tells_its_times(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "quotes", str(SEEDS), "--rounds", "1", "--json"]) == 0
    draft = json.loads(capsys.readouterr().out)
    assert (draft["documents"], draft["quotes"], draft["n"]) == (5, 40, 1)
    assert main(["bench", "quotes", "--documents", "60", "--queries", "20"]) == 0
    told = capsys.readouterr().out
    assert "60 synthetic documents" in told
    assert told.count("n 20, found 1.000") == 2
    assert main(["bench", "quotes"]) == 2
