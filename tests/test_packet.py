"""Evidence packets: what holds is said to hold, and nothing that was altered passes."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.assistant import Assistant, build
from app.packet import packet, seal_of, write_packet
from app.settings import Settings
from app.verify import verify
from indexing.collection import Collection
from indexing.embed import embedder
from indexing.errors import OnrecordError
from indexing.ingest import index
from tests.processes import onrecord

QUESTION = "How popular is Zelensky at home?"


@pytest.fixture(scope="module")
def made(seeds: Assistant) -> dict[str, Any]:
    return packet([seeds.ask(QUESTION)], seeds, Settings(llm_key="hidden"))


def outcome(tmp_path: Path, seeds: Assistant, changed: dict[str, Any]) -> tuple[bool, bool, set[str]]:
    path = tmp_path / "packet.json"
    path.write_text(json.dumps(changed), encoding="utf-8")
    found = verify(path, seeds.collection.catalogue)
    return found.holds, found.sealed, {one.outcome for one in found.citations}


def test_a_packet_as_it_was_made_holds(tmp_path: Path, seeds: Assistant, made: dict[str, Any]) -> None:
    assert outcome(tmp_path, seeds, made) == (True, True, {"holds"})
    assert "hidden" not in json.dumps(made)


def _quote(packet: dict[str, Any]) -> None:
    packet["answers"][0]["statements"][0]["citations"][0]["quote"] += "x"


def _span(packet: dict[str, Any]) -> None:
    packet["answers"][0]["statements"][0]["citations"][0]["end"] -= 1


def _beyond(packet: dict[str, Any]) -> None:
    packet["answers"][0]["statements"][0]["citations"][0]["end"] = 10**9


def _version(packet: dict[str, Any]) -> None:
    packet["answers"][0]["statements"][0]["citations"][0]["version"] = "0" * 64


def _statement(packet: dict[str, Any]) -> None:
    packet["answers"][0]["statements"][0]["text"] = "Everything is fine."


@pytest.mark.parametrize("change", [_quote, _span, _beyond, _version, _statement])
@pytest.mark.parametrize("sealed_anew", [False, True])
def test_an_altered_packet_does_not_hold_even_when_it_is_sealed_anew(
    tmp_path: Path, seeds: Assistant, made: dict[str, Any], change: Callable[[dict[str, Any]], None], sealed_anew: bool
) -> None:
    changed = copy.deepcopy(made)
    change(changed)
    if sealed_anew:
        changed["seal"] = seal_of(changed)
    holds, sealed, _ = outcome(tmp_path, seeds, changed)
    assert not holds
    assert sealed == sealed_anew


def test_what_was_cited_still_verifies_after_its_document_changed_and_went(tmp_path: Path) -> None:
    home, docs = tmp_path / "home", tmp_path / "docs"
    docs.mkdir()
    file, other = docs / "budget.md", docs / "other.md"
    other.write_text("The library opens at nine on weekdays and at ten on Saturdays.", encoding="utf-8")
    file.write_text("The council adopted a budget of 41 million crowns on Tuesday evening.", encoding="utf-8")

    def indexed() -> None:
        with Collection(home, embedder("minilm"), create=True) as collection:
            index(collection, [docs])

    indexed()
    assistant, path = build(Settings(home=home)), tmp_path / "packet.json"
    with assistant.collection:
        write_packet(path, packet([assistant.ask("What budget did the council adopt?")], assistant, Settings()))
    assert onrecord("verify", path, "--home", home).returncode == 0
    file.write_text("The council adopted a budget of 43 million crowns on Tuesday evening.", encoding="utf-8")
    indexed()
    changed = onrecord("verify", path, "--home", home)
    assert changed.returncode == 0 and "superseded" in changed.stdout
    file.unlink()
    indexed()
    gone = onrecord("verify", path, "--home", home, "--json")
    assert gone.returncode == 0
    assert {one["outcome"] for one in json.loads(gone.stdout)["citations"]} == {"removed"}


def test_the_page_of_a_packet_stands_alone_and_escapes_what_it_quotes(tmp_path: Path, made: dict[str, Any]) -> None:
    hostile = copy.deepcopy(made)
    hostile["answers"][0]["question"] = "<script>alert(1)</script>"
    write_packet(tmp_path / "p.json", hostile)
    page = (tmp_path / "p.html").read_text(encoding="utf-8")
    assert "<script" not in page and "&lt;script&gt;" in page
    assert "src=" not in page and "://" not in page
    assert made["seal"] in page


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "other", "made_at": "", "seal": "", "answers": []}', "["])
def test_what_is_no_packet_is_refused_in_words(tmp_path: Path, seeds: Assistant, text: str) -> None:
    path = tmp_path / "no.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(OnrecordError, match=r"packet|format"):
        verify(path, seeds.collection.catalogue)


def test_ask_writes_a_packet_that_verify_accepts(tmp_path: Path, seeds_home: Path) -> None:
    path = tmp_path / "evidence.json"
    assert onrecord("ask", QUESTION, "--home", seeds_home, "--packet", path).returncode == 0
    verified = onrecord("verify", path, "--home", seeds_home)
    assert verified.returncode == 0, verified.stdout
    assert "citations stand as they were cited" in verified.stdout
    assert path.with_suffix(".html").is_file()
