"""`onrecord quote` as it is run: what it prints, its exit codes, and a file of quotes in one process."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from app.cli import DONE, NO, USAGE, main
from tests.folders import write

STORY = (
    "The ferry\n\n“We will never sell the ferry to a foreign company,” Ann Brown said on Monday.\n\n"
    "The council met for two hours in the old town hall on Tuesday.\n"
)
QUOTE = "We will never sell the ferry to a foreign company"
KEYS = {
    *("headline", "green", "severity", "file", "start", "end", "speaker_status", "sentence", "axes", "edits", "quote"),
    *("speaker", "spans_in_draft", "occurrences", "variants", "closest", "folds", "notes", "policy", "searched"),
}
PLACE_KEYS = {
    *("document", "version", "file", "title", "source", "date", "url", "start", "end", "text", "before", "after"),
    *("start_utf16", "end_utf16", "pieces", "group", "standing", "context", "voice", "speaker", "speaker_start"),
    *("speaker_end", "relation", "text_fragment"),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("quote_command")
    docs = write(made / "docs", {"story.txt": STORY})
    assert main(["index", str(docs), "--home", str(made / "home"), "--progress", "none"]) == DONE
    return made / "home"


def test_a_green_quote_exits_with_0_and_any_other_with_3(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["quote", QUOTE, "--speaker", "Ann Brown", "--home", str(home)]) == DONE
    shown = capsys.readouterr().out
    assert shown.startswith("OK  verbatim: Found word for word in The ferry, said by Ann Brown.")
    assert main(["quote", QUOTE.replace("never", "soon"), "--home", str(home)]) == NO
    shown = capsys.readouterr().out
    assert shown.startswith("NO  altered") and "negation, critical: source “never”, quote “soon”" in shown
    assert main(["quote", QUOTE, "--speaker", "John Smith", "--home", str(home)]) == NO


def test_the_json_is_one_line_with_stable_keys(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["quote", QUOTE, "--json", "--home", str(home)]) == DONE
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    value = json.loads(out)
    assert set(value) == KEYS and set(value["occurrences"][0]) == PLACE_KEYS
    assert (value["file"], STORY[value["start"] : value["end"]]) == ("story.txt", QUOTE)
    assert (value["speaker_status"], value["green"]) == ("not_claimed", True)
    assert set(value["axes"]) == {"words", "integrity", "context", "voice", "speaker"}
    assert value["searched"] == {"documents": 1, "indexed_at": value["searched"]["indexed_at"], "complete": True}


def test_a_batch_gets_a_line_for_every_line_and_ends_with_0(home: Path, tmp_path: Path) -> None:
    items = [
        {"id": 1, "query": QUOTE, "speaker": "Ann Brown"},
        {"id": "two", "query": QUOTE.replace("will", "may"), "speaker": None},
        {"id": 3},
        {"id": 4, "query": "..."},
        {"id": 5, "query": "The council met for two hours in the old town hall", "speaker": ""},
    ]
    lines = [json.dumps(item) for item in items]
    lines.insert(2, '{"id": 9, "query": "We will nev')
    (tmp_path / "items.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    out = tmp_path / "results.jsonl"
    assert main(["quote", "--batch", str(tmp_path / "items.jsonl"), "--out", str(out), "--home", str(home)]) == DONE
    results = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [one["id"] for one in results] == [1, "two", None, 3, 4, 5]
    assert [one.get("headline") for one in results] == ["verbatim", "altered", None, None, None, "narration"]
    assert set(results[0]) == KEYS | {"id"}
    assert {"kind", "severity", "from", "to"} <= set(results[1]["edits"][0])
    assert [one["error"][:7] for one in results if "error" in one] == ["line 3:", "line 4:", "line 5:"]
    assert not any("We will nev" in one.get("error", "") for one in results)


@pytest.mark.parametrize("arguments", [[], ["a quote", "--batch", "x.jsonl"], ["a quote here", "--out", "x"], ["…"]])
def test_what_cannot_be_asked_is_a_usage_error(home: Path, arguments: list[str]) -> None:
    assert main(["quote", *arguments, "--home", str(home)]) == USAGE


def test_nothing_logs_the_quote(
    home: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = "We will never sell the ferry to the Marmalade Consortium"
    with caplog.at_level(logging.DEBUG):
        main(["quote", secret, "--json", "--home", str(home)])
    assert "Marmalade" not in caplog.text and "Marmalade" not in capsys.readouterr().err
    held = [path for path in home.rglob("*") if path.is_file()]
    assert held and not any(b"Marmalade" in path.read_bytes() for path in held)
