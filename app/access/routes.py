"""Signing in and out, one's own account, and the users, as routes of the server."""

from __future__ import annotations

import hmac
import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, FastAPI, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.access import cookies, pages
from app.access.access import Access
from app.access.accounts import Accounts
from app.access.gate import SESSION, address_of
from app.access.roles import allows, role_named
from app.access.sessions import Session
from app.access.store import new_secret
from app.access.tokens import Reach
from app.counts import counted
from app.web.links import link
from indexing.errors import OnrecordError, UsageError

if TYPE_CHECKING:
    from app.access.oidc import Identity

# These pages need no script, load nothing but our style, and may send their forms only here. The referrer is kept
# within the site since browsers give forms of pages without one the origin `null`.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
HOUR, FLOW = 3600.0, 600.0  # seconds
WRONG = "Name or password is wrong."

Text = Annotated[str, Form(max_length=2000)]


def add_access(app: FastAPI, access: Access) -> None:
    """Give `app` the pages of signing in, accounts and users."""
    app.include_router(_login(access))
    app.include_router(_at_provider(access))
    app.include_router(_account(access))
    app.include_router(_users(access))


def _login(access: Access) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    form = partial(login_form, access)

    @router.get("/login")
    def login(request: Request, next: str = "") -> Response:
        if access.sessions.find(cookies.read(request, "session")):
            return RedirectResponse(link(local(next)), 303)
        return form(request, next)

    @router.post("/login")
    def sign_in(
        request: Request,
        name: Text = "",
        password: Text = "",
        next: Text = "",
        form_token: Annotated[Text, Form(alias="form")] = "",
    ) -> Response:
        """Counts the try before it is looked at, and does the same work and says the same for names nobody has."""
        address = address_of(request)
        if not same(cookies.read(request, "form"), form_token):
            return form(request, next, name, "This form was open for too long. Please try again.", 403)
        if wait := access.attempts.begin(name, address):
            answer = form(request, next, name, f"Too many tries. Wait {waiting(wait)}, then try again.", 429)
            answer.headers["Retry-After"] = str(math.ceil(wait))
            return answer
        if (account := access.accounts.check(name, password)) is None:
            known = access.accounts.find(name)
            access.audit.note(known.name if known else "", address, "sign in", "", "failed")
            return form(request, next, name, WRONG, 401)
        access.attempts.succeeded(name, address)
        return signed_in(access, request, account.name, next)

    @router.post("/logout")
    def sign_out(request: Request, form: Text = "") -> Response:
        session = _own(request, form)
        access.sessions.end(cookies.read(request, "session"))
        access.audit.note(session.name, address_of(request), "sign out")
        answer = RedirectResponse(link("/login"), 303)
        cookies.drop(request, answer, "session")
        answer.headers["Clear-Site-Data"] = '"cache", "storage"'
        return answer

    return router


def signed_in(access: Access, request: Request, name: str, goal: str) -> Response:
    """Begins a session with a new id, whatever the browser brought, and ends the one that it had."""
    access.sessions.end(cookies.read(request, "session"))
    answer = RedirectResponse(link(local(goal)), 303)
    cookies.put(request, answer, "session", access.sessions.start(name), access.age)
    cookies.drop(request, answer, "form")
    access.audit.note(name, address_of(request), "sign in")
    return answer


def _at_provider(access: Access) -> APIRouter:
    router, form = APIRouter(include_in_schema=False), partial(login_form, access)

    @router.get("/login/provider")
    def to_provider(request: Request, next: str = "") -> Response:
        if access.provider is None:
            return form(request, next, error="There is no provider to sign in at.", status=404)
        try:
            url, browser = access.provider.begin(_back(request), local(next))
        except OnrecordError as error:
            return form(request, next, error=_sentence(error), status=502)
        answer = RedirectResponse(url, 303)
        cookies.put(request, answer, "flow", browser, FLOW)
        return answer

    @router.get("/login/provider/back")
    def from_provider(request: Request, state: str = "", code: str = "", iss: str = "") -> Response:
        address = address_of(request)
        if access.provider is None:
            return form(request, "", error="There is no provider to sign in at.", status=404)
        try:
            who = access.provider.end(_back(request), state, code, cookies.read(request, "flow"), iss)
            name = admitted(access.accounts, who)
        except OnrecordError as error:
            access.audit.note("", address, "sign in at provider", "", "failed")
            return form(request, "", error=_sentence(error), status=403)
        answer = signed_in(access, request, name, who.goal)
        cookies.drop(request, answer, "flow")
        return answer

    return router


def login_form(
    access: Access, request: Request, goal: str, name: str = "", error: str = "", status: int = 200
) -> Response:
    """The page to sign in at, with what went wrong; its form fits a cookie that the browser then has."""
    token = cookies.read(request, "form") or new_secret()
    passwords = any(one.has_password for one in access.accounts.all())
    answer = _html(pages.login(token, local(goal), name, error, access.provider_name, passwords), status)
    cookies.put(request, answer, "form", token, HOUR)
    return answer


def admitted(accounts: Accounts, who: Identity) -> str:
    """The name of the account of somebody whom the provider vouches for, made or brought in step with their groups.

    Somebody without a role loses the account that they had. A name that another account has is not taken over.
    Raises OnrecordError.
    """
    known = accounts.of_subject(who.subject)
    if who.role is None:
        if known is not None:
            accounts.remove(known.name)
        raise OnrecordError("none of your groups is let in here; ask an admin")
    if known is None:
        return accounts.add(who.name, who.role, None, who.subject).name
    accounts.set_role(known.name, who.role)
    return known.name


