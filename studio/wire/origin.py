"""Whose pages may speak with a server, under which names it answers, and what its own pages may do.

A request that carries the `Origin` of another page is refused, whatever it asks; a program sends none. A name that is
not the server's own is refused too, or a page elsewhere could have its name point here (DNS rebinding).
"""

import ipaddress
import os
import socket
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engines.runtime.errors import DeviceError

LOCAL = ("localhost", "127.0.0.1", "::1")
SPACE_PROXIES = "10.0.0.0/8"
"""From where a Space is asked: it is reached by Hugging Face's proxies alone."""
CLOSED = ("/openapi.json", "/docs", "/redoc", "/monitoring", "/gradio_api/deep_link")
"""What the libraries offer besides, and no page of ours asks for."""
FRAMES = ("'self'", "https://huggingface.co", "https://*.hf.space")
"""Whose pages may show ours in a frame, beside those that may ask the server: a Space's are shown so."""
POLICY = "; ".join(
    [
        "default-src 'self'",
        # Gradio's pages begin with scripts of their own, and it makes functions of what components say on loading.
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob: {scripts}",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "media-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' data: blob:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
    ]
)
OF_PAGES = ("text/css", "text/javascript", "application/javascript")
"""The types of what only pages load: those have the policy, and thirty files would repeat it."""
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


LATER = (408, 429, 507)
"""Answers to what can be asked again: it took too long, was too much, or the disk is full."""


class Hosts:
    """The names under which a server answers, and the addresses of pages elsewhere that may speak with it."""

    def __init__(self, names: set[str], origins: set[str], takes_numbers: bool) -> None:
        self.names = names
        self.origins = origins
        self.takes_numbers = takes_numbers

    def __str__(self) -> str:
        numbers = ["any address in numbers"] if self.takes_numbers else []
        return ", ".join([*sorted(self.names), *numbers, *sorted(self.origins)])

    def is_own(self, host: str) -> bool:
        """Whether that is the server, as a browser's address has it: a name, or a number, and a port or none."""
        name = _name(host)
        return name in self.names or (self.takes_numbers and _is_number(name))

    def may_ask(self, origin: str, host: str) -> bool:
        """Whether a page of that origin may speak with the server that it addresses so."""
        return origin in self.origins or urlsplit(origin).netloc.lower() == host.lower()


def hosts(bound: str) -> Hosts:
    """Read the hosts of a server that listens at `bound`; STUDIO_HOSTS names others, and origins of pages elsewhere.

    Raises:
        DeviceError: STUDIO_HOSTS holds what is neither a name nor an origin.
    """
    said = os.environ.get("STUDIO_HOSTS", "").replace(",", " ").lower().split()
    origins = {each.rstrip("/") for each in said if "://" in each}
    names = {each for each in said if "://" not in each}
    for each in names | origins:
        if not _is_sound(each):
            raise DeviceError(
                f"STUDIO_HOSTS: {each!r} is neither a name, such as studio.example.org, nor the address of pages "
                "elsewhere, such as https://course.example.org."
            )
    takes_numbers = bound in ("0.0.0.0", "::")
    machine = socket.gethostname().lower()
    own = {machine, f"{machine}.local"} if takes_numbers else {bound.lower()}
    # A Space says under which name it is seen: huggingface.co/docs/hub/spaces-overview#helper-environment-variables.
    space = {name.lower() for name in [os.environ.get("SPACE_HOST", "")] if name}
    return Hosts({*LOCAL, *own, *space, *names}, origins, takes_numbers)


def proxies() -> str:
    """Read the addresses and networks whose `X-Forwarded-For` is believed, with commas between; "" for none.

    Raises:
        DeviceError: STUDIO_PROXIES holds what is neither.
    """
    given = os.environ.get("STUDIO_PROXIES")
    said = (SPACE_PROXIES if "SPACE_ID" in os.environ else "") if given is None else given
    networks = said.replace(",", " ").split()
    for each in networks:
        try:
            ipaddress.ip_network(each)
        except ValueError:
            raise DeviceError(
                f"STUDIO_PROXIES: {each!r} is neither an address, such as 127.0.0.1, nor a network, such as 10.0.0.0/8."
            ) from None
    return ",".join(networks)


class Origin:
    """Refuses what is asked of another host or by a page elsewhere, and says with every answer what pages may do."""

    def __init__(self, app: ASGIApp, hosts: Hosts, scripts: str = "") -> None:
        self._app = app
        self._hosts = hosts
        policy = POLICY.format(scripts=scripts)
        frames = " ".join([*FRAMES, *sorted(hosts.origins)])
        self._headers = {**HEADERS, "Content-Security-Policy": f"{policy}; frame-ancestors {frames}"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let through what is asked for, or refuse it in words."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refused = self._refused(Headers(scope=scope), scope["path"])
        if refused is None:
            await self._app(scope, receive, send if scope["type"] == "websocket" else self._with_headers(send))
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})  # Before it is accepted: the browser gets 403.
        else:
            await refused(scope, receive, self._with_headers(send))

    def _with_headers(self, send: Send) -> Send:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self._headers)
                if headers.get("content-type", "").startswith(OF_PAGES):
                    del headers["Content-Security-Policy"]
            await send(message)

        return send_with_headers

    def _refused(self, headers: Headers, path: str) -> JSONResponse | None:
        host, origin = headers.get("host", ""), headers.get("origin")
        if not self._hosts.is_own(host):
            words = f"This server does not answer as {host[:80]!r}. Whoever runs it can add the name to STUDIO_HOSTS."
            return refusal(421, words)
        if origin is not None and not self._hosts.may_ask(origin, host):
            words = "A page elsewhere may not ask this server. Whoever runs it can add that page to STUDIO_HOSTS."
            return refusal(403, words)
        if path.rstrip("/") in CLOSED:
            return refusal(404, "There is nothing here.")
        return None


def refusal(status: int, words: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Answer why nothing was done; the body of what was asked is not waited for."""
    # Gradio's pages and clients read `detail`, ours `error`.
    said = {"detail": words, "error": words, "later": status in LATER}
    return JSONResponse(said, status, {"Connection": "close", **(headers or {})})


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_number(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_sound(said: str) -> bool:
    if "://" in said:
        parts = urlsplit(said)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.path
    return _name(said) == said or _is_number(said)
