"""All that decides who may use a server, opened together from the settings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from app.access.accounts import Accounts
from app.access.attempts import Attempts
from app.access.audit import Audit
from app.access.forwarded import Network, networks
from app.access.limits import Pages, Rates
from app.access.sessions import Sessions
from app.access.store import Store
from app.access.tokens import Tokens
from app.settings import Settings
from indexing.errors import OnrecordError

if TYPE_CHECKING:
    from app.access.oidc import Provider

HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Access:
    """Of one server, while it runs."""

    accounts: Accounts
    sessions: Sessions
    tokens: Tokens
    attempts: Attempts
    audit: Audit
    pages: Pages
    requests: Rates
    asks: Rates
    proxies: tuple[Network, ...]
    root: str
    hosts: tuple[str, ...]
    provider: Provider | None
    provider_name: str
    age: float  # seconds a session lasts at most


def access_of(store: Store, settings: Settings, accounts: Accounts | None = None) -> Access:
    age = settings.session_hours * HOUR
    return Access(
        accounts=accounts or Accounts(store),
        sessions=Sessions(store, settings.session_idle_hours * HOUR, age),
        tokens=Tokens(store),
        attempts=Attempts(store),
        audit=Audit(store, settings.audit_days),
        pages=Pages(),
        requests=Rates(settings.requests_per_minute),
        asks=Rates(settings.asks_per_minute),
        proxies=networks(settings.trusted_proxies),
        root=settings.root_path,
        hosts=settings.hosts,
        provider=_provider(store, settings),
        provider_name=urlsplit(settings.oidc_issuer).hostname or "",
        age=age,
    )


def _provider(store: Store, settings: Settings) -> Provider | None:
    if not settings.oidc_issuer:
        return None
    from app.access.oidc import provider_of

    return provider_of(store, settings)


@contextmanager
def opened(settings: Settings) -> Iterator[Access]:
    """Raises OnrecordError where nobody could sign in."""
    with Store(settings.home) as store:
        access = access_of(store, settings)
        if not access.accounts.all() and access.provider is None:
            raise OnrecordError(
                "nobody may sign in yet; let the first person in with: onrecord users add NAME --role admin"
            )
        yield access