def _account(access: Access) -> APIRouter:
    router = APIRouter(prefix="/account", include_in_schema=False)

    def shown(session: Session, said: str = "", error: str = "") -> Response:
        known = access.accounts.known(session.name)
        tokens = access.tokens.all(session.name)
        return _html(pages.account(session, tokens, known.has_password, said, error), 422 if error else 200)

    @router.get("")
    def account(request: Request) -> Response:
        return shown(request.scope[SESSION])

    @router.post("/password")
    def password(request: Request, form: Text = "", old: Text = "", new: Text = "") -> Response:
        session, address = _own(request, form), address_of(request)
        if wait := access.attempts.begin(session.name, address):
            return shown(session, error=f"Too many tries. Wait {waiting(wait)}, then try again.")
        if access.accounts.check(session.name, old) is None:
            access.audit.note(session.name, address, "change password", "", "failed")
            return shown(session, error="That is not the password of this account.")
        access.attempts.succeeded(session.name, address)
        try:
            access.accounts.set_password(session.name, new)
        except UsageError as error:
            return shown(session, error=_sentence(error))
        access.audit.note(session.name, address, "change password")
        return _gone(request)

    @router.post("/token")
    def token(request: Request, form: Text = "", label: Text = "", role: Text = "") -> Response:
        session = _own(request, form)
        try:
            made, secret = access.tokens.add(session.name, label, _reach(role, session))
        except OnrecordError as error:
            return shown(session, error=_sentence(error))
        access.audit.note(session.name, address_of(request), "make token", f"{made} {role}")
        return shown(session, said=f"Keep this token now; it is not shown again: {secret}")

    @router.post("/revoke")
    def revoke(request: Request, form: Text = "", token: Text = "") -> Response:
        session = _own(request, form)
        try:
            access.tokens.revoke(token, session.name)
        except OnrecordError as error:
            return shown(session, error=_sentence(error))
        access.audit.note(session.name, address_of(request), "revoke token", token)
        return shown(session, said="That token is ended.")

    @router.post("/signout")
    def sign_out_everywhere(request: Request, form: Text = "") -> Response:
        session = _own(request, form)
        access.sessions.end_all(session.name)
        access.audit.note(session.name, address_of(request), "sign out everywhere")
        return _gone(request)

    return router


def _users(access: Access) -> APIRouter:
    router = APIRouter(prefix="/users", include_in_schema=False)

    def shown(session: Session, said: str = "", error: str = "") -> Response:
        return _html(pages.users(session, access.accounts.all(), said, error), 422 if error else 200)

    def changed(request: Request, form: str, action: str, target: str, change: Callable[[], object]) -> Response:
        session = _own(request, form)
        try:
            change()
        except OnrecordError as error:
            return shown(session, error=_sentence(error))
        access.audit.note(session.name, address_of(request), f"users {action}", target)
        return shown(session, said="Done.")

    @router.get("")
    def users(request: Request) -> Response:
        return shown(request.scope[SESSION])

    @router.post("/add")
    def add(request: Request, form: Text = "", name: Text = "", role: Text = "", password: Text = "") -> Response:
        return changed(
            request, form, "add", f"{name} {role}", lambda: access.accounts.add(name, role_named(role), password)
        )

    @router.post("/role")
    def role(request: Request, form: Text = "", name: Text = "", role: Text = "") -> Response:
        return changed(
            request, form, "role", f"{name} {role}", lambda: access.accounts.set_role(name, role_named(role))
        )

    @router.post("/remove")
    def remove(request: Request, form: Text = "", name: Text = "") -> Response:
        return changed(request, form, "remove", name, lambda: access.accounts.remove(name))

    return router


def local(goal: str) -> str:
    """Where to go after signing in: a path of ours, whatever the link said."""
    path = "/" + goal.lstrip("/\\") if goal.startswith("/") and not goal.startswith(("//", "/\\")) else "/"
    parts = urlsplit(path)
    plain = path.isascii() and path.isprintable() and "\\" not in path
    return path if plain and not parts.scheme and not parts.netloc and len(path) < 2000 else "/"


def same(kept: str, given: str) -> bool:
    return bool(kept) and hmac.compare_digest(kept.encode(), given.encode())


def waiting(seconds: float) -> str:
    return counted(math.ceil(seconds / 60), "minute") if seconds > 90 else counted(math.ceil(seconds), "second")


def _own(request: Request, form: str) -> Session:
    """The session, where the form was made for it. Raises OnrecordError."""
    session: Session = request.scope[SESSION]
    if not same(session.form, form):
        raise UsageError("this form belongs to another session; open the page again")
    return session


def _reach(text: str, session: Session) -> Reach:
    if text == "metrics" and session.role == "admin":
        return "metrics"
    role = role_named(text)
    if not allows(session.role, role):
        raise UsageError(f"your role does not allow tokens of the role {role}")
    return role


def _back(request: Request) -> str:
    return f"{request.base_url}login/provider/back"


def _gone(request: Request) -> Response:
    answer = RedirectResponse(link("/login"), 303)
    cookies.drop(request, answer, "session")
    return answer


def _html(content: str, status: int = 200) -> Response:
    return HTMLResponse(content, status, HEADERS)


def _sentence(error: Exception) -> str:
    text = str(error)
    return text[:1].upper() + text[1:] + "."
