"""The flags of `onrecord users` and `onrecord audit`; importing this imports nothing heavy."""

from __future__ import annotations

import argparse

ROLES = ("reader", "editor", "admin")
REACHES = ("metrics", *ROLES)


def add_user_commands(parser: argparse.ArgumentParser) -> None:
    """A password never is an argument, which others on the machine could read: it is asked for, or read from stdin."""
    actions = parser.add_subparsers(required=True, metavar="ACTION", dest="action")

    def action(name: str, about: str, named: bool = True) -> argparse.ArgumentParser:
        made = actions.add_parser(name, help=about, description=about)
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


def add_audit_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--user", default="", metavar="NAME", help="only what this user did")
    parser.add_argument("--since", default="", metavar="DAY", help="from this day on, as 2026-11-24 (UTC)")
    parser.add_argument("--last", type=int, default=1000, metavar="N", help="the newest N records (default: 1000)")
    parser.add_argument("--json", action="store_true", help="a line of JSON for each record")
