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


def check_address(settings: Settings) -> None:
    """Raises OnrecordError when the page cannot be served there; call it before anything heavy is imported."""
    listening_socket(settings).close()


def listening_socket(settings: Settings) -> socket.socket:
    """A socket bound to `settings.host` and `settings.port`, not yet accepting.

    Raises OnrecordError for a host other machines could reach (nothing is bound then) and for a port in use.
    """
    if not is_loopback(settings.host):
        raise OnrecordError(
            f"there is no login yet, so the page is served to this machine alone: "
            f"--host {settings.host} would let others in; use --host 127.0.0.1"
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


def _complaint(settings: Settings, error: OSError) -> str:
    if error.errno in (errno.EADDRINUSE, getattr(errno, "WSAEADDRINUSE", -1)):
        return f"port {settings.port} is already in use, perhaps by another Onrecord; choose another with --port"
    if error.errno == errno.EACCES:
        return f"port {settings.port} is not open to this user; choose one above 1023 with --port"
    return (
        f"cannot serve on {settings.host}, port {settings.port}: {error.strerror}; choose another with --host or --port"
    )
