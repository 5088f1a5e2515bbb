"""Who is who: a browser carries a cookie, and what its visitor starts is that visitor's alone.

The cookie is a long random text that stands for nothing else, so there is nothing to sign; what the studio keeps is its
digest, from which nobody can make the cookie again.
"""

import hashlib
import secrets
from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "studio_visitor"
SECONDS = 30 * 24 * 3600
"""How long a browser keeps it: well beyond the day for which jobs are kept."""


def visitor(cookies: Mapping[str, str], session: str) -> str:
    """The name of the visitor whose requests carry these cookies; of one whose browser takes none, that of the session,
    which ends with the page."""
    kept = cookies.get(COOKIE)
    return hashlib.sha256((f"cookie {kept}" if kept else f"session {session}").encode()).hexdigest()[:32]


class Cookies:
    """Gives every browser that has none its cookie, together with a page; installed around the faces' server."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or COOKIE in Request(scope).cookies:
            await self._app(scope, receive, send)
            return

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    scheme = Headers(scope=scope).get("x-forwarded-proto", scope["scheme"])
                    headers.append("set-cookie", _cookie(secure=scheme.startswith("https")))
            await send(message)

        await self._app(scope, receive, send_with_cookie)


def _cookie(secure: bool) -> str:
    # A Space is shown in a frame on another site, where a browser sends back only what is marked for that.
    where = "SameSite=None; Secure; Partitioned" if secure else "SameSite=Lax"
    return f"{COOKIE}={secrets.token_urlsafe(32)}; Max-Age={SECONDS}; Path=/; HttpOnly; {where}"
