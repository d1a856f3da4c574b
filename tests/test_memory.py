"""Giving memory back is a request that every system may ignore and none may fail."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from indexing import memory


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    memory._glibc.cache_clear()
    yield
    memory._glibc.cache_clear()


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_memory_is_given_back_where_the_system_can_and_nothing_happens_elsewhere(
    monkeypatch: pytest.MonkeyPatch, platform: str
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    memory.give_back()
    assert platform == "linux" or memory._glibc("malloc_trim") is None


def test_a_c_library_that_cannot_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: object())
    memory.give_back()
    memory.share_freed()
    assert memory._glibc("malloc_trim") is None


ARENAS = """
import ctypes, sys, threading
from pathlib import Path
from indexing.memory import share_freed
if sys.argv[1] == "shared":
    share_freed()
ready, done = threading.Barrier(13), threading.Event()
def work():
    kept = [ctypes.create_string_buffer(50_000) for _ in range(40)]
    ready.wait()
    done.wait()
threads = [threading.Thread(target=work) for _ in range(12)]
for thread in threads:
    thread.start()
ready.wait()
starts = [int(line.split("-")[0], 16) for line in Path("/proc/self/maps").read_text().splitlines() if "rw-p 0" in line]
print(sum(start % (64 << 20) == 0 for start in starts))
done.set()
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's pools are seen in /proc")
def test_the_threads_of_a_server_share_what_was_freed() -> None:
    def arenas(how: str) -> int:
        given = {key: value for key, value in os.environ.items() if key != "MALLOC_ARENA_MAX"}
        run = subprocess.run([sys.executable, "-c", ARENAS, how], capture_output=True, text=True, env=given, check=True)
        return int(run.stdout)

    assert arenas("shared") < memory.ARENAS < arenas("each"), "the first pool is the heap"
