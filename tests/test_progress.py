"""Progress of long work: a bar on a terminal, lines or JSON for programs, silence for short runs; Ctrl-C stops it."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import threading
import time
import zipfile
from pathlib import Path

import pytest

from app.cli import DONE, ERROR
from app.commands.progress import Display
from indexing import ingest
from indexing.collection import Collection
from indexing.ingest import Progress, index
from tests.hashing import HashingEmbedder
from tests.processes import command, environment, onrecord, reported, running, until

MANY = 420


def lamps(folder: Path, count: int, pages_from: int = MANY) -> Path:
    """Documents of a sentence; those from `pages_from` on are pages, which another process reads."""
    folder.mkdir()
    for number in range(count):
        text, kind = f"The lamp number {number} stands in the street.\n", "txt"
        if number >= pages_from:
            text, kind = f"<html><body><p>{text}</p></body></html>", "html"
        (folder / f"{number:03}.{kind}").write_text(text, encoding="utf-8")
    return folder


def test_a_verbose_run_has_a_line_for_every_file_that_something_became_of(tmp_path: Path) -> None:
    docs, home = lamps(tmp_path / "docs", 3), tmp_path / "home"
    assert onrecord("index", docs, "--home", home).returncode == DONE
    (docs / "000.txt").write_text("The lamp was broken.", encoding="utf-8")
    (docs / "new\x1b[31m.txt").write_text("Another lamp was lit.", encoding="utf-8")
    (docs / "empty.txt").write_text("", encoding="utf-8")
    ran = onrecord("index", docs, "-v", "--home", home)
    assert ran.stderr.splitlines() == ["changed: 000.txt", "skipped: empty.txt", "added: new\\x1b[31m.txt"]


def test_progress_as_json_is_a_line_a_file_and_grows_to_all_bytes(tmp_path: Path) -> None:
    docs, home = lamps(tmp_path / "docs", 3), tmp_path / "home"
    ran = onrecord("index", docs, "--progress", "json", "--home", home, "--json")
    lines = [json.loads(line) for line in ran.stderr.splitlines()]
    assert [(line["name"], line["outcome"]) for line in lines] == [(f"00{number}.txt", "added") for number in range(3)]
    size = sum(path.stat().st_size for path in docs.iterdir())
    assert all(set(line) == {"done", "total", "name", "outcome"} and line["total"] == size for line in lines)
    assert [line["done"] for line in lines] == sorted(line["done"] for line in lines) and lines[-1]["done"] == size
    assert json.loads(ran.stdout)["added"] == 3
    assert onrecord("index", docs, "--progress", "none", "-v", "--home", home).stderr == ""
    rebuilt = onrecord("rebuild", "--progress", "json", "--home", home)
    assert json.loads(rebuilt.stderr.splitlines()[-1])["done"] == 3 and rebuilt.stdout.startswith("3 passages, ")


@pytest.mark.parametrize("kind", ["csv", "jsonl", "zip"])
def test_progress_moves_inside_one_large_file_which_goes_on_after_a_stop_without_embedding_again(
    collection: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(ingest, "STEP", 30_000)
    monkeypatch.setattr(ingest, "BATCH", 16)
    rows = [{"id": f"n{number}", "text": f"The lamp number {number} stands. " * 60} for number in range(150)]
    archive = tmp_path / "docs" / f"lamps.{kind}"
    archive.parent.mkdir()
    if kind == "zip":
        with zipfile.ZipFile(archive, "w") as file:
            for row in rows:
                file.writestr(f"{row['id']}.txt", row["text"])
    elif kind == "csv":
        archive.write_text("id,text\n" + "".join(f"{row['id']},{row['text']}\n" for row in rows), encoding="utf-8")
    else:
        archive.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    size, told = archive.stat().st_size, []

    def stop(progress: Progress) -> None:
        told.append(progress)
        if progress.done > size / 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        index(collection, [archive.parent], progress=stop)
    inside = [one.done for one in told]
    assert {one.outcome for one in told} == {"reading"} and len(inside) >= 2
    assert inside == sorted(set(inside)) and inside[-1] < size
    assert isinstance(collection.embedder, HashingEmbedder)
    stored, before = collection.catalogue.count_documents(), collection.embedder.asked
    assert 16 <= stored < 150
    report = index(collection, [archive.parent], progress=told.append)
    assert (report.unchanged, report.added) == (stored, 150 - stored)
    asked = collection.embedder.asked - before
    per_document = before / stored
    assert asked <= (150 - stored) * per_document * 1.01
    assert (told[-1].done, told[-1].outcome) == (size, "added")


def test_ctrl_c_stops_cleanly_and_the_next_run_goes_on(tmp_path: Path) -> None:
    docs, home = lamps(tmp_path / "docs", MANY, pages_from=270), tmp_path / "home"
    with running("index", docs, "--home", home, "--progress", "json") as run:
        until(lambda: run.err.qsize() > 300, "a batch is in")
        assert run.ended(signal.SIGINT) == ERROR
        said = run.said(run.err)
        assert "Stopped." in said and "run the same command again" in said and "Traceback" not in said
    assert not (home / "owner.json").exists() and not (home / "owner.socket").exists()
    report = reported("index", docs, "--home", home)
    assert report["documents"] == MANY and report["unchanged"] >= 256 and report["added"] == MANY - report["unchanged"]
    assert reported("doctor", "--check", "--home", home)["healthy"]


def test_a_terminal_gets_a_bar_with_rate_and_time_left_and_it_is_gone_in_the_end(tmp_path: Path) -> None:
    docs = lamps(tmp_path / "docs", 300)
    parent, child = pty.openpty()
    drawn = bytearray()

    def read() -> None:
        try:
            while piece := os.read(parent, 65536):
                drawn.extend(piece)
        except OSError:
            return  # the other end is closed

    reader = threading.Thread(target=read)
    reader.start()
    line = command("index", docs, "-v", "--home", tmp_path / "home")
    surroundings = {**environment(), "TERM": "xterm", "COLUMNS": "120", "LINES": "24"}
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=child, env=surroundings) as process:
        os.close(child)
        assert process.wait(120) == DONE
    reader.join(30)
    os.close(parent)
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", drawn.decode("utf-8", "replace"))
    assert re.search(r"indexing .*\d+(\.\d)?/\d+(\.\d)? k?B .*(bytes|[kM]B)/s \d:\d\d:\d\d", shown), shown[-2000:]
    assert shown.count("added: ") == 300
    assert drawn.rstrip().endswith(b"\x1b[2K"), "the bar is wiped away"


def test_without_a_terminal_a_short_run_is_quiet_and_a_long_one_says_where_it_is_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    with Display() as display:
        for number in range(10):
            display.show(Progress(number, 10, f"{number}\x1b.txt", "added"))
            clock[0] += 0.7
        display.show(Progress(0, 0, "nothing", "unchanged"))
        display.say("a notice\x07")
    assert capsys.readouterr().err.splitlines() == [
        "indexing: 30%, at 3\\x1b.txt",
        "indexing: 60%, at 6\\x1b.txt",
        "indexing: 90%, at 9\\x1b.txt",
        "a notice\\x07",
    ]


def test_a_notice_is_json_where_progress_is(capsys: pytest.CaptureFixture[str]) -> None:
    Display("json").say("waiting")
    Display("none").say("waiting")
    assert capsys.readouterr().err == '{"notice": "waiting"}\nwaiting\n'
