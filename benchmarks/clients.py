"""What attacks are made with: a visitor, a client without a cookie, and the line that tells what came of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import httpx

from benchmarks.servers import Served

API = "gradio_api"
SERVICE = "services/time_limited_humans/experiment"
LONGEST = 300.0
"""Seconds that an answer may take."""


class Row(NamedTuple):
    """One attack, whether the studio held, and by what one can tell."""

    attack: str
    held: bool
    seen: str

    def __str__(self) -> str:
        return f"{'held ' if self.held else 'BROKE'}  {self.attack}: {self.seen}"


@contextmanager
def visit(studio: Served) -> Iterator[httpx.Client]:
    """A visitor whose browser has the server's cookie."""
    own = {"Origin": studio.address.rstrip("/")}
    with httpx.Client(base_url=studio.address, timeout=LONGEST, headers=own) as client:
        client.get("/").raise_for_status()
        yield client


@contextmanager
def intruder(studio: Served, **headers: str) -> Iterator[httpx.Client]:
    """A client without a cookie."""
    with httpx.Client(base_url=studio.address, timeout=LONGEST, headers=headers) as client:
        yield client


def values(client: httpx.Client, endpoint: str, **chosen: Any) -> list[Any]:
    """Return what an endpoint is called with: what is chosen, and its defaults."""
    parameters = client.get(f"/{API}/info").json()["named_endpoints"][f"/{endpoint}"]["parameters"]
    return [chosen.get(each["parameter_name"], each["parameter_default"]) for each in parameters]


def run(client: httpx.Client, endpoint: str, **chosen: Any) -> str:
    """Run an endpoint, and return all that it says; refused, the refusal."""
    asked = client.post(f"/{API}/call/{endpoint}", json={"data": values(client, endpoint, **chosen)})
    if asked.status_code != 200:
        return f"{asked.status_code} {asked.text}"
    return client.get(f"/{API}/call/{endpoint}/{asked.json()['event_id']}").text
