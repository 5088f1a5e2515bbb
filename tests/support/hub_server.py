"""A loopback server that speaks the Hub's protocol to its real client, and serves plain files; it misbehaves when it is
told to."""

import hashlib
import json
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

import pytest
from huggingface_hub import constants

from engines.runtime import downloads

COMMIT = "0123456789abcdef0123456789abcdef01234567"
RESOLVE = re.compile(r"/(?:(spaces|datasets)/)?([^/]+/[^/]+)/resolve/([^/]+)/(.+)")
API = re.compile(r"/api/(models|spaces|datasets)/([^/]+/[^/]+)/(revision|tree)/([^/?]+)")
CDN = re.compile(r"/cdn/([0-9a-f]{64})")
PLAIN, MOVED = "/files/", "/moved/"
PAGE = b"<!DOCTYPE html><html><head><title>Please sign in</title></head></html>"
STEP = 1 << 16
"""Bytes of a body sent at once."""


@dataclass(frozen=True)
class Fault:
    """What happens to one request of that method instead of the right answer.

    `status` answers instead; a body ("BODY", where the redirect leads) is cut off after `cut` bytes, or halts after
    `halt` bytes until `Hub.release`; `corrupt` changes its last byte; without `ranges` all of it is sent, whatever was
    asked; `page` sends a web page instead; `slow` is how many seconds pass between two parts.
    """

    method: str
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None
    halt: int | None = None
    corrupt: bool = False
    ranges: bool = True
    page: bool = False
    slow: float = 0.0


HARNESSES = "/api/agent-harnesses"
"""What the Hub's client (1.x) asks for by itself once a day, whatever it is used for: it counts as no request."""


class Request(NamedTuple):
    method: str
    path: str
    range: str | None
    token: str | None


