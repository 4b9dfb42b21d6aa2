"""Who may do what from where: principal, loopback, host and origin checks, security headers."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated, Final, TypeAlias
from urllib.parse import urlsplit

from fastapi import Depends
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import problem_response
from domain.errors import ConfigurationError

LOOPBACK_HOSTS: Final = frozenset({"127.0.0.1", "localhost", "::1"})

# MapLibre draws into a canvas and starts its worker from a blob; it styles through the object model, which
# the policy leaves alone, so no inline style is needed.
CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
SECURITY_HEADERS: Final = (
    ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), microphone=(), geolocation=()"),
)
LARGEST_BODY_BYTES: Final = 64 * 1024
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


Refusal: TypeAlias = tuple[int, str, str]
"""Status, kind and detail of a request that is not let in."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who acts."""

    name: str


def local_operator() -> Principal:
    """Return whoever sits at this machine; safe only while the service listens on loopback alone.

    Every mutation depends on this one function; roles and log-in will replace it.
    """
    return Principal("local operator")


Actor = Annotated[Principal, Depends(local_operator)]


def require_loopback(host: str) -> None:
    """Refuse to listen where others could act as the local operator.

    Raises
    ------
    ConfigurationError
        If ``host`` is not a loopback address or ``localhost``.

    >>> require_loopback("127.0.0.1")
    """
    if host == "localhost":
        return
    try:
        loopback = ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise ConfigurationError(
            [f"address {host!r}: the service has no roles yet and listens on loopback only, such as 127.0.0.1"]
        )


class SecurityGate:
    """ASGI layer: refuses unknown hosts and cross-site mutations, adds security headers to every answer.

    The host check stops a foreign page from reaching the loopback service under its own name (DNS
    rebinding); the origin check stops it from posting to it. A request without ``Origin`` and
    ``Sec-Fetch-Site`` does not come from a browser and passes.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str] = LOOPBACK_HOSTS) -> None:
        self._app = app
        self._hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check a request, then hand it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS:
                    headers.setdefault(name, value)
            await send(message)

        refusal = self._refusal(scope["method"], Headers(scope=scope))
        if refusal is None:
            await self._app(scope, receive, send_with_headers)
            return
        status, kind, detail = refusal
        response = problem_response(status, kind, detail, scope["path"])
        await response(scope, receive, send_with_headers)

    def _refusal(self, method: str, headers: Headers) -> Refusal | None:
        host = headers.get("host", "")
        if _hostname(host) not in self._hosts:
            return 403, "unknown-host", f"This service does not answer under the name {host!r}."
        if method in _SAFE_METHODS:
            return None
        return _cross_site(headers, host) or _oversized(headers)


def _cross_site(headers: Headers, host: str) -> Refusal | None:
    origin = headers.get("origin")
    if origin is not None and origin not in {f"http://{host}", f"https://{host}"}:
        return 403, "cross-site", f"A page of {origin} may not change anything here."
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return 403, "cross-site", "A page of another site may not change anything here."
    return None


def _oversized(headers: Headers) -> Refusal | None:
    """Refuse large bodies by their announced length, which the server enforces, and those without one."""
    if "transfer-encoding" in headers:
        return 411, "length-required", "A body must announce its length."
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > LARGEST_BODY_BYTES:
        return 413, "content-too-large", f"A body may have at most {LARGEST_BODY_BYTES} bytes."
    return None


def _hostname(host: str) -> str:
    """Return the name in a Host header without port and brackets.

    >>> _hostname("[::1]:8000"), _hostname("localhost:8000")
    ('::1', 'localhost')
    """
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
