"""Identifies visitors: a browser carries a cookie, and what its visitor starts belongs to that visitor alone.

The cookie is a long random text that means nothing else, so there is nothing to sign; the studio keeps only its digest,
from which nobody can make the cookie again.
"""

import hashlib
import logging
import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from typing import NamedTuple

from itsdangerous import BadSignature, Signer
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engines.runtime.jobs import JOBS

log = logging.getLogger(__name__)

COOKIE = "studio_visitor"
SECONDS = 30 * 24 * 3600
"""How long a browser keeps the cookie: well beyond the day for which jobs are kept."""
KEY_FILE = "visitors.key"
"""In the folder of jobs: what is kept there belongs to the visitors whose cookies it signs."""


class Who(NamedTuple):
    """Who asks: `visitor` is the name of one whose cookie the server signed, else None; `address` is the network's."""

    visitor: str | None
    address: str


def visitor(cookies: Mapping[str, str], session: str) -> str:
    """Return the name of the visitor whose requests carry these cookies.

    If the browser takes no cookies, it is the name of the session, which ends with the page.
    """
    kept = cookies.get(COOKIE)
    return _digest(f"cookie {kept}" if kept and _is_signed(kept) else f"session {session}")


def who(connection: HTTPConnection) -> Who:
    """Who asks by this request or WebSocket."""
    kept = connection.cookies.get(COOKIE)
    address = connection.client.host if connection.client else ""
    return Who(_digest(f"cookie {kept}") if kept and _is_signed(kept) else None, address)


def asking(connection: HTTPConnection) -> str:
    """Name the visitor who asks; all who bring no cookie from one address are one visitor."""
    return visitor(connection.cookies, f"address {who(connection).address}")


def signed_cookie() -> str:
    """Sign a new visitor's cookie."""
    return _signer().sign(secrets.token_urlsafe(32)).decode()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _is_signed(cookie: str) -> bool:
    try:
        _signer().unsign(cookie)
    except BadSignature:
        return False
    return True


@cache
def _signer() -> Signer:
    return Signer(_key(), salt=COOKIE, digest_method=hashlib.sha256)


def _key() -> bytes:
    """Read the key that signs cookies: one for all servers that share the folder of jobs, across restarts."""
    path = JOBS.folder / KEY_FILE
    with suppress(FileNotFoundError):
        return path.read_bytes()
    key = secrets.token_bytes(32)
    unfinished = path.with_name(f".{KEY_FILE}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            unfinished.touch(mode=0o600)
            unfinished.write_bytes(key)
            os.link(unfinished, path)  # Whole, and only where no other server was first.
        except FileExistsError:
            return path.read_bytes()
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        log.warning("cookies are signed for this run only, for their key cannot be kept: %s", error.strerror)
    return key


class Cookies:
    """Gives every browser that has none its cookie, together with a page; it is installed around the faces' server."""

    def __init__(self, app: ASGIApp, may_have: Callable[[Who], bool] = lambda _: True) -> None:
        self._app = app
        self._may_have = may_have

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, and add the cookie to the answer if it is a page."""
        if scope["type"] != "http" or who(request := Request(scope)).visitor:
            await self._app(scope, receive, send)
            return

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html") and self._may_have(who(request)):
                    headers.append("set-cookie", _cookie(secure=scope["scheme"] == "https"))
            await send(message)

        await self._app(scope, receive, send_with_cookie)


def _cookie(secure: bool) -> str:
    # A Space is shown in a frame on another site, where a browser sends back only cookies marked for that.
    where = "SameSite=None; Secure; Partitioned" if secure else "SameSite=Lax"
    return f"{COOKIE}={signed_cookie()}; Max-Age={SECONDS}; Path=/; HttpOnly; {where}"
