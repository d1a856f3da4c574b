"""What a person said, over all documents, by the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.cli import main
from indexing.collection import Collection
from indexing.ingest import index
from tests.folders import write
from tests.hashing import HashingEmbedder

FILES = {
    "a.md": '---\ndate: 2016-01-02\n---\n\nMayor Ann Lee spoke. "We paid for the bridge," Lee said.\n',
    "b.md": '---\ndate: 2016-03-04\n---\n\nAnn Lee said that the ferry is late. Bob Lee said, "Never mind."\n',
    "c.md": 'A man called Lee came. "I know nothing," Lee said.\n',
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("said")
    with Collection(home / "home", HashingEmbedder(), create=True) as collection:
        index(collection, [write(home / "docs", FILES)])
    return home / "home"


def said(home: Path, capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    main(["said", *words, "--json", "--home", str(home)])
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return found


def test_what_a_person_said_is_listed_newest_first_with_exact_citations(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = said(home, capsys, "Ann Lee")
    assert [(one["text"], one["in_marks"], one["date"]) for one in found] == [
        ("the ferry is late", False, "2016-03-04"),
        ("We paid for the bridge,", True, "2016-01-02"),
    ]
    for one in found:
        text = FILES[str(one["file"])]
        assert text[one["start"] : one["end"]] == one["text"]
        assert one["citation"] == f"{one['file']}:{one['start']}-{one['end']}"


def test_a_surname_means_everybody_of_that_name_and_a_full_name_nobody_else(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert [one["speaker"] for one in said(home, capsys, "lee")] == ["Ann Lee", "Bob Lee", "Ann Lee", "Lee"]
    assert [one["speaker"] for one in said(home, capsys, "Bob Lee")] == ["Bob Lee"]


def test_about_keeps_what_has_the_words_and_says_when_there_is_nothing(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert [one["date"] for one in said(home, capsys, "Ann Lee", "--about", "bridges")] == ["2016-01-02"]
    assert main(["said", "Ann Lee", "--about", "zebra", "--home", str(home)]) == 3
    assert "Nothing that Ann Lee said" in capsys.readouterr().out
    assert main(["said", "Zed Zebra", "--home", str(home)]) == 1
    assert "onrecord speakers" in capsys.readouterr().err


def test_aliases_of_the_settings_count(
    home: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "who.txt").write_text("Bob Lee = The Axe\n", encoding="utf-8")
    monkeypatch.setenv("ONRECORD_ALIASES", str(tmp_path / "who.txt"))
    assert [one["text"] for one in said(home, capsys, "The Axe")] == ["Never mind."]


def test_speakers_are_listed_with_how_often_and_when(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["speakers", "--json", "--home", str(home)]) == 0
    first, *others = json.loads(capsys.readouterr().out)
    assert first == {"name": "Ann Lee", "documents": 2, "quotations": 2, "first": "2016-01-02", "last": "2016-03-04"}
    assert [one["name"] for one in others] == ["Bob Lee", "Lee"]
    assert main(["speakers", "--home", str(home)]) == 0
    assert "Ann Lee  (2 documents, 2016-01-02–2016-03-04)" in capsys.readouterr().out
