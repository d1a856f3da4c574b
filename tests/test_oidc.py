"""Signing in at a provider: the whole walk against a real one on loopback, and everything that may be wrong in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OctKey

from app.access.access import access_of
from app.access.oidc import role_of_groups
from app.access.roles import ROLES, allows
from app.settings import Settings
from indexing.errors import UsageError
from tests.access_server import Server, server
from tests.oidc_provider import CLIENT, SECRET, Provider, provider

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

BACK = "/login/provider/back"


@pytest.fixture(name="there", scope="module")
def there_fixture() -> Iterator[Provider]:
    with provider() as made:
        yield made


@pytest.fixture(name="made", scope="module")
def made_fixture(there: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    roles = ("editors=editor", "staff=reader", "chiefs=admin")
    about = {"oidc_issuer": there.url, "oidc_client_id": CLIENT, "oidc_client_secret": SECRET, "oidc_roles": roles}
    with server(tmp_path_factory.mktemp("home"), **about) as one:
        there.now = lambda: one.clock.now
        yield one


@pytest.fixture(name="own")
def own_fixture(made: Server, there: Provider) -> Server:
    there.claims, there.described, there.key, there.algorithm = {}, {}, there.known, "ES256"
    return made.fresh()


def walked(own: Server, there: Provider, goal: str = "", **who: Any) -> Any:
    """A browser that went there and came back; its last answer, with the browser."""
    client = own.client()
    sent = client.get(f"/login/provider?next={goal}")
    assert sent.status_code == 303 and sent.headers["location"].startswith(f"{there.url}/authorize?")
    del client.headers["origin"]  # a browser that is led here by another site
    navigating = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    answer = client.get(BACK, params=there.authorize(sent.headers["location"], **who), headers=navigating)
    return answer, client


def test_somebody_of_a_group_gets_its_role_and_goes_where_they_wanted(own: Server, there: Provider) -> None:
    assert there.url.removeprefix("http://").partition(":")[0] in own.client().get("/login").text
    answer, client = walked(own, there, goal="/api/documents")
    assert answer.status_code == 303 and answer.headers["location"] == "/api/documents"
    assert client.get("/api/documents").status_code == 200
    account = own.access.accounts.known("Greta")
    assert (account.role, account.has_password, account.subject) == ("editor", False, f"{there.url} 7")
    assert own.actions()[-1] == ("Greta", "sign in", "done")


def test_groups_that_change_change_the_role_and_none_ends_the_account(own: Server, there: Provider) -> None:
    _, client = walked(own, there)
    walked(own, there, name="Greta Renamed", groups=["staff", "other"])
    assert own.access.accounts.known("Greta").role == "reader"  # the subject tells who it is, not the name
    _, token = own.access.tokens.add("Greta", "x", "reader")
    answer, _ = walked(own, there, groups=[])
    assert answer.status_code == 403 and own.access.accounts.find("Greta") is None
    assert client.get("/api/documents").status_code == 401 and own.access.tokens.find(token) is None


def test_a_name_that_another_account_has_is_not_taken_over(own: Server, there: Provider) -> None:
    for name in ("admin", "ADMIN", "local"):
        answer, client = walked(own, there, name=name)
        assert answer.status_code == 403 and client.get("/api/documents").status_code == 401
    walked(own, there, name="Greta", subject="7")
    answer, _ = walked(own, there, name="Greta", subject="8", groups=["chiefs"])
    assert answer.status_code == 403 and own.access.accounts.known("Greta").role == "editor"


def _other_key(there: Provider) -> None:
    there.key = ECKey.generate_key("P-256", {"kid": "one"})


def _shared_key(there: Provider) -> None:
    there.key, there.algorithm = OctKey.import_key(SECRET * 2), "HS256"


LIES: dict[str, Callable[[Provider], object]] = {
    "another issuer": lambda there: there.claims.update(iss="https://evil.example"),
    "another audience": lambda there: there.claims.update(aud="another"),
    "another party": lambda there: there.claims.update(aud=[CLIENT, "another"], azp="another"),
    "too late": lambda there: there.claims.update(exp=int(there.now()) - 61),
    "not yet": lambda there: there.claims.update(nbf=int(there.now()) + 3600),
    "no end": lambda there: there.claims.update(exp=None),
    "another nonce": lambda there: there.claims.update(nonce="another"),
    "no nonce": lambda there: there.claims.update(nonce=None),
    "nobody": lambda there: there.claims.update(sub=None),
    "another access token": lambda there: there.claims.update(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
    "another key": _other_key,
    "a key that is no secret": _shared_key,
}


@pytest.mark.parametrize("lie", LIES)
def test_a_token_that_is_not_right_in_every_part_lets_nobody_in(own: Server, there: Provider, lie: str) -> None:
    LIES[lie](there)
    answer, client = walked(own, there)
    assert answer.status_code == 403 and "cannot be trusted" in answer.text
    assert client.get("/api/documents").status_code == 401 and own.access.accounts.find("Greta") is None


@pytest.mark.parametrize(
    "described",
    [{"issuer": "https://evil.example"}, {"token_endpoint": "http://192.0.2.1/token"}, {"jwks_uri": "file:///etc/x"}],
)
def test_a_description_that_leads_elsewhere_is_not_followed(
    own: Server, there: Provider, described: dict[str, str]
) -> None:
    there.described = described
    assert own.client().get("/login/provider").status_code == 502


def test_a_state_works_once_in_the_browser_that_began_and_not_for_long(own: Server, there: Provider) -> None:
    client = own.client()
    begun = client.get("/login/provider").headers["location"]
    came = there.authorize(begun)
    assert own.client().get(BACK, params=came).status_code == 403  # login forced upon another browser
    assert client.get(BACK, params=came).status_code == 403  # and spent by the attempt
    late = own.client()
    came = there.authorize(late.get("/login/provider").headers["location"])
    own.clock.now += 601
    assert late.get(BACK, params=came).status_code == 403
    for params in ({}, {"state": "x", "code": "y"}, {**came, "iss": "https://evil.example"}):
        assert late.get(BACK, params=params).status_code == 403


def test_a_code_of_another_walk_is_worth_nothing(own: Server, there: Provider) -> None:
    """A stolen code comes with another verifier."""
    victim = there.authorize(own.client().get("/login/provider").headers["location"], name="Victim", subject="1")
    thief = own.client()
    came = there.authorize(thief.get("/login/provider").headers["location"], name="Thief", subject="2")
    assert thief.get(BACK, params={**came, "code": victim["code"]}).status_code == 403
    assert own.access.accounts.find("Victim") is None


def test_what_the_provider_refuses_is_said_and_no_secret_is_in_the_address(own: Server, there: Provider) -> None:
    client = own.client()
    sent = client.get("/login/provider").headers["location"]
    assert SECRET not in sent and "code_verifier" not in sent
    came = there.authorize(sent)
    answer = client.get(BACK, params={"state": came["state"], "error": "access_denied"})
    assert answer.status_code == 403 and "did not let you in" in answer.text
    assert urlsplit(sent).hostname == "127.0.0.1"


@given(st.sets(st.sampled_from(["a", "b", "c"])), st.lists(st.tuples(st.sampled_from("abc*"), st.sampled_from(ROLES))))
def test_the_greatest_role_of_ones_groups_holds(groups: set[str], rules: list[tuple[str, Any]]) -> None:
    found = role_of_groups(groups, tuple(f"{group}={role}" for group, role in rules))
    mine = [role for group, role in rules if group in groups or group == "*"]
    assert (found is None) == (not mine)
    assert found is None or (found in mine and all(allows(found, one) for one in mine))


@pytest.mark.parametrize(
    "about",
    [
        {"oidc_issuer": "http://login.example"},
        {"oidc_client_id": ""},
        {"oidc_roles": ()},
        {"oidc_roles": ("editors",)},
        {"oidc_roles": ("editors=king",)},
    ],
)
def test_settings_that_no_provider_could_be_used_with_are_said_at_the_start(
    own: Server, tmp_path: Path, about: dict[str, Any]
) -> None:
    right = {"oidc_issuer": "https://login.example", "oidc_client_id": CLIENT, "oidc_roles": ("*=reader",)}
    access_of(own.store, Settings(home=tmp_path, **right))
    with pytest.raises(UsageError):
        access_of(own.store, Settings(home=tmp_path, **{**right, **about}))
