"""The flags of `onrecord serve`, `onrecord users` and `onrecord audit`; importing this imports nothing heavy."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

ROLES = ("reader", "editor", "admin")
REACHES = ("metrics", *ROLES)


def add_access_commands(
    command: Callable[..., argparse.ArgumentParser], common: argparse.ArgumentParser, model: argparse.ArgumentParser
) -> None:
    """`command` adds one by name, description and parents."""
    _server(command("serve", "serve the page to others, who sign in (see: onrecord users)", common, model))
    _users(command("users", "say who may sign in to a server (onrecord serve), and as what", common), common)
    _audit(command("audit", "print who did what on the server, when and from where", common))


def _server(parser: argparse.ArgumentParser) -> None:
    def flag(name: str, about: str, **more: Any) -> None:
        parser.add_argument(name, default=argparse.SUPPRESS, help=about, **more)

    flag("--host", "address to serve on (default: 127.0.0.1; 0.0.0.0 is every one of this machine)")
    flag("--port", "port to serve on (default: 7860)", type=int)
    flag("--hosts", "names that people call the server by; others are refused", metavar="NAME,...")
    flag("--root-path", "prefix that a reverse proxy serves it below, as /onrecord", metavar="PREFIX")
    flag("--log-format", "of the log (default: text)", choices=["text", "json"])
    levels = ["debug", "info", "warning", "error"]
    flag("--log-level", "info: a line for every request and answer, without content (default: warning)", choices=levels)
    flag("--trusted-proxies", "addresses or networks whose X-Forwarded-... are believed", metavar="ADDRESS,...")


def _users(parser: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    """A password never is an argument, which others on the machine could read: it is asked for, or read from stdin."""
    actions = parser.add_subparsers(required=True, metavar="ACTION", dest="action")

    def action(name: str, about: str, named: bool = True) -> argparse.ArgumentParser:
        made = actions.add_parser(name, parents=[common], help=about, description=about, epilog=parser.epilog)
        if named:
            made.add_argument("name", metavar="NAME")
        return made

    add = action("add", "let somebody in; the password is asked for, or is the first line of standard input")
    add.add_argument("--role", choices=ROLES, default="reader", help="what they may do (default: reader)")
    action("list", "list the users", named=False).add_argument("--json", action="store_true", help="as a line of JSON")
    action("remove", "remove somebody, with their sessions and tokens")
    action("role", "change what somebody may do, at once").add_argument("role", choices=ROLES)
    action("password", "set a new password, which ends all sessions of that user")
    action("signout", "end all sessions of a user")
    token = action("token", "make a token for a program, and print it once")
    token.add_argument("--label", required=True, metavar="WORDS", help="what it is for")
    token.add_argument("--role", choices=REACHES, default="reader", help="the most it may do (default: reader)")
    token.add_argument("--days", type=float, default=None, metavar="N", help="when it ends (default: when revoked)")
    tokens = action("tokens", "list the tokens and when they were last used", named=False)
    tokens.add_argument("--json", action="store_true", help="as a line of JSON")
    action("revoke", "end a token", named=False).add_argument("token", metavar="ID")


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 on")
    return int(text)


def _audit(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--user", default="", metavar="NAME", help="only what this user did")
    parser.add_argument("--since", default="", metavar="DAY", help="from this day on, as 2026-11-24 (UTC)")
    parser.add_argument(
        "--last", type=_positive, default=1000, metavar="N", help="the newest N records (default: 1000)"
    )
    parser.add_argument("--json", action="store_true", help="a line of JSON for each record")