class Hub(ThreadingHTTPServer):
    """Repositories of one commit each; bodies come from another host, as the Hub's large files do."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[tuple[str, str], dict[str, bytes]] = {}
        self.plain: dict[str, bytes] = {}
        self.commit = COMMIT
        self.faults: list[Fault] = []
        self.requests: list[Request] = []
        self.sent = 0
        self.halted, self.release = threading.Event(), threading.Event()
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def cdn(self) -> str:
        return f"http://localhost:{self.server_port}/cdn"

    def put(self, repo: str, file: str, content: bytes, kind: str = "model") -> str:
        """Publish a file; returns its SHA-256."""
        self.files.setdefault((f"{kind}s", repo), {})[file] = content
        return hashlib.sha256(content).hexdigest()

    def put_plain(self, name: str, content: bytes) -> str:
        """Serve a file as it is; returns its address."""
        self.plain[name] = content
        return f"{self.endpoint}{PLAIN}{name}"

    def moved(self, name: str) -> str:
        """The address of a redirect to a plain file on another host."""
        return f"{self.endpoint}{MOVED}{name}"

    def bodies(self) -> list[str | None]:
        """The range that each request for a body asked for, in their order."""
        served = [request for request in self.requests if request.method == "GET"]
        return [request.range for request in served if CDN.match(request.path) or request.path.startswith(PLAIN)]

    def handle_error(self, *_: Any) -> None:
        """A client that is killed is no error of the server's."""

    def close(self) -> None:
        self.release.set()
        self.shutdown()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self.respond()

    def do_GET(self) -> None:
        self.respond()

    def respond(self) -> None:
        path = unquote(self.path)
        if path == HARNESSES:
            return self.answer(404)
        hub = self.server
        hub.requests.append(Request(self.command, path, self.headers.get("Range"), self.headers.get("Authorization")))
        body = CDN.match(path)
        plain = hub.plain.get(path.removeprefix(PLAIN)) if path.startswith(PLAIN) else None
        # A body's faults wait for the request that follows the redirect.
        fault = next(
            (fault for fault in hub.faults if fault.method == ("BODY" if body or plain else self.command)), None
        )
        if fault is not None:
            hub.faults.remove(fault)
            if fault.status is not None:
                return self.answer(fault.status, fault.headers)
        if path.startswith(MOVED):
            here = f"http://localhost:{hub.server_port}{PLAIN}{path.removeprefix(MOVED)}"
            self.answer(302, {"Location": here})
        elif plain is not None:
            self.send_body(plain, fault or Fault("BODY"))
        elif body:
            everything = [content for files in hub.files.values() for content in files.values()]
            sums = {hashlib.sha256(content).hexdigest(): content for content in everything}
            self.send_body(sums[body[1]], fault or Fault("BODY"))
        elif resolve := RESOLVE.match(path):
            kind, repo, revision, file = resolve.groups()
            self.resolve(hub.files.get((kind or "models", repo)), revision, file)
        elif api := API.match(path):
            kind, repo, what, revision = api.groups()
            self.describe(hub.files.get((kind, repo)), repo, what, revision)
        else:
            self.answer(404)

    def known(self, files: dict[str, bytes] | None, revision: str) -> bool:
        """As the Hub does, refuse a repository that may be private as if it wanted a login."""
        if files is None:
            self.answer(401, {"X-Error-Code": "RepoNotFound"})
        elif revision not in ("main", self.server.commit):
            self.answer(404, {"X-Error-Code": "RevisionNotFound"})
        else:
            return True
        return False

    def resolve(self, files: dict[str, bytes] | None, revision: str, file: str) -> None:
        if not self.known(files, revision):
            return
        assert files is not None
        headers = {"X-Repo-Commit": self.server.commit}
        if file not in files:
            return self.answer(404, {**headers, "X-Error-Code": "EntryNotFound"})
        digest = hashlib.sha256(files[file]).hexdigest()
        linked = {"X-Linked-Etag": f'"{digest}"', "X-Linked-Size": str(len(files[file]))}
        self.answer(302, {**headers, **linked, "Location": f"{self.server.cdn}/{digest}"})

    def describe(self, files: dict[str, bytes] | None, repo: str, what: str, revision: str) -> None:
        if not self.known(files, revision):
            return
        assert files is not None
        listed: Any = {"id": repo, "sha": self.server.commit, "siblings": [{"rfilename": file} for file in files]}
        if what == "tree":
            listed = [
                {
                    "type": "file",
                    "path": file,
                    "size": len(content),
                    "oid": hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest(),
                    "lfs": {"oid": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 133},
                }
                for file, content in files.items()
            ]
        self.answer(200, {"Content-Type": "application/json"}, json.dumps(listed).encode())

    def send_body(self, content: bytes, fault: Fault) -> None:
        if fault.page:
            return self.answer(200, {"Content-Type": "text/html"}, PAGE)
        digest = hashlib.sha256(content).hexdigest()
        if fault.corrupt:
            content = content[:-1] + bytes([content[-1] ^ 1])
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", "")) if fault.ranges else None
        start = int(asked[1]) if asked else 0
        if start >= len(content):
            return self.answer(416, {"Content-Range": f"bytes */{len(content)}"})
        headers = {"ETag": f'"{digest}"', "Content-Length": str(len(content) - start)}
        if asked:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        self.start(206 if asked else 200, headers)
        if self.command == "HEAD":
            return
        stop = len(content) if fault.cut is None else start + fault.cut
        for place in range(start, stop, STEP):
            if fault.halt is not None and place >= start + fault.halt:
                self.server.halted.set()
                self.server.release.wait()
            time.sleep(fault.slow)
            part = content[place : min(place + STEP, stop)]
            try:
                self.wfile.write(part)
            except OSError:  # the client has gone
                break
            self.server.sent += len(part)
        self.close_connection = stop < len(content)

    def answer(self, status: int, headers: Mapping[str, str] = {}, body: bytes = b"") -> None:
        self.start(status, {"Content-Length": str(len(body)), **headers})
        if self.command != "HEAD":
            self.wfile.write(body)

    def start(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


def point_client(monkeypatch: pytest.MonkeyPatch, endpoint: str, cache: Path) -> None:
    """Let the Hub's client of this process and those of its children turn to that server, with that cache."""
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", endpoint + "/{repo_id}/resolve/{revision}/{filename}")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    monkeypatch.setenv("HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(downloads, "PATIENCE", (0.05, 0.05))
    monkeypatch.setattr(downloads, "_running", {})
