"""Backups: what comes back is what was there; anything altered is refused; a kill leaves what stood there whole."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import threading
import zipfile
from collections.abc import Callable
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.assistant import Assistant, build
from app.cli import DONE, ERROR, main
from app.settings import Settings
from indexing import backup as backups
from indexing import collection as collections
from indexing import restore as restoring
from indexing.backup import MANIFEST, VECTORS, contents, read_backup, write_backup
from indexing.collection import Collection
from indexing.embed import Embedder
from indexing.errors import HomeError, OnrecordError
from indexing.ingest import Options, index
from indexing.lock import OwnerLock
from indexing.restore import restore_backup
from indexing.vectors import VectorIndex
from tests.folders import write
from tests.forked import run
from tests.hashing import HashingEmbedder
from tests.state import State, state, three_stores_agree


def body(number: int, edition: str = "first") -> str:
    return (
        f"# Heading {number}\n\nDocument number {number} of the {edition} edition tells of the council bridge in June."
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a `home` that has a history (edits, a removal, copies, an upload), and its `backup`."""
    folder = tmp_path_factory.mktemp("made")
    docs = write(folder / "docs", {f"{n:02}.md": body(n) for n in range(12)} | {"copy.md": body(3)})
    write(folder / "home" / "uploads", {"given.txt": "The mill burnt down two years ago. Nobody has rebuilt it since."})
    with Collection(folder / "home", HashingEmbedder(), create=True) as collection:
        index(collection, [docs, folder / "home" / "uploads"])
        write(docs, {"01.md": body(1, "second")})
        (docs / "02.md").unlink()
        index(collection, [docs])
    with closing(sqlite3.connect(folder / "home" / "others.db")) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("CREATE TABLE talks (words TEXT)")
        db.execute("INSERT INTO talks VALUES ('kept')")
        db.commit()
    write(folder / "home", {"runs/one/metrics.json": "{}", "key": "secret"})
    (folder / "home" / "key").chmod(0o600)
    write_backup(folder / "home", folder / "backup")
    return folder


@pytest.fixture(scope="module")
def before(made: Path) -> State:
    shutil.copytree(made / "home", made / "looked-at")
    with Collection(made / "looked-at", HashingEmbedder()) as collection:
        return state(collection)


def hashing(name: str, dimension: int) -> Embedder:
    assert (name, dimension) == ("hashing-1", 64)
    return HashingEmbedder()


def held(home: Path) -> State:
    with Collection(home, HashingEmbedder(), mend=False) as collection:
        three_stores_agree(collection)
        return state(collection)


# -- what comes back ---------------------------------------------------------------------------------------------------


def test_what_is_restored_cannot_be_told_from_what_was_there(made: Path, before: State, tmp_path: Path) -> None:
    restored = restore_backup(made / "backup", tmp_path / "home", hashing)
    assert (restored.documents, restored.embedded) == (len(before.documents), 0)
    assert held(tmp_path / "home") == before
    assert {path.name for path in tmp_path.iterdir()} == {"home"}
    old, new = (sorted(set(contents(home)[0])) for home in (made / "home", tmp_path / "home"))
    assert old == new
    assert (tmp_path / "home" / "key").stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(tmp_path / "home" / "others.db")) as db:
        assert db.execute("SELECT words FROM talks").fetchall() == [("kept",)]


def test_versions_of_before_can_still_be_opened(made: Path, tmp_path: Path) -> None:
    restore_backup(made / "backup", tmp_path / "home", hashing)
    with Collection(tmp_path / "home", HashingEmbedder()) as collection:
        document = collection.catalogue.find_document("01.md")
        assert document is not None and document.text == body(1, "second")
        first, second = collection.catalogue.versions(document.id)
        assert [collection.document(document.id, one).text for one, _ in (first, second)] == [  # type: ignore[union-attr]
            body(1),
            body(1, "second"),
        ]


def test_the_restored_home_goes_on_being_indexed_uploads_too(made: Path, tmp_path: Path) -> None:
    restore_backup(made / "backup", tmp_path / "home", hashing)
    with Collection(tmp_path / "home", HashingEmbedder()) as collection:
        report = index(collection, [tmp_path / "home" / "uploads", made / "docs"], options=Options(prune=True))
        assert (report.unchanged, report.added, report.moved, report.removed) == (report.documents, 0, 0, 0)


