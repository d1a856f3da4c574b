"""Giving memory back is a request that every system may ignore and none may fail."""

from __future__ import annotations

import ctypes
import sys

import pytest

from indexing import memory


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_memory_is_given_back_where_the_system_can_and_nothing_happens_elsewhere(
    monkeypatch: pytest.MonkeyPatch, platform: str
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    memory._trim.cache_clear()
    memory.give_back()
    assert platform == "linux" or memory._trim() is None


def test_a_c_library_that_cannot_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: object())
    memory._trim.cache_clear()
    memory.give_back()
    assert memory._trim() is None
    memory._trim.cache_clear()
