"""`onrecord users` and `onrecord audit`: they work on the home's file, with a server running beside them or not."""

from __future__ import annotations

import getpass
import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.access.accounts import Account, Accounts
from app.access.audit import Audit, Record
from app.access.passwords import LONGEST
from app.access.roles import role_named
from app.access.sessions import Sessions
from app.access.store import Store
from app.access.tokens import Reach, Token, Tokens
from app.commands.terminal import plain
from indexing.errors import UsageError

HERE = "terminal"  # where from, in the audit log


def users(home: Path, action: str, **options: Any) -> None:
    """Does one action of `onrecord users`. Raises OnrecordError."""
    with Store(home) as store:
        match action:
            case "list":
                _list_users(Accounts(store).all(), options["json"])
            case "tokens":
                _list_tokens(Tokens(store).all(), options["json"])
            case _:
                print(_changed(store, action, **options))


def audit(home: Path, user: str, since: str, last: int, json: bool) -> None:
    """Prints the log, oldest first. Raises UsageError for a day that is none."""
    try:
        start = datetime.fromisoformat(since).replace(tzinfo=UTC).timestamp() if since else 0.0
    except ValueError:
        raise UsageError(f"--since takes a day as 2026-11-24, not {since!r}") from None
    with Store(home) as store:
        record = None
        for record in Audit(store).records(start, user, last):
            print(_as_json(record) if json else _as_line(record))
    if record is None:
        print("Nothing of that is in the log.", file=sys.stderr)


def _changed(store: Store, action: str, **options: Any) -> str:
    """Does it, notes it in the audit log, and says what was done."""
    accounts, tokens = Accounts(store), Tokens(store)
    name: str = options.get("name", "")
    said, target = "", name
    match action:
        case "add":
            role = role_named(options["role"])
            accounts.add(name, role, _password(f"Password for {name}: "))
            said, target = f"{name} may sign in as {role}.", f"{name} {role}"
        case "remove":
            accounts.remove(name)
            said = f"{name} is removed."
        case "role":
            accounts.set_role(name, role_named(options["role"]))
            said, target = f"{name} now is {options['role']}.", f"{name} {options['role']}"
        case "password":
            accounts.known(name)
            accounts.set_password(name, _password(f"New password for {name}: "))
            said = f"{name} has a new password; all sessions ended."
        case "signout":
            accounts.known(name)
            ended = Sessions(store, 0, 0).end_all(name)
            said = f"{ended} session{'' if ended == 1 else 's'} of {name} ended."
        case "token":
            reach: Reach = options["role"]
            accounts.known(name)
            token, said = tokens.add(name, options["label"], reach, options["days"])
            target = f"{name} {token} {reach}"
            print("Keep this token now; it is not shown again:", file=sys.stderr)
        case "revoke":
            tokens.revoke(options["token"])
            said, target = f"Token {options['token']} is ended.", options["token"]
    Audit(store).note("", HERE, f"users {action}", target)
    return said


def _password(prompt: str) -> str:
    """Asked for twice at a terminal; else the first line of standard input."""
    if not sys.stdin.isatty():
        line = sys.stdin.readline(LONGEST + 2)
        if not line.rstrip("\r\n"):
            raise UsageError("no password came over standard input; give it as the first line")
        return line.rstrip("\r\n")
    first = getpass.getpass(prompt)
    if getpass.getpass("Once more: ") != first:
        raise UsageError("the two passwords differ; run the command again")
    return first


def _list_users(accounts: list[Account], as_json: bool) -> None:
    if as_json:
        print(json.dumps([asdict(one) for one in accounts], ensure_ascii=False))
        return
    for one in accounts:
        print(f"{one.name:<24} {one.role:<7} {'provider' if one.subject else 'password'}  since {_day(one.created)}")
    if not accounts:
        print("Nobody may sign in yet: onrecord users add NAME --role admin", file=sys.stderr)


def _list_tokens(tokens: list[Token], as_json: bool) -> None:
    if as_json:
        print(json.dumps([asdict(one) for one in tokens], ensure_ascii=False))
        return
    for one in tokens:
        used = f"last used {_day(one.used)}" if one.used else "never used"
        ends = f", ends {_day(one.expires)}" if one.expires else ""
        print(f"{one.id}  {one.name:<24} {one.reach:<7} {used}{ends}  {plain(one.label)}")


def _as_json(record: Record) -> str:
    return json.dumps({**asdict(record), "at": _moment(record.at)}, ensure_ascii=False)


def _as_line(one: Record) -> str:
    return plain(f"{_moment(one.at)} {one.outcome:<7} {one.account} {one.address} {one.action} {one.target}")


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _day(seconds: float) -> str:
    return _moment(seconds)[:10]
