"""The address the page is served on, checked and bound without loading a framework."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket

from app.settings import Settings
from indexing.errors import OnrecordError

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")


def address(settings: Settings) -> str:
    """What a person types into a browser: `http://127.0.0.1:7860`."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}"


def check_address(settings: Settings, login: bool = False) -> None:
    """Raises OnrecordError when the page cannot be served there; call it before anything heavy is imported."""
    listening_socket(settings, login).close()


def listening_socket(settings: Settings, login: bool = False) -> socket.socket:
    """A socket bound to `settings.host` and `settings.port`, not yet accepting.

    Raises OnrecordError for a host other machines could reach, unless there is a `login` and it is known by which
    names they may call it (nothing is bound then), and for a port in use.
    """
    if not is_loopback(settings.host):
        if not login:
            raise OnrecordError(
                f"`onrecord chat` has no login, so it serves this machine alone: --host {settings.host} would let "
                "others in; for a server that others sign in to: onrecord users add NAME --role admin, then "
                f"onrecord serve --host {settings.host}"
            )
        if not settings.hosts and _is_everywhere(settings.host):
            raise OnrecordError(
                f"--host {settings.host} lets other machines in; say by which names they may call this server, so that "
                "no others are answered: --hosts news.example,192.0.2.7"
            )
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # elsewhere this option would let two programs share one port
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((settings.host, settings.port))
        bound.listen(128)
    except OSError as error:
        bound.close()
        raise OnrecordError(_complaint(settings, error)) from error
    return bound


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach it. Names other than `localhost` are not looked up: they may change."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def host_names(settings: Settings, login: bool = False) -> list[str]:
    """The names of this server in requests; what calls it by another is not answered."""
    given = [*settings.hosts, *([] if _is_everywhere(settings.host) else [settings.host])] if login else []
    return [*LOOPBACK_NAMES, "[::1]", *(f"[{name}]" if ":" in name else name.lower() for name in given)]


def _is_everywhere(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return not host


def _complaint(settings: Settings, error: OSError) -> str:
    if error.errno in (errno.EADDRINUSE, getattr(errno, "WSAEADDRINUSE", -1)):
        return f"port {settings.port} is already in use, perhaps by another Onrecord; choose another with --port"
    if error.errno == errno.EACCES:
        return f"port {settings.port} is not open to this user; choose one above 1023 with --port"
    return (
        f"cannot serve on {settings.host}, port {settings.port}: {error.strerror}; choose another with --host or --port"
    )
