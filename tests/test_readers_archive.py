"""ZIP archives: members by their readers, and everything that an archive can be made to do."""

from __future__ import annotations

import io
import stat
import tempfile
import zipfile
from pathlib import Path

import pytest

from indexing.errors import LoadError
from indexing.extraction import Extraction, Read, ReadOptions, Unread
from indexing.readers import read
from tests.samples import PROSE, csv_rows, every_format, zipped


def read_archive(folder: Path, data: bytes, options: ReadOptions | None = None) -> dict[str, Read]:
    path = folder / "a.zip"
    path.write_bytes(data)
    values = [value for value in read(path, options or ReadOptions()) if isinstance(value, Extraction | Unread)]
    assert len({value.member for value in values}) == len(values)
    return {value.member: value for value in values}


def refusal(values: dict[str, Read], member: str) -> LoadError:
    value = values[member]
    assert isinstance(value, Unread)
    return value.error


def test_members_of_every_format_are_read_by_their_paths(tmp_path: Path) -> None:
    values = read_archive(tmp_path, every_format()["archive.zip"])
    read_ones = [member for member, value in values.items() if isinstance(value, Extraction)]
    assert {member.split("/")[0] for member in read_ones} == set(every_format()) - {"archive.zip"}
    assert {"rows.csv/row 1", "rows.jsonl/a2"} <= set(values)


def test_an_archive_in_an_archive_is_read_but_no_deeper(tmp_path: Path) -> None:
    innermost = zipped({"deep.txt": PROSE})
    values = read_archive(tmp_path, zipped({"in/b.zip": zipped({"note.txt": PROSE, "c.zip": innermost})}))
    assert isinstance(values["in/b.zip/note.txt"], Extraction)
    assert "archive in an archive" in str(refusal(values, "in/b.zip/c.zip"))


@pytest.mark.parametrize(
    "name", ["../out.txt", "/etc/out.txt", "a/../../out.txt", "..\\out.txt", "C:\\out.txt", "C:/o.txt"]
)
def test_names_that_lead_out_are_refused_and_nothing_is_written(tmp_path: Path, name: str) -> None:
    values = read_archive(tmp_path, zipped({name: PROSE, "note.txt": PROSE}))
    assert "leads out" in str(refusal(values, name))
    assert isinstance(values["note.txt"], Extraction)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip"]


def test_links_and_unknown_endings_are_refused_and_the_rest_goes_on(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        link = zipfile.ZipInfo("link.txt")
        link.create_system = 3
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("program.exe", "MZ")
        archive.writestr("note.txt", PROSE)
        archive.writestr("folder/", "")
        archive.writestr("__MACOSX/._note.txt", "residue")
        archive.writestr(".hidden.txt", "residue")
    values = read_archive(tmp_path, buffer.getvalue())
    assert sorted(values) == ["link.txt", "note.txt", "program.exe"]
    assert "is a link" in str(refusal(values, "link.txt"))
    assert refusal(values, "program.exe").skipped


def test_encrypted_members_are_refused(tmp_path: Path) -> None:
    data = bytearray(zipped({"note.txt": PROSE}, zipfile.ZIP_STORED))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    assert "password" in str(refusal(read_archive(tmp_path, bytes(data)), "note.txt"))


def test_bombs_are_refused_by_ratio_and_by_what_all_members_hold(tmp_path: Path) -> None:
    values = read_archive(tmp_path, zipped({"bomb.txt": b"a" * 30_000_000, "note.txt": PROSE}))
    assert "times its size" in str(refusal(values, "bomb.txt"))
    assert isinstance(values["note.txt"], Extraction)
    many = zipped({f"{n}.txt": PROSE for n in range(10)}, zipfile.ZIP_STORED)
    values = read_archive(tmp_path, many, ReadOptions(max_expanded=5 * len(PROSE)))
    assert [isinstance(value, Extraction) for value in values.values()] == [True] * 5 + [False] * 5


def test_a_member_with_two_contents_is_read_once(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("note.txt", PROSE)
        archive.writestr("nose.txt", "Other words.")
    path = tmp_path / "a.zip"
    path.write_bytes(buffer.getvalue().replace(b"nose.txt", b"note.txt"))
    values = [value for value in read(path, ReadOptions()) if isinstance(value, Extraction | Unread)]
    assert [type(value) for value in values] == [Extraction, Unread]


def test_a_damaged_member_does_not_stop_the_others(tmp_path: Path) -> None:
    members: dict[str, bytes | str] = {"a.txt": PROSE, "b.docx": b"no document", "c.txt": PROSE}
    data = bytearray(zipped(members, zipfile.ZIP_STORED))
    data[data.index(PROSE.encode()) + 5] ^= 0xFF  # the checksum no longer fits
    values = read_archive(tmp_path, bytes(data))
    assert "cannot be read as zip" in str(refusal(values, "a.txt"))
    assert "cannot be read as docx" in str(refusal(values, "b.docx"))
    assert isinstance(values["c.txt"], Extraction)


def test_a_member_whose_compression_is_damaged_does_not_stop_the_others(tmp_path: Path) -> None:
    data = bytearray(zipped({"a.txt": PROSE, "b.txt": PROSE}))
    start = data.index(b"a.txt") + 5
    data[start : start + 20] = b"\xff" * 20
    values = read_archive(tmp_path, bytes(data))
    assert "cannot be read as zip" in str(refusal(values, "a.txt"))
    assert isinstance(values["b.txt"], Extraction)


def test_reading_goes_on_from_a_given_member(tmp_path: Path) -> None:
    archive = zipped({"a.txt": PROSE, "b.csv": csv_rows(), "c.txt": PROSE})
    assert sorted(read_archive(tmp_path, archive, ReadOptions(first=2))) == ["c.txt"]


def test_no_temporary_files_are_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    read_archive(tmp_path, every_format()["archive.zip"])
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.parametrize("data", [b"PK", b"not an archive", zipped({})])
def test_what_is_no_archive_or_empty_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(LoadError):
        read_archive(tmp_path, data)