def test_answers_and_their_citations_are_the_same(seeds: Assistant, seeds_home: Path, tmp_path: Path) -> None:
    assert main(["backup", str(tmp_path / "file"), "--home", str(seeds_home), "--progress", "none"]) == DONE
    assert main(["restore", str(tmp_path / "file"), "--home", str(tmp_path / "home"), "--progress", "none"]) == DONE
    assistant = build(Settings(home=tmp_path / "home"))
    with assistant.collection:
        for question in ("How many Ukrainians trust Zelensky?", "Who opposed the resolution?", "How is bread made?"):
            ours, theirs = (one.ask(question).as_json() for one in (seeds, assistant))
            for answer in (ours, theirs):
                answer["timings_ms"] = None
            assert ours == theirs


def test_only_what_the_backup_lacks_is_embedded(made: Path, before: State, tmp_path: Path) -> None:
    shutil.copytree(made / "home", tmp_path / "old")
    rows = tmp_path / "old" / "vectors" / "rows.f16"
    rows.write_bytes(rows.read_bytes()[: -5 * 128])
    write_backup(tmp_path / "old", tmp_path / "file")
    restored = restore_backup(tmp_path / "file", tmp_path / "home", hashing)
    assert 0 < restored.embedded <= 5
    assert held(tmp_path / "home") == before
    rows.unlink()
    write_backup(tmp_path / "old", tmp_path / "file")
    assert restore_backup(tmp_path / "file", tmp_path / "home", hashing, force=True).embedded == restored.chunks


def test_a_home_without_documents_comes_back(tmp_path: Path) -> None:
    Collection(tmp_path / "home", HashingEmbedder(), create=True).close()
    made = write_backup(tmp_path / "home", tmp_path / "file")
    assert (made.documents, made.vectors) == (0, None)
    assert restore_backup(tmp_path / "file", tmp_path / "other", hashing).documents == 0


# -- while it is in use ------------------------------------------------------------------------------------------------


def test_what_is_not_committed_is_not_in_it_and_writers_do_not_wait(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made / "home", tmp_path / "home")
    with OwnerLock(tmp_path / "home"), closing(sqlite3.connect(tmp_path / "home" / "others.db")) as db:
        db.execute("INSERT INTO talks VALUES ('said and committed')")
        db.commit()
        db.execute("INSERT INTO talks VALUES ('half said')")
        write_backup(tmp_path / "home", tmp_path / "file")
        db.commit()
    restore_backup(tmp_path / "file", tmp_path / "other", hashing)
    with closing(sqlite3.connect(tmp_path / "other" / "others.db")) as db:
        assert [row[0] for row in db.execute("SELECT words FROM talks")] == ["kept", "said and committed"]


def test_a_backup_made_while_documents_go_in_is_of_one_moment(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made / "home", tmp_path / "home")
    docs, done = tmp_path / "docs", threading.Event()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            with Collection(tmp_path / "home", HashingEmbedder()) as collection:
                for number in range(1000):
                    if done.is_set():
                        return
                    write(docs, {"new.md": body(number, "changing"), f"{number % 5}.md": body(number, "other")})
                    index(collection, [docs])
        except BaseException as error:  # noqa: BLE001 - a thread's failure is the test's
            failures.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        for number in range(2):
            write_backup(tmp_path / "home", tmp_path / f"file{number}")
    finally:
        done.set()
        thread.join()
    assert not failures
    for number in range(2):
        restore_backup(tmp_path / f"file{number}", tmp_path / f"restored{number}", hashing)
        assert held(tmp_path / f"restored{number}").documents


# -- what is refused ---------------------------------------------------------------------------------------------------


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_an_altered_backup_is_refused_wherever_it_was_altered(made: Path, tmp_path: Path, data: st.DataObject) -> None:
    whole = (made / "backup").read_bytes()
    at = data.draw(st.one_of(st.integers(0, len(whole) - 1), st.integers(len(whole) - 400, len(whole) - 1)))
    altered = {
        "flipped": whole[:at] + bytes([whole[at] ^ data.draw(st.integers(1, 255))]) + whole[at + 1 :],
        "cut": whole[:at],
        "longer": whole + data.draw(st.binary(min_size=1, max_size=3)),
    }
    (tmp_path / "altered").write_bytes(altered[data.draw(st.sampled_from(sorted(altered)))])
    with pytest.raises(OnrecordError, match=r"backup|as it was written"):
        restore_backup(tmp_path / "altered", tmp_path / "home", hashing)
    assert not (tmp_path / "home").exists()


