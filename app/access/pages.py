"""The pages of signing in and of accounts: plain HTML without script. Everything from outside is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from urllib.parse import quote

from app.access.accounts import Account
from app.access.roles import ROLES
from app.access.sessions import Session
from app.access.tokens import Token
from app.web.hypertext import attribute, escape, page
from app.web.links import link


def login(form: str, goal: str, name: str = "", error: str = "", provider: str = "", passwords: bool = True) -> str:
    """`provider`: how the button to it is called, empty where there is none."""
    parts = ["<h1>Onrecord</h1><p class=motto>Answers on the record, from your documents</p>", _error(error)]
    if provider:
        parts.append(
            f'<p><a class="button" href="{attribute(link("/login/provider"))}?next={attribute(_query(goal))}">'
            f"Sign in with {escape(provider)}</a></p>"
        )
    if passwords:
        focus = ("", " autofocus") if name else (" autofocus", "")
        parts.append(
            _form(
                "/login",
                form,
                f'<input type="hidden" name="next" value="{attribute(goal)}">'
                f'<label for="name">Name</label><input id="name" name="name" value="{attribute(name)}" '
                f'autocomplete="username" autocapitalize="none" spellcheck="false" required maxlength="200"{focus[0]}>'
                '<label for="password">Password</label><input id="password" name="password" type="password" '
                f'autocomplete="current-password" required maxlength="1000"{focus[1]}>'
                "<button>Sign in</button>",
            )
        )
    return page("Sign in", f'<div class="access login">{"".join(parts)}</div>')


def not_allowed(words: str) -> str:
    """What somebody sees who goes where the role does not reach."""
    back = f'<p><a href="{attribute(link("/"))}">Back to the documents</a></p>'
    told = f"<h1>Not for your role</h1><p>{escape(words[:1].upper() + words[1:])}. Ask who runs this server.</p>"
    return page("Not for your role", f'<div class="access">{back}{told}</div>')


def account(session: Session, tokens: Sequence[Token], has_password: bool, said: str = "", error: str = "") -> str:
    """One's own account. `said` may be a new token, which is shown this once."""
    form = session.form
    parts = [
        f'<p><a href="{attribute(link("/"))}">Back to the documents</a></p><h1>{escape(session.name)}</h1>',
        f"<p>You are signed in as {escape(session.role)}.</p>",
        _error(error),
        _said(said),
        _form("/logout", form, "<button>Sign out</button>"),
        "<h2>Tokens for programs</h2>",
        _table(
            ("For", "May", "Last used", "Ends", ""),
            (
                (
                    escape(one.label),
                    escape(one.reach),
                    _day(one.used, "never"),
                    _day(one.expires, "when revoked"),
                    _form("/account/revoke", form, _hidden("token", one.id) + "<button>Revoke</button>", plain=True),
                )
                for one in tokens
            ),
        ),
        _form(
            "/account/token",
            form,
            '<label for="label">A new token, for</label><input id="label" name="label" required maxlength="80">'
            + _roles(ROLES[: ROLES.index(session.role) + 1], "reader", metrics=session.role == "admin")
            + "<button>Make a token</button>",
        ),
    ]
    if has_password:
        parts += [
            "<h2>Password</h2><p>A new password ends all your sessions, this one too.</p>",
            _form(
                "/account/password",
                form,
                f'<input name="name" value="{attribute(session.name)}" autocomplete="username" hidden>'
                '<label for="old">The password now</label><input id="old" name="old" type="password" '
                'autocomplete="current-password" required maxlength="1000">'
                '<label for="new">A new password, 10 characters or more</label><input id="new" name="new" '
                'type="password" autocomplete="new-password" required minlength="10" maxlength="1000">'
                "<button>Change it</button>",
            ),
        ]
    parts += ["<h2>Elsewhere</h2>", _form("/account/signout", form, "<button>Sign out everywhere</button>")]
    if session.role == "admin":
        parts.append(f'<p><a href="{attribute(link("/users"))}">Users of this server</a></p>')
    return page("Account", f'<div class="access">{"".join(parts)}</div>')


def users(session: Session, accounts: Sequence[Account], said: str = "", error: str = "") -> str:
    """What an admin sees and changes."""
    form = session.form

    def row(one: Account) -> tuple[str, ...]:
        who = _hidden("name", one.name)
        role = _form(
            "/users/role",
            form,
            who + _roles(ROLES, one.role, label=f"Role of {one.name}") + "<button>Change</button>",
            plain=True,
        )
        remove = _form("/users/remove", form, who + "<button class=stop>Remove</button>", plain=True)
        how = "provider" if one.subject else "password"
        return escape(one.name), how, _day(one.created), role, "" if one.name == session.name else remove

    return page(
        "Users",
        f'<div class="access wide"><p><a href="{attribute(link("/account"))}">Your account</a></p><h1>Users</h1>'
        + _error(error)
        + _said(said)
        + _table(("Name", "Signs in by", "Since", "Role", ""), map(row, accounts))
        + "<h2>Let somebody in</h2>"
        + _form(
            "/users/add",
            form,
            '<label for="name">Name</label><input id="name" name="name" autocomplete="off" required maxlength="64">'
            + _roles(ROLES, "reader")
            + '<label for="password">A first password, 10 characters or more</label><input id="password" '
            'name="password" type="password" autocomplete="new-password" required minlength="10" maxlength="1000">'
            "<button>Add</button>",
        )
        + "</div>",
    )


def _form(action: str, token: str, inside: str, plain: bool = False) -> str:
    kind = ' class="inline"' if plain else ""
    return (
        f'<form method="post" action="{attribute(link(action))}"{kind}>'
        f'<input type="hidden" name="form" value="{attribute(token)}">{inside}</form>'
    )


def _hidden(name: str, value: str) -> str:
    return f'<input type="hidden" name="{name}" value="{attribute(value)}">'


def _roles(roles: Sequence[str], chosen: str, metrics: bool = False, label: str = "May act as") -> str:
    names = [*(["metrics"] if metrics else []), *roles]
    options = "".join(f"<option{' selected' if one == chosen else ''}>{escape(one)}</option>" for one in names)
    return f'<label>{escape(label)} <select name="role">{options}</select></label>'


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """`rows` are HTML already."""
    lines = ["".join(f"<td>{cell}</td>" for cell in row) for row in rows]
    if not lines:
        return "<p>None yet.</p>"
    heads = "".join(f"<th scope=col>{escape(one)}</th>" for one in head)
    body = "</tr><tr>".join(lines)
    return f'<div class="scroll"><table><thead><tr>{heads}</tr></thead><tbody><tr>{body}</tr></tbody></table></div>'


def _error(text: str) -> str:
    return f'<p class="error" role="alert">{escape(text)}</p>' if text else ""


def _said(text: str) -> str:
    return f'<p class="said" role="status">{escape(text)}</p>' if text else ""


def _day(seconds: float | None, otherwise: str = "") -> str:
    return escape(datetime.fromtimestamp(seconds, UTC).date().isoformat() if seconds else otherwise)


def _query(text: str) -> str:
    return quote(text, safe="")
