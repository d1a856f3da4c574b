"""Who asks is read from the scope alone, whatever wraps it."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import HTTPConnection, Request

from app.identity import LOCAL, USER, signed_in, user_of

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of the framework, while it is imported
    import gradio as gr


def wrapped(scope: dict[str, Any]) -> list[object]:
    return [scope, Request(scope), HTTPConnection(scope), gr.Request(request=Request(scope))]


@given(st.text(min_size=1))
def test_every_wrapping_gives_the_name_in_the_scope(name: str) -> None:
    for one in wrapped({"type": "http", "headers": [], USER: name}):
        assert user_of(one) == name and signed_in(one)


def test_without_a_login_it_is_whoever_sits_at_this_machine() -> None:
    headers = [(USER.encode(), b"eve"), (b"x-onrecord-user", b"eve"), (b"cookie", b"onrecord.user=eve")]
    for one in [None, *wrapped({"type": "http", "headers": headers})]:
        assert user_of(one) == LOCAL and not signed_in(one)
    assert user_of(gr.Request(username="eve", user="eve")) == LOCAL


@pytest.mark.parametrize("name", ["", None, 7, b"eve"])
def test_a_name_that_is_none_is_a_defect_and_nobody(name: object) -> None:
    with pytest.raises(TypeError, match="is no name"):
        user_of({USER: name})
