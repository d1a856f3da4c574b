"""The process in which untrusted files are read: what it passes on, and what it survives."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexing import sandbox as module
from indexing.errors import LoadError
from indexing.extraction import Extraction, ReadOptions, Unread, Working
from indexing.readers import read
from indexing.sandbox import Sandbox
from tests.mutants import COUNT, mutants
from tests.samples import PROSE, docx, every_format, web_page, zipped
from tests.test_readers_laws import assert_laws

SECONDS = 10.0  # the bound for one document


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(SECONDS) as opened:
        yield opened


def pid_of(sandbox: Sandbox) -> int | None:
    return sandbox._worker._process.pid if sandbox._worker else None


def test_values_pass_the_boundary_unchanged(sandbox: Sandbox, tmp_path: Path) -> None:
    for name, data in every_format().items():
        path = tmp_path / name
        path.write_bytes(data)
        here = [value for value in read(path, ReadOptions()) if isinstance(value, Extraction)]
        there = [value for value in sandbox.read(path, ReadOptions()) if isinstance(value, Extraction)]
        assert here == there


def test_one_worker_reads_many_files_and_errors_keep_their_reason_and_remedy(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_bytes(web_page())
    list(sandbox.read(path, ReadOptions()))
    before = pid_of(sandbox)
    (tmp_path / "b.html").write_bytes(b" ")
    with pytest.raises(LoadError, match="it is empty") as caught:
        list(sandbox.read(tmp_path / "b.html", ReadOptions()))
    assert caught.value.skipped
    assert caught.value.remedy.startswith("nothing to do")
    assert pid_of(sandbox) == before


def test_documents_arrive_while_the_container_is_still_being_read(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("title,text\n" + f'Bridge,"{PROSE}"\n' * 300_000)
    began = time.monotonic()
    values = sandbox.read(path, ReadOptions())
    assert isinstance(next(values), Extraction)
    assert time.monotonic() - began < SECONDS / 2
    values.close()  # the worker is ended, not drained
    assert pid_of(sandbox) is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a pipe in the file system to hang on")
def test_a_file_that_hangs_is_given_up_in_time_and_the_next_one_is_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "hangs.html")
    (tmp_path / "fine.html").write_bytes(web_page())
    with Sandbox(1.0) as sandbox:
        began = time.monotonic()
        with pytest.raises(LoadError, match="longer than 1 s"):
            list(sandbox.read(tmp_path / "hangs.html", ReadOptions()))
        assert time.monotonic() - began < 10
        assert pid_of(sandbox) is None
        sandbox._seconds = SECONDS
        assert list(sandbox.read(tmp_path / "fine.html", ReadOptions()))


@pytest.mark.skipif(os.uname().sysname != "Linux", reason="only Linux bounds the address space")
def test_memory_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"text": "' + b"x " * 60_000_000 + b'"}')
    with Sandbox(60, memory=400_000_000) as sandbox, pytest.raises(LoadError, match=r"memory|crashed"):
        list(sandbox.read(path, ReadOptions(max_bytes=1_000_000_000)))


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs signals")
def test_a_member_that_kills_the_reader_is_named_and_the_others_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(
        zipped({"a.txt": PROSE, "b.txt": "crash " * 10, "c.txt": PROSE, "d.txt": "hang " * 10, "e.txt": PROSE})
    )
    monkeypatch.setattr(module, "_serve", serve_with_traps)
    with Sandbox(2.0) as sandbox:
        values = [value for value in sandbox.read(path, ReadOptions()) if not isinstance(value, Working)]
    assert [value.member for value in values] == ["a.txt", "b.txt", "c.txt", "d.txt", "e.txt"]
    crashed, hung = values[1], values[3]
    assert isinstance(crashed, Unread)
    assert isinstance(hung, Unread)
    assert "crashed" in crashed.error.reason
    assert "longer than 2 s" in hung.error.reason
    assert [isinstance(values[n], Extraction) for n in (0, 2, 4)] == [True] * 3


_real_serve = module._serve


def serve_with_traps(*arguments: object) -> None:
    """The worker with a reader of plain text that dies of one text and hangs on another."""
    from indexing.readers import plain

    real = plain.read_plain

    def trapped(path: Path, options: ReadOptions) -> Iterator[Extraction]:
        text = path.read_text()
        if text.startswith("crash"):
            os.abort()
        if text.startswith("hang"):
            time.sleep(60)
        yield from real(path, options)

    plain.read_plain = trapped
    _real_serve(*arguments)  # type: ignore[arg-type]


def test_closing_leaves_no_process_and_no_files(tmp_path: Path) -> None:
    (tmp_path / "a.docx").write_bytes(docx())
    sandbox = Sandbox(SECONDS)
    list(sandbox.read(tmp_path / "a.docx", ReadOptions()))
    assert sandbox._worker is not None
    process, folder = sandbox._worker._process, Path(sandbox._worker._folder.name)
    assert folder.is_dir()
    sandbox.close()
    assert not process.is_alive()
    assert not folder.exists()
    sandbox.close()


def test_two_hundred_mutated_files_are_all_accounted_for_within_their_time(sandbox: Sandbox, tmp_path: Path) -> None:
    """Each ends as documents that keep the laws, or with a reason and a remedy; none stops the rest."""
    files = mutants(seed=20_240_305)
    assert len(files) == COUNT
    outcomes = {}
    slow = {}
    for name, data in files.items():
        path = tmp_path / name
        path.write_bytes(data)
        began = time.monotonic()
        documents = 0
        try:
            for value in sandbox.read(path, ReadOptions(ocr=False)):
                if isinstance(value, Extraction):
                    assert_laws(value)
                    documents += 1
                elif isinstance(value, Unread):
                    assert value.error.remedy
            outcomes[name] = f"{documents} documents"
        except LoadError as error:
            outcomes[name] = error.reason
        if time.monotonic() - began > SECONDS:
            slow[name] = time.monotonic() - began
        path.unlink()
    assert set(outcomes) == set(files)
    assert all(outcomes.values())
    assert not slow
