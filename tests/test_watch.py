"""`onrecord watch`: what happens in a folder is soon in the index, and a folder that vanishes is waited for."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from app.cli import DONE, ERROR
from tests.processes import Running, chatting, onrecord, running, until

SOON = 30.0  # seconds, generous: about one is what it takes
LAMP = "The lamp in Mill Lane was lit by Ottoline Bream.\n"


def folder(path: Path, *names: str) -> Path:
    path.mkdir()
    for name in names:
        (path / name).write_text(LAMP.replace("Mill", name[0].upper()), encoding="utf-8")
    return path


def news(watching: Running) -> dict[str, Any]:
    """The next report, without what is zero and what is timed."""
    line = until(watching.out.qsize, f"a report; {watching.said(watching.err)}", SOON) and watching.out.get()
    report = json.loads(line)
    return {key: value for key, value in report.items() if isinstance(value, int) and value and key != "chunks"}


def notice(watching: Running, words: str) -> None:
    heard: list[str] = []

    def said() -> bool:
        heard.append(watching.said(watching.err))
        return words in "".join(heard)

    until(said, f"{words!r} in {heard}", SOON)


def names(home: Path) -> set[str]:
    ran = onrecord("status", "--json", "--home", home)
    return {one["file"] for one in json.loads(ran.stdout)["files"]}


def test_what_happens_in_a_folder_happens_in_the_index(tmp_path: Path) -> None:
    docs, home = folder(tmp_path / "docs", "alder.txt", "birch.txt"), tmp_path / "home"
    with running("watch", docs, "--home", home, "--json") as watching:
        assert news(watching) == {"documents": 2, "added": 2}
        (docs / "cedar.txt").write_text(LAMP.replace("Mill", "Cedar"), encoding="utf-8")
        assert news(watching) == {"documents": 3, "added": 1, "unchanged": 2}
        (docs / "alder.txt").write_text(LAMP.replace("lit", "broken"), encoding="utf-8")
        assert news(watching) == {"documents": 3, "changed": 1, "unchanged": 2}
        (docs / "birch.txt").rename(docs / "beech.txt")
        assert news(watching) == {"documents": 3, "moved": 1, "unchanged": 2}
        (docs / "cedar.txt").unlink()
        assert news(watching) == {"documents": 2, "removed": 1, "unchanged": 2}
        (docs / ".hidden.txt").write_text("nothing", encoding="utf-8")
        (docs / "empty.txt").write_text("", encoding="utf-8")
        assert news(watching) == {"documents": 2, "unchanged": 2, "skipped": 1}
        assert names(home) == {"alder.txt", "beech.txt"}

        docs.rename(tmp_path / "away")
        notice(watching, "is not there; what is indexed from there is kept")
        assert names(home) == {"alder.txt", "beech.txt"}
        (tmp_path / "away" / "dogwood.txt").write_text(LAMP.replace("Mill", "Dogwood"), encoding="utf-8")
        (tmp_path / "away").rename(docs)
        assert news(watching) == {"documents": 3, "added": 1, "unchanged": 2, "skipped": 1}
        (docs / "elm.txt").write_text(LAMP.replace("Mill", "Elm"), encoding="utf-8")
        assert news(watching) == {"documents": 4, "added": 1, "unchanged": 3, "skipped": 1}
        assert watching.ended(signal.SIGINT) == DONE
        assert "Stopped watching." in watching.said(watching.err) and not watching.out.qsize()


def test_a_folder_that_is_suddenly_empty_is_not_taken_for_emptied_and_is_taken_up_again(tmp_path: Path) -> None:
    docs, home = folder(tmp_path / "docs", "alder.txt", "birch.txt"), tmp_path / "home"
    with running("watch", docs, "--home", home, "--json") as watching:
        assert news(watching) == {"documents": 2, "added": 2}
        docs.rename(tmp_path / "away")
        docs.mkdir()
        notice(watching, "The 2 documents indexed from there are kept")
        assert names(home) == {"alder.txt", "birch.txt"}
        docs.rmdir()
        (tmp_path / "away").rename(docs)
        (docs / "cedar.txt").write_text(LAMP.replace("Mill", "Cedar"), encoding="utf-8")
        assert news(watching) == {"documents": 3, "added": 1, "unchanged": 2}


def test_beside_an_open_chat_the_chat_does_the_work_and_watching_outlives_it(tmp_path: Path) -> None:
    docs, home = folder(tmp_path / "docs", "alder.txt"), tmp_path / "home"
    assert onrecord("index", docs, "--home", home).returncode == DONE
    with chatting(home) as chat, running("watch", docs, "--home", home, "--json") as watching:
        assert news(watching) == {"documents": 1, "unchanged": 1}
        (docs / "birch.txt").write_text(LAMP.replace("Mill", "Birch"), encoding="utf-8")
        assert news(watching) == {"documents": 2, "added": 1, "unchanged": 1}
        assert chat.documents() == 2
        chat.process.send_signal(signal.SIGKILL)
        chat.process.wait(30)
        (docs / "cedar.txt").write_text(LAMP.replace("Mill", "Cedar"), encoding="utf-8")
        assert news(watching) == {"documents": 3, "added": 1, "unchanged": 2}


def test_a_single_file_is_watched_also_when_another_takes_its_place(tmp_path: Path) -> None:
    docs, home = folder(tmp_path / "docs", "alder.txt", "birch.txt"), tmp_path / "home"
    with running("watch", docs / "alder.txt", "--home", home, "--json") as watching:
        assert news(watching) == {"documents": 1, "added": 1}
        (docs / "new").write_text("The lamp was broken.\n", encoding="utf-8")
        (docs / "new").replace(docs / "alder.txt")  # as editors save
        assert news(watching) == {"documents": 1, "changed": 1}
        (docs / "alder.txt").write_text("The lamp was mended.\n", encoding="utf-8")
        assert news(watching) == {"documents": 1, "changed": 1}


@pytest.mark.parametrize("missing", ["none", "empty"])
def test_what_is_not_there_at_first_is_an_error(tmp_path: Path, missing: str) -> None:
    (tmp_path / "empty").mkdir()
    ran = onrecord("watch", tmp_path / missing, "--home", tmp_path / "home")
    assert (ran.returncode, ran.stdout) == (ERROR, "") and ran.stderr.startswith("error: ")
