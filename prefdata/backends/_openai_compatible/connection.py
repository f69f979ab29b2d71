"""Connections to a server: one exchange over HTTP, in which whatever breaks is a fault."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from importlib import metadata
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from prefdata.backends._openai_compatible.waiting import retry_after_seconds
from prefdata.protocols import ChatFault

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Connection", "NotSent", "Response", "proxy_of"]

_CONNECT_SECONDS = 15.0
_KEEP_SECONDS = 15.0
"""How long an idle connection is kept; servers that run on uvicorn drop it after five, most after
more than a minute. A request that meets a dropped one is sent again by who called."""


@dataclass(frozen=True, slots=True)
class Response:
    """What came back: parsed JSON, or the text where it is none."""

    status: int
    payload: Any
    is_json: bool
    retry_after_seconds: float | None


class NotSent(ChatFault):
    """A fault before anything was sent: it has cost nothing."""

    __slots__ = ()


@dataclass(slots=True)
class Connection:
    """A pool of connections to one address.

    It belongs to the event loop in which it is first used. Redirections are not followed: a
    request that moved would lose its body or take the key to another server.

    Attributes:
        url: Where requests are posted to.
        key: Sent as bearer; None where the server wants none.
        size: Connections at most.
        timeout_seconds: For one exchange, from connecting to the last byte.
    """

    url: str = field(repr=False)
    key: str | None = field(repr=False)
    size: int
    timeout_seconds: float
    _session: Any = field(default=None, init=False, repr=False)

    async def post(self, body: Mapping[str, Any]) -> Response | ChatFault:
        """Send a body once and return what came back, or why nothing did."""
        import aiohttp

        sent = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        try:
            async with self._open().post(self.url, data=sent, allow_redirects=False) as response:
                raw = await response.read()
                status, headers = response.status, response.headers
        except aiohttp.ConnectionTimeoutError:
            return NotSent("connection", f"No connection within {self._connect_seconds:g} s.")
        except TimeoutError:
            return ChatFault("timeout", f"No answer within {self.timeout_seconds:g} s.")
        except (aiohttp.ClientError, OSError) as error:
            return _broken(error)
        after = retry_after_seconds(headers) if status != 200 else None  # noqa: PLR2004
        try:
            return Response(status, json.loads(raw), is_json=True, retry_after_seconds=after)
        except (ValueError, RecursionError):
            text = raw.decode(errors="replace")
            return Response(status, text, is_json=False, retry_after_seconds=after)

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    @property
    def _connect_seconds(self) -> float:
        return min(_CONNECT_SECONDS, self.timeout_seconds)

    def _open(self) -> Any:
        """Return the session, which can only be made where an event loop runs."""
        import aiohttp

        if self._session is None:
            headers = {
                "Content-Type": "application/json",
                "Accept": "application/json",
                "User-Agent": f"prefdata/{metadata.version('prefdata')}",
            }
            if self.key is not None:
                headers["Authorization"] = f"Bearer {self.key}"
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self.size, keepalive_timeout=_KEEP_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers=headers,
                proxy=proxy_of(self.url),
                timeout=aiohttp.ClientTimeout(
                    total=self.timeout_seconds, sock_connect=self._connect_seconds
                ),
            )
        return self._session


def proxy_of(url: str) -> str | None:
    """Return the proxy that the environment names for an address; this machine needs none."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if _is_here(host) or proxy_bypass(host):
        return None
    return getproxies().get(parts.scheme)


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _broken(error: Exception) -> ChatFault:
    """Return the fault of an exchange that broke.

    The words of the error are not repeated: they may hold the address of a proxy with its
    password.
    """
    import aiohttp

    name = type(error).__name__
    if isinstance(error, aiohttp.ClientSSLError):
        return ChatFault("access", f"The server cannot be trusted ({name}).")
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return ChatFault("access", f"The proxy answered {error.status}.")
    if isinstance(error, aiohttp.InvalidURL):
        return ChatFault("access", "The address is not one that can be reached.")
    if isinstance(error, aiohttp.ClientResponseError):
        return ChatFault("malformed", f"The response is not HTTP ({name}).")
    cause = getattr(error, "os_error", error)
    said = getattr(cause, "strerror", None) or name
    kind = NotSent if isinstance(error, aiohttp.ClientConnectorError) else ChatFault
    return kind("connection", f"The connection failed: {said}.")
