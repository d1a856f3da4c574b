"""Signing in at a provider (OpenID Connect): authorization code with PKCE, state and nonce. Alone imports Authlib."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from httpx2 import HTTPError
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from app.access.roles import Role, lesser, role_named
from app.access.store import Store, digest, new_secret
from app.settings import Settings
from indexing.errors import OnrecordError, UsageError

ALGORITHMS = ["RS256", "PS256", "ES256", "Ed25519", "EdDSA"]  # signatures of a key that only the provider has
PATIENCE = 10.0  # seconds for each answer of the provider
FLOW_LASTS = 600.0  # seconds to sign in there
LEEWAY = 60  # seconds by which clocks may differ


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom the provider vouches for: never the same subject for two people; the name is theirs to change."""

    subject: str
    name: str
    role: Role | None
    goal: str


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider, from the settings. Its addresses come from its own description, over https, and nowhere else."""

    store: Store
    settings: Settings

    def begin(self, back: str, goal: str) -> tuple[str, str]:
        """Where to send the browser, and what its cookie must hold when it comes `back`. Raises OnrecordError."""
        about = self._described()
        state, browser, nonce, verifier = (new_secret() for _ in range(4))
        with self._client(back) as client:
            url, _ = client.create_authorization_url(
                about["authorization_endpoint"], state=state, nonce=nonce, code_verifier=verifier
            )
        now = self.store.now()
        self.store.write("DELETE FROM flows WHERE created < ?", now - FLOW_LASTS)
        values = (digest(state), digest(browser), nonce, verifier, goal, now)
        self.store.write("INSERT INTO flows VALUES (?, ?, ?, ?, ?, ?)", *values)
        return str(url), browser

    def end(self, back: str, state: str, code: str, browser: str, issuer: str) -> Identity:
        """Who came back. Each state works once, and only in the browser that began. Raises OnrecordError."""
        with self.store.writing() as line:
            found = line.execute(
                "DELETE FROM flows WHERE state = ? RETURNING browser, nonce, verifier, goal, created", (digest(state),)
            ).fetchone()
        if found is None or found[0] != digest(browser) or self.store.now() - found[4] > FLOW_LASTS:
            raise OnrecordError("this sign-in was begun elsewhere or too long ago; begin again")
        if issuer and issuer != self.settings.oidc_issuer:
            raise OnrecordError("the answer comes from another provider; begin again")
        if not code:
            raise OnrecordError("the provider did not let you in")
        _, nonce, verifier, goal, _ = found
        return self._identity(self._claims(back, code, nonce, verifier), goal)

    def _claims(self, back: str, code: str, nonce: str, verifier: str) -> dict[str, Any]:
        """What the ID token says, once its signature, issuer, audience, times, nonce and access token are checked."""
        about = self._described()
        try:
            with self._client(back) as client:
                given = client.fetch_token(about["token_endpoint"], code=code, code_verifier=verifier)
                keys = KeySet.import_key_set(client.request("GET", about["jwks_uri"], withhold_token=True).json())
            token = jwt.decode(given["id_token"], keys, algorithms=ALGORITHMS)
            claims = CodeIDToken(
                token.claims,
                token.header,
                {
                    "iss": {"essential": True, "value": self.settings.oidc_issuer},
                    "aud": {"essential": True, "value": self.settings.oidc_client_id},
                    "sub": {"essential": True},
                    "exp": {"essential": True},
                    "nonce": {"essential": True, "value": nonce},
                },
                {
                    "nonce": nonce,
                    "client_id": self.settings.oidc_client_id,
                    "access_token": given.get("access_token"),
                },
            )
            claims.validate(now=int(self.store.now()), leeway=LEEWAY)
        except (AuthlibBaseError, JoseError, HTTPError, ValueError, KeyError, TypeError) as error:
            raise OnrecordError(f"what the provider says of you cannot be trusted ({type(error).__name__})") from error
        return dict(claims)

    def _identity(self, claims: dict[str, Any], goal: str) -> Identity:
        groups = claims.get(self.settings.oidc_groups_claim) or []
        known = {str(one) for one in groups} if isinstance(groups, list) else {str(groups)}
        role = role_of_groups(known, self.settings.oidc_roles)
        name = str(claims.get(self.settings.oidc_name_claim) or claims["sub"])
        return Identity(f"{self.settings.oidc_issuer} {claims['sub']}", name, role, goal)

    def _described(self) -> dict[str, Any]:
        """The provider's own description. Raises OnrecordError where it cannot be had or is another's."""
        issuer = self.settings.oidc_issuer
        try:
            with self._client("") as client:
                url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
                about: dict[str, Any] = client.request("GET", url, withhold_token=True).raise_for_status().json()
            if about["issuer"] != issuer:
                raise ValueError(about["issuer"])
            for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                _check_address(about[name])
        except (HTTPError, ValueError, KeyError, TypeError, UsageError) as error:
            raise OnrecordError("the provider cannot be reached now, or is not set up as expected") from error
        return about

    def _client(self, back: str) -> Any:
        return OAuth2Client(
            self.settings.oidc_client_id,
            self.settings.oidc_client_secret.get_secret_value() or None,
            token_endpoint_auth_method="client_secret_basic" if self.settings.oidc_client_secret else "none",
            scope=self.settings.oidc_scopes,
            redirect_uri=back,
            code_challenge_method="S256",
            timeout=PATIENCE,
            follow_redirects=False,
            trust_env=False,
        )


def provider_of(store: Store, settings: Settings) -> Provider:
    """Raises UsageError for settings that no provider could be used with."""
    _check_address(settings.oidc_issuer)
    if not settings.oidc_client_id or not settings.oidc_roles:
        raise UsageError("oidc_issuer needs oidc_client_id, and oidc_roles as editors=editor,*=reader")
    role_of_groups(set(), settings.oidc_roles)
    return Provider(store, settings)


def role_of_groups(groups: set[str], rules: tuple[str, ...]) -> Role | None:
    """The greatest role that one of the groups gives; `*` stands for everybody. Raises UsageError for no rule."""
    given: Role | None = None
    for rule in rules:
        group, equals, word = rule.partition("=")
        if not equals:
            raise UsageError(f"oidc_roles takes GROUP=ROLE, not {rule!r}")
        role = role_named(word)
        if group == "*" or group in groups:
            given = role if given is None or lesser(given, role) == given else given
    return given


def _check_address(url: str) -> None:
    """Raises UsageError for an address to which secrets must not go: https, or this machine for tests."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        here = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        here = False
    if not host or not (parts.scheme == "https" or (here and parts.scheme == "http")):
        raise UsageError(f"a provider's address begins with https://, not {url!r}")