def forged(made: Path, target: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """A backup by somebody who knows how they are made."""
    with zipfile.ZipFile(made / "backup") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        archive.comment = b"0" * backups.DIGEST
    target.write_bytes(target.read_bytes()[: -backups.DIGEST] + backups._digest(target).encode())
    return target


def test_a_member_that_is_not_what_the_manifest_says_is_refused_and_nothing_is_put_in_place(
    made: Path, tmp_path: Path
) -> None:
    def change(members: dict[str, bytes]) -> None:
        members["home/key"] = b"other!"

    with pytest.raises(OnrecordError, match="key is not as it was backed up"):
        restore_backup(forged(made, tmp_path / "forged", change), tmp_path / "home", hashing)
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("name", ["../outside", "/tmp/outside-of-onrecord", "a/../../outside"])
def test_a_name_that_leads_out_of_the_home_is_refused(made: Path, tmp_path: Path, name: str) -> None:
    def change(members: dict[str, bytes]) -> None:
        manifest = json.loads(members[MANIFEST])
        manifest["files"][-1]["name"] = name
        members[MANIFEST] = json.dumps(manifest).encode()
        members[f"home/{name}"] = members["home/key"]

    with pytest.raises(OnrecordError, match="outside a home"):
        restore_backup(forged(made, tmp_path / "forged", change), tmp_path / "home", hashing)


def test_another_schema_is_refused_in_words(made: Path, tmp_path: Path) -> None:
    def change(members: dict[str, bytes]) -> None:
        members[MANIFEST] = json.dumps({**json.loads(members[MANIFEST]), "schema": "0"}).encode()

    with pytest.raises(OnrecordError, match="another version"):
        restore_backup(forged(made, tmp_path / "forged", change), tmp_path / "home", hashing)


def test_a_home_that_is_there_is_replaced_only_when_told_so(made: Path, before: State, tmp_path: Path) -> None:
    write(tmp_path / "home", {"note.txt": "mine"})
    with pytest.raises(OnrecordError, match="--force"):
        restore_backup(made / "backup", tmp_path / "home", hashing)
    assert (tmp_path / "home" / "note.txt").read_text() == "mine"
    restore_backup(made / "backup", tmp_path / "home", hashing, force=True)
    assert held(tmp_path / "home") == before
    assert not (tmp_path / "home" / "note.txt").exists()


def test_a_home_in_use_is_not_replaced(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made / "home", tmp_path / "home")
    with OwnerLock(tmp_path / "home"), pytest.raises(HomeError, match="is in use by"):
        restore_backup(made / "backup", tmp_path / "home", hashing, force=True)


def test_where_a_backup_cannot_go_is_said(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "letter.txt").write_text("Dear all")
    for target, words in (
        (tmp_path / "letter.txt", "no backup of Onrecord's"),
        (tmp_path, "is a folder"),
        (tmp_path / "none" / "file", "make it first"),
        (made / "home" / "file", "name a file elsewhere"),
    ):
        assert main(["backup", str(target), "--home", str(made / "home")]) == ERROR
        assert words in capsys.readouterr().err
    assert main(["restore", str(tmp_path / "letter.txt"), "--home", str(tmp_path / "new")]) == ERROR
    assert "no backup of Onrecord's" in capsys.readouterr().err


def test_a_damaged_database_is_not_backed_up_as_if_it_were_whole(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made / "home", tmp_path / "home")
    whole = (tmp_path / "home" / "others.db").read_bytes()
    (tmp_path / "home" / "others.db").write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    with pytest.raises(OnrecordError, match=r"damaged|cannot be written"):
        write_backup(tmp_path / "home", tmp_path / "file")
    assert not (tmp_path / "file").exists()


def test_links_are_named_and_not_followed(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made / "home", tmp_path / "home")
    (tmp_path / "home" / "elsewhere").symlink_to(made / "docs")
    assert write_backup(tmp_path / "home", tmp_path / "file").left_out == ("elsewhere",)


# -- kills -------------------------------------------------------------------------------------------------------------

KILLS = (
    ("_extract", "after"),
    ("VectorIndex.add", "after"),
    ("_settle", "after"),
    ("_exchange", "after"),
    ("rmtree", "before"),
)


def dying(pipe: Connection, file: Path, home: Path, stage: str, when: str, exchanges: bool) -> None:
    """Restore, and end without any cleaning up before or after a stage."""
    collections.BATCH = 5
    owner: object = restoring
    if stage == "VectorIndex.add":
        owner, stage = VectorIndex, "add"
    elif stage == "rmtree":
        owner = shutil
    if not exchanges:
        restoring._exchange = lambda *_: False
    original = getattr(owner, stage)

    def wrapped(*args: object, **kwargs: object) -> object:
        if when == "before":
            os._exit(99)
        original(*args, **kwargs)
        os._exit(99)

    setattr(owner, stage, wrapped)
    restore_backup(file, home, hashing, force=True)


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another home, with one document."""
    folder = tmp_path_factory.mktemp("old")
    docs = write(folder / "docs", {"old.md": "The only document that the old home has, about the mill."})
    with Collection(folder / "home", HashingEmbedder(), create=True) as collection:
        index(collection, [docs])
    return folder / "home"


@pytest.mark.parametrize(("stage", "when"), KILLS)
def test_a_kill_leaves_the_old_home_or_the_new_one_and_the_next_run_finishes(
    made: Path, before: State, old: Path, tmp_path: Path, stage: str, when: str
) -> None:
    shutil.copytree(old, tmp_path / "home")
    assert run(dying, made / "backup", tmp_path / "home", stage, when, True)[0] == 99
    with Collection(tmp_path / "home", HashingEmbedder(), mend=False) as collection:
        three_stores_agree(collection)
        names = {entry.name for entry in collection.catalogue.entries()}
        assert names in ({"old.md"}, set(before.documents))
        assert names == {"old.md"} or stage in ("_exchange", "rmtree")
    restore_backup(made / "backup", tmp_path / "home", hashing, force=True)
    assert held(tmp_path / "home") == before
    assert {path.name for path in tmp_path.iterdir()} == {"home"}


def test_where_folders_cannot_change_places_a_kill_in_between_is_put_right(
    made: Path, before: State, tmp_path: Path
) -> None:
    write(tmp_path / "home", {"note.txt": "mine"})
    assert run(dying, made / "backup", tmp_path / "home", "rmtree", "before", False)[0] == 99
    assert held(tmp_path / "home") == before  # killed after both renames
    (tmp_path / "home").rename(tmp_path / "home.restoring")  # as after the first of them
    with pytest.raises(OnrecordError, match="--force"):
        restore_backup(made / "backup", tmp_path / "home", hashing)
    assert (tmp_path / "home" / "note.txt").read_text() == "mine"


def test_what_was_done_before_a_kill_is_not_done_again(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(dying, made / "backup", tmp_path / "home", "VectorIndex.add", "after", True)[0] == 99

    def unwanted(*_: object) -> None:
        raise AssertionError("unpacked already")

    monkeypatch.setattr(restoring, "_extract", unwanted)
    heard: list[tuple[int, int]] = []
    restore_backup(made / "backup", tmp_path / "home", hashing, passages=lambda *at: heard.append(at))
    assert heard and heard[-1][0] == heard[-1][1]


def dies_while_writing(pipe: Connection, home: Path, file: Path) -> None:
    def die(*_: object, **__: object) -> None:
        os._exit(99)

    backups._Writing._add = die  # type: ignore[method-assign,assignment]
    write_backup(home, file)


def test_a_kill_leaves_the_older_backup_and_the_next_run_tidies_up(made: Path, tmp_path: Path) -> None:
    shutil.copy(made / "backup", tmp_path / "backup")
    assert run(dies_while_writing, made / "home", tmp_path / "backup")[0] == 99
    assert read_backup(tmp_path / "backup") == read_backup(made / "backup")
    write_backup(made / "home", tmp_path / "backup")
    assert {path.name for path in tmp_path.iterdir()} == {"backup"}
    assert VECTORS in zipfile.ZipFile(tmp_path / "backup").namelist()
