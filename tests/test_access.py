"""Accounts, sessions, tokens, attempts and the audit log: what holds of each, and what the file keeps."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import argon2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.access.accounts import Accounts, key_of
from app.access.attempts import FREE, LONGEST_WAIT, Attempts, network
from app.access.audit import Audit
from app.access.passwords import Passwords
from app.access.roles import ROLES, Role, allows, lesser
from app.access.sessions import AT_ONCE, Sessions
from app.access.store import FILE, Store
from app.access.tokens import DAY, PREFIX, Tokens
from app.conversations.store import Conversations
from indexing.errors import HomeError, OnrecordError, UsageError

QUICK = Passwords(rounds=1, kibibytes=8, lanes=1)
SECRET = "correct horse battery"
HOME = "203.0.113.7"


class Clock:
    """A time that tests move."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(name="clock")
def clock_fixture() -> Clock:
    return Clock()


@pytest.fixture(name="store")
def store_fixture(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    with Store(tmp_path / "home", clock) as store:
        yield store


@pytest.fixture(name="accounts")
def accounts_fixture(store: Store) -> Accounts:
    accounts = Accounts(store, QUICK)
    accounts.add("ada", "editor", SECRET)
    return accounts


def on_disk(store: Store) -> bytes:
    return b"".join(path.read_bytes() for path in store.path.parent.glob(f"{FILE}*"))


# Accounts and passwords


def test_only_its_password_opens_an_account_and_its_name_is_the_same_in_any_case(accounts: Accounts) -> None:
    for name in ("ada", "ADA", "\uff41da"):
        found = accounts.check(name, SECRET)
        assert found is not None and (found.name, found.role) == ("ada", "editor")
    for name, password in (("ada", SECRET + "!"), ("ada", ""), ("bob", SECRET), ("", ""), ("a" * 5000, SECRET)):
        assert accounts.check(name, password) is None


def test_a_name_that_nobody_has_takes_the_same_work(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[bool] = []
    verify = argon2.PasswordHasher.verify

    def counted(hasher: argon2.PasswordHasher, kept: str, password: str) -> bool:
        compared.append(True)
        return verify(hasher, kept, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", counted)
    accounts.check("bob", SECRET)
    accounts.check("ada", "wrong password")
    accounts.add("sso", "reader", None, subject="https://login.example 7")
    accounts.check("sso", "the password of nobody")
    assert len(compared) == 3
    assert accounts.check("sso", "the password of nobody") is None


def test_passwords_are_kept_as_argon2id_and_hashed_anew_when_the_parameters_change(store: Store) -> None:
    Accounts(store, QUICK).add("ada", "reader", SECRET)
    (kept,) = store.row("SELECT password FROM accounts") or ("",)
    assert kept.startswith("$argon2id$")
    stronger = Passwords(rounds=2, kibibytes=16, lanes=1)
    assert Accounts(store, stronger).check("ada", SECRET)
    assert store.row("SELECT password FROM accounts") != (kept,)
    assert Accounts(store, stronger).check("ada", SECRET)


def test_the_shipped_parameters_are_rfc_9106s_second_choice() -> None:
    assert Passwords().hashed(SECRET).startswith("$argon2id$v=19$m=65536,t=3,p=4$")


@pytest.mark.parametrize("password", ["", "short", "a" * 20, "abababababab", "x" * 1001])
def test_a_password_that_nobody_should_have_is_refused(accounts: Accounts, password: str) -> None:
    with pytest.raises(UsageError, match="password"):
        accounts.add("bob", "reader", password)
    with pytest.raises(UsageError, match="password"):
        accounts.set_password("ada", password)
    assert accounts.check("ada", SECRET)


@pytest.mark.parametrize("name", ["", "local", "LOCAL", "a b", "../x", "<b>", "a\n", "\u202eada", "a" * 65, "-\x00"])
def test_a_name_that_cannot_be_is_refused(accounts: Accounts, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be a name"):
        accounts.add(name, "reader", SECRET)


def test_a_name_is_given_once(accounts: Accounts) -> None:
    for name in ("ada", "Ada", "\uff21da"):
        with pytest.raises(OnrecordError, match="already"):
            accounts.add(name, "admin", SECRET)
    assert [(one.name, one.role) for one in accounts.all()] == [("ada", "editor")]


@given(st.text(max_size=20))
def test_what_tells_names_apart_is_settled_after_one_step(name: str) -> None:
    assert key_of(key_of(name)) == key_of(name) == key_of(name.upper().lower() if name.isascii() else name)


def test_the_file_is_its_users_alone_and_holds_no_secret(store: Store, accounts: Accounts) -> None:
    session = Sessions(store, 60, 60).start("ada")
    _, token = Tokens(store).add("ada", "press", "reader")
    if os.name == "posix":
        for path in store.path.parent.glob(f"{FILE}*"):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
    kept = on_disk(store)
    for secret in (SECRET, session, token, token.removeprefix(PREFIX)):
        assert secret.encode() not in kept


def test_a_file_that_is_none_and_one_of_a_newer_version_are_named(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database at all, but long enough to be looked at" * 30)
    with pytest.raises(HomeError, match="cannot be opened"):
        Store(tmp_path)
    (tmp_path / "new").mkdir()
    line = sqlite3.connect(tmp_path / "new" / FILE)
    line.execute("PRAGMA user_version=99")
    line.close()
    with pytest.raises(HomeError, match="newer Onrecord"):
        Store(tmp_path / "new")


# Roles


@given(st.sampled_from(ROLES), st.sampled_from(ROLES), st.sampled_from(ROLES))
def test_roles_stand_in_a_row(one: Role, other: Role, needed: Role) -> None:
    assert allows(one, other) or allows(other, one)
    assert allows(lesser(one, other), needed) == (allows(one, needed) and allows(other, needed))


# Sessions


def test_a_session_is_found_by_its_secret_until_it_is_ended(store: Store, accounts: Accounts) -> None:
    sessions = Sessions(store, 60, 600)
    one, other = sessions.start("ada"), sessions.start("ada")
    assert one != other and len(one) >= 43
    found = sessions.find(one)
    assert found is not None and (found.name, found.role) == ("ada", "editor")
    assert sessions.find(one[:-1]) is sessions.find("") is sessions.find(found.form) is None
    sessions.end(one)
    assert sessions.find(one) is None and sessions.find(other)


def test_a_session_ends_when_it_lies_idle_and_when_it_is_old(store: Store, accounts: Accounts, clock: Clock) -> None:
    sessions = Sessions(store, idle=1000, age=5000)
    idle, used = sessions.start("ada"), sessions.start("ada")
    for _ in range(4):
        clock.now += 900
        assert sessions.find(used)
    assert sessions.find(idle) is None
    clock.now += 900
    assert sessions.find(used)
    clock.now += 600
    assert sessions.find(used) is None
    clock.now -= 5000
    assert sessions.find(used) is None  # it has ended, whatever the clock says later


def test_a_new_password_a_removal_and_signing_out_everywhere_end_all_sessions(store: Store, accounts: Accounts) -> None:
    accounts.add("bob", "reader", SECRET)
    sessions = Sessions(store, 60, 600)
    ends: list[Callable[[], object]] = [
        lambda: accounts.set_password("ada", "another good password"),
        lambda: sessions.end_all("Ada"),
        lambda: accounts.remove("ada"),
    ]
    stays = sessions.start("bob")
    for end in ends:
        begun = [sessions.start("ada") for _ in range(3)]
        end()
        assert not any(map(sessions.find, begun))
        assert sessions.find(stays)


def test_a_role_that_changes_holds_at_once_also_from_another_process(store: Store, accounts: Accounts) -> None:
    secret = Sessions(store, 60, 600).start("ada")
    _, token = Tokens(store).add("ada", "press", "editor")
    with Store(store.path.parent) as beside:
        Accounts(beside, QUICK).set_role("ada", "reader")
    session, program = Sessions(store, 60, 600).find(secret), Tokens(store).find(token)
    assert session is not None and session.role == "reader"
    assert program is not None and program.reach == "reader"


def test_one_account_has_a_bounded_number_of_sessions(store: Store, accounts: Accounts, clock: Clock) -> None:
    sessions = Sessions(store, 10_000, 10_000)
    begun = []
    for _ in range(AT_ONCE + 3):
        clock.now += 1
        begun.append(sessions.start("ada"))
    assert [sessions.find(one) is not None for one in begun] == [False] * 3 + [True] * AT_ONCE


# Tokens


@given(st.sampled_from(ROLES), st.sampled_from(ROLES))
def test_a_token_may_do_no_more_than_its_role_nor_than_its_account(
    tmp_path_factory: pytest.TempPathFactory, role: Role, reach: Role
) -> None:
    with Store(tmp_path_factory.mktemp("home")) as store:
        Accounts(store, QUICK).add("ada", role, SECRET)
        _, secret = Tokens(store).add("ada", "press", reach)
        found = Tokens(store).find(secret)
        assert found is not None and found.reach == lesser(role, reach)


def test_a_token_says_when_it_was_used_ends_in_time_and_can_be_revoked(
    store: Store, accounts: Accounts, clock: Clock
) -> None:
    tokens = Tokens(store)
    token, secret = tokens.add("ada", "press", "reader", days=10)
    assert secret.startswith(PREFIX) and len(secret) >= 47
    assert [one.used for one in tokens.all()] == [None]
    clock.now += DAY
    assert tokens.find(secret) and tokens.find(secret[:-1]) is None
    assert [one.used for one in tokens.all("ADA")] == [clock.now]
    with pytest.raises(OnrecordError, match="no token"):
        tokens.revoke(token, "bob")
    clock.now += 9 * DAY
    assert tokens.find(secret) is None
    token, secret = tokens.add("ada", "press", "metrics")
    found = tokens.find(secret)
    assert found is not None and found.reach == "metrics"
    tokens.revoke(token, "ada")
    assert tokens.find(secret) is None
    for label, days in (("", None), ("x" * 99, None), ("press", 0.0), ("press", 1e9)):
        with pytest.raises(UsageError):
            tokens.add("ada", label, "reader", days)


# Attempts


def test_guesses_slow_down_for_the_account_and_a_right_password_forgets_them(store: Store, clock: Clock) -> None:
    attempts = Attempts(store)
    for _ in range(FREE["account"]):
        assert attempts.begin("ada", HOME) == 0
    waits = []
    for place in range(12):
        wait = attempts.begin("ADA", f"198.51.100.{place}")
        waits.append(wait)
        assert attempts.begin("ada", "192.0.2.9") > 0  # from anywhere
        assert attempts.begin("bob", HOME) == 0  # another account
        attempts.succeeded("bob", HOME)
        clock.now += wait
        assert attempts.begin("ada", HOME) == 0
    assert waits == sorted(waits) and waits[0] > 1 and waits[-1] == LONGEST_WAIT
    attempts.succeeded("ada", HOME)
    assert attempts.begin("ada", "192.0.2.9") == 0


def test_guesses_slow_down_for_the_address_whatever_names_it_tries(store: Store, clock: Clock) -> None:
    attempts = Attempts(store)
    for place in range(FREE["address"]):
        assert attempts.begin(f"name{place}", f"2001:db8:1:2::{place}") == 0
    assert attempts.begin("another", "2001:db8:1:2:ffff::1") > 0
    assert attempts.begin("another", "2001:db8:1:3::1") == 0
    for _ in range(FREE["programs"]):
        assert attempts.begin(None, "2001:db8:1:2::5") == 0
    assert attempts.begin(None, "2001:db8:1:2::5") > 0
    clock.now += 100_000
    assert attempts.begin("another", "2001:db8:1:2::1") == 0


def test_what_failed_is_not_written_down(store: Store) -> None:
    Attempts(store).begin("my secret password typed as a name", HOME)
    assert b"my secret password" not in on_disk(store) and HOME.encode() not in on_disk(store)


@given(st.ip_addresses())
def test_an_address_belongs_to_one_network(address: object) -> None:
    assert network(network(str(address)).partition("/")[0]) == network(str(address))


# The audit log


def test_the_log_tells_who_did_what_from_where_and_no_control_character_gets_in(store: Store, clock: Clock) -> None:
    audit = Audit(store, days=10)
    audit.note("ada", HOME, "sign in")
    clock.now += 5
    audit.note("", "", "sign in", "x\r\n2026 done root \u202e" + "y" * 500, "failed")
    first, second = audit.records()
    assert (first.account, first.address, first.action, first.outcome) == ("ada", HOME, "sign in", "done")
    assert second.account == second.address == "-" and second.at == first.at + 5
    assert not {"\r", "\n", "\u202e"} & set(second.target) and len(second.target) == 200
    assert audit.records(account="ada") == [first] and audit.records(since=clock.now) == [second]
    assert audit.records(last=1) == [second]
    clock.now += 11 * DAY
    audit.note("ada", HOME, "sign out")
    assert [one.action for one in audit.records()] == ["sign out"]


def test_who_gets_the_name_of_somebody_gone_finds_nothing_of_theirs(tmp_path: Path) -> None:
    with Store(tmp_path) as store, closing(Conversations(tmp_path)) as kept:
        accounts = Accounts(store, QUICK)
        accounts.add("ada", "reader", SECRET)
        kept.begin("ada", "Who opposed Aldermoor?")
        kept.begin("ben", "And who favoured it?")
        accounts.remove("ADA")
        accounts.add("ada", "reader", SECRET)
        assert (kept.count("ada"), kept.count("ben")) == (0, 1)
