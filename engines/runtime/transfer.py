"""Receives a file over HTTP, as far as it is not here yet, and says what an answer means that is no file."""

import errno
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from engines.runtime.state_files import is_page

if TYPE_CHECKING:
    import httpx2

CHUNK = 1 << 18
"""Bytes received between two looks at the clock; a killed process loses no more than these."""
LONGEST_TOLD = 200
"""Letters of a server's own message that are passed on to the visitor."""
SURE_WAIT = 60.0
"""Seconds that a visitor is told to wait, at least, by a server that has had too many requests."""


class Trouble(Exception):
    """Is raised when an attempt failed.

    Its text is a sentence that says why, and what to do; `wait` are the seconds after which another attempt may help,
    None if none can.
    """

    def __init__(self, sentence: str, wait: float | None) -> None:
        super().__init__(sentence)
        self.wait = wait


class Answer(NamedTuple):
    """Holds what an HTTP answer says of itself: `host` is the one that gave it, after all redirects."""

    status: int
    headers: Mapping[str, str]
    host: str

    @property
    def message(self) -> str:
        """Return the server's own words on a refusal, or nothing."""
        return self.headers.get("X-Error-Message", "")[:LONGEST_TOLD]

    @property
    def retry_after(self) -> float:
        """Return the seconds that the server asks to wait."""
        asked = self.headers.get("Retry-After", "")
        return float(asked) if re.fullmatch(r"\d+", asked) else 0.0

    def passing(self, who: str) -> Trouble | None:
        """Return the trouble of that server if it is one that may pass, in which another attempt may help."""
        if self.status == 429:
            seconds = max(self.retry_after, SURE_WAIT)
            return Trouble(f"{who} has had too many requests (429). Try again in {seconds:.0f} s.", self.retry_after)
        if self.status >= 500:
            return Trouble(f"{who} is in trouble ({self.status}). Try again later.", self.retry_after)
        return None


Explain = Callable[[Answer], Trouble]
"""Says what an answer means that is neither the file nor a redirect."""


@contextmanager
def client(timeout: float) -> "Iterator[httpx2.Client]":
    """Offer a client of HTTP whose failures end in Trouble; redirects to another host lose the token.

    Args:
        timeout: seconds of silence after which a server is given up.
    """
    import httpx2

    try:
        with httpx2.Client(timeout=timeout, follow_redirects=True) as made:
            yield made
    except (httpx2.InvalidURL, httpx2.UnsupportedProtocol, httpx2.TooManyRedirects) as error:
        raise Trouble(f"Its address leads nowhere ({type(error).__name__}).", None) from error
    except httpx2.HTTPError as error:
        host = urlsplit(str(error.request.url)).hostname
        raise Trouble(f"{host} cannot be reached ({type(error).__name__}). Check the network.", 0) from error


def explain_plain(said: Answer) -> Trouble:
    """Explain to a visitor why a server that is not the Hub does not give a file."""
    passing = said.passing(said.host)
    if passing is not None:
        return passing
    if said.status in (404, 410):
        return Trouble(f"{said.host} no longer has the file ({said.status}).", None)
    return Trouble(f"{said.host}, or a proxy on the way to it, refuses the file ({said.status}).", None)


def answer(response: "httpx2.Response") -> Answer:
    """Note what an answer says of itself."""
    return Answer(response.status_code, response.headers, response.url.host)


class Receiving:
    """Appends to a partial file what is missing of it; any thread may read how far it is.

    `done` and `total` are bytes, `total` None until a server has said it; `received` counts those of this attempt.
    """

    def __init__(self, partial: Path, total: int | None = None) -> None:
        self.partial, self.total = partial, total
        self.done = partial.stat().st_size if partial.exists() else 0
        self.received = 0

    def receive(
        self, address: str, headers: Mapping[str, str], explain: Explain, timeout: float, tell: Callable[[], None]
    ) -> None:
        """Receive the file's missing part; `tell` is called before and after every chunk, and stops it by raising.

        Raises:
            Trouble: the server did not give the file, or not all of it; what arrived is kept.
            OSError: the disk does not take it.
        """
        self.partial.parent.mkdir(parents=True, exist_ok=True)
        with open(self.partial, "ab") as file, client(timeout) as http:
            self.done = file.tell()
            if self.total is not None and self.done >= self.total:
                return
            _check_room(self.partial.parent, self.total, self.done)
            asked = {**headers, "Accept-Encoding": "identity", "Range": f"bytes={self.done}-"}
            with http.stream("GET", address, headers=asked) as response:
                if response.status_code == 416:
                    return self._check_nothing_is_missing(file, answer(response))
                if response.status_code not in (200, 206):
                    raise explain(answer(response))
                if self._start(response) != self.done:
                    self._begin_again(file)
                _check_room(self.partial.parent, self.total, self.done)
                for chunk in response.iter_bytes(CHUNK):
                    if self.done == 0 and is_page(chunk):
                        raise Trouble(
                            f"{response.url.host} answers with a web page in place of the file. Check the network's "
                            "login page and the proxy.",
                            None,
                        )
                    tell()
                    file.write(chunk)
                    file.flush()
                    self.done += len(chunk)
                    self.received += len(chunk)
                    tell()
        if self.total is not None and self.done < self.total:
            raise Trouble(f"{urlsplit(address).hostname} ended the answer too early. Check the network.", 0)

    def _begin_again(self, file: IO[bytes]) -> None:
        file.truncate(0)
        self.done = 0

    def _check_nothing_is_missing(self, file: IO[bytes], refused: Answer) -> None:
        """Accept that the server has nothing beyond what is here, unless that is some other file's beginning."""
        if refused.headers.get("Content-Range") != f"bytes */{self.done}":
            self._begin_again(file)
            raise Trouble(f"{refused.host} holds a smaller file than the one that was begun.", 0)

    def _start(self, response: "httpx2.Response") -> int:
        """Return the place in the file at which the answer begins, and note the file's size."""
        ranged = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
        if response.status_code == 206 and ranged is not None:
            if ranged[2] != "*":
                self.total = int(ranged[2])
            if int(ranged[1]) == self.done:
                return self.done
            raise Trouble(f"{response.url.host} answers with another part of the file than was asked for.", None)
        length = response.headers.get("Content-Length", "")  # The server knows no ranges, and sends all of it.
        if length.isdecimal():
            self.total = int(length)
        return 0


def _check_room(folder: Path, total: int | None, done: int) -> None:
    if total is not None and shutil.disk_usage(folder).free < total - done:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
