"""`onrecord users` and `onrecord audit`: passwords come from standard input or a prompt, never from the arguments."""

from __future__ import annotations

import getpass
import io
import json
import sys
from pathlib import Path

import pytest

from app.access import accounts as accounts_module
from app.access.accounts import Accounts
from app.access.passwords import Passwords
from app.access.sessions import Sessions
from app.access.store import Store
from app.access.tokens import Tokens
from app.cli import DONE, ERROR, USAGE, main

QUICK = Passwords(rounds=1, kibibytes=8, lanes=1)
SECRET = "correct horse battery"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts_module, "Passwords", lambda: QUICK)


@pytest.fixture(name="home")
def home_fixture(tmp_path: Path) -> Path:
    return tmp_path / "home"


def run(home: Path, *arguments: str, typed: str = "", monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    command, *rest = arguments
    return main([command, "--home", str(home), *rest])


def test_a_users_life(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def done(*arguments: str, typed: str = "") -> str:
        assert run(home, *arguments, typed=typed, monkeypatch=monkeypatch) == DONE
        return capsys.readouterr().out

    assert done("users", "list") == ""
    assert done("users", "add", "ada", "--role", "editor", typed=f"{SECRET}\n") == "ada may sign in as editor.\n"
    with Store(home) as store:
        assert Accounts(store, QUICK).check("ada", SECRET)
        secret = Sessions(store, 60, 60).start("ada")
    done("users", "role", "ada", "admin")
    done("users", "password", "ada", typed="another good password")
    with Store(home) as store:
        assert Sessions(store, 60, 60).find(secret) is None
        assert Accounts(store, QUICK).check("ada", "another good password")
        Sessions(store, 60, 60).start("ada")
    assert done("users", "signout", "ada") == "1 session of ada ended.\n"
    (listed,) = json.loads(done("users", "list", "--json"))
    assert (listed["name"], listed["role"], listed["has_password"]) == ("ada", "admin", True)
    token = done("users", "token", "ada", "--label", "press", "--role", "reader", "--days", "3").strip()
    with Store(home) as store:
        found = Tokens(store).find(token)
        assert found is not None and found.reach == "reader"
    assert "press" in done("users", "tokens") and token not in done("users", "tokens", "--json")
    done("users", "revoke", found.id)
    assert json.loads(done("users", "tokens", "--json")) == []
    done("users", "remove", "ada")
    log = done("audit")
    for said in (
        "add ada editor",
        "role ada admin",
        f"token ada {found.id} reader",
        f"revoke {found.id}",
        "remove ada",
    ):
        assert f"terminal users {said}" in log
    assert not any(secret in log for secret in (SECRET, "another good password", token))
    lines = [json.loads(line) for line in done("audit", "--json", "--last", "2").splitlines()]
    assert [line["action"] for line in lines] == ["users revoke", "users remove"]
    assert done("audit", "--since", "2999-01-01") == ""


@pytest.mark.parametrize(
    ("arguments", "typed", "code", "said"),
    [
        (("users", "add", "ada"), "", USAGE, "standard input"),
        (("users", "add", "ada"), "short\n", USAGE, "10 to 1,000 characters"),
        (("users", "add", "a b"), f"{SECRET}\n", USAGE, "cannot be a name"),
        (("users", "password", "nobody"), f"{SECRET}\n", ERROR, "no user 'nobody'"),
        (("users", "role", "nobody", "admin"), "", ERROR, "no user 'nobody'"),
        (("users", "token", "nobody", "--label", "x"), "", ERROR, "no user 'nobody'"),
        (("users", "revoke", "beef"), "", ERROR, "no token 'beef'"),
        (("audit", "--since", "yesterday"), "", USAGE, "--since takes a day"),
    ],
)
def test_what_cannot_be_done_is_said(
    *,
    home: Path,
    arguments: tuple[str, ...],
    typed: str,
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(home, *arguments, typed=typed, monkeypatch=monkeypatch) == code
    assert said in capsys.readouterr().err


def test_at_a_terminal_the_password_is_asked_for_twice_without_echo(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    answers = [SECRET, SECRET, SECRET, SECRET + "?"]
    monkeypatch.setattr(getpass, "getpass", lambda _prompt: answers.pop(0))
    monkeypatch.setattr(sys, "stdin", Terminal())
    assert main(["users", "--home", str(home), "add", "ada"]) == DONE
    assert main(["users", "--home", str(home), "add", "bob"]) == USAGE
    assert "differ" in capsys.readouterr().err


def test_a_password_cannot_be_an_argument(home: Path) -> None:
    for arguments in (["add", "ada", "--password", SECRET], ["add", "ada", SECRET], ["password", "ada", SECRET]):
        with pytest.raises(SystemExit):
            main(["users", "--home", str(home), *arguments])
