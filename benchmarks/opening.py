"""How soon a page opens: `python -m benchmarks opening [--rounds 5] [--pages biggan ...] [--visitors 39]`.

Beside the studio, in the same run and in turn, a bare Gradio app of the same version with a slider and a picture is
opened in Chromium: with an empty cache, and once more with what the first visit left in it. Printed for each page are
the bytes on the wire (Gradio's own scripts apart, and pictures that came after first paint apart), the largest such
picture, requests, the server's processor time, first paint, and when a control can first be used. Then so many HTTP
clients and one Chromium open the studio all at once.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import websockets

import pages
from benchmarks.servers import Served, launched, served

BARE = """
import gradio as gr
with gr.Blocks() as bare:
    slider, picture = gr.Slider(0, 1, 0.5), gr.Image()
    slider.release(lambda value: None, slider, picture)
bare.launch(quiet=True)
"""
FRONT = ""
FRONT_BYTES, PAGE_BYTES, PICTURE_BYTES = 60_000, 150_000, 150_000
SERVER_TIMES, FRONT_TIMES, PAGE_TIMES = 3.0, 1.3, 1.7
CLASS_SECONDS = 10.0
LONGEST_SECONDS = 120
SOCKET = "biggan"
"""The panel that Chromium opens in a class, and whose socket the others open."""
HEAD = (
    f"{'':22}{'page':>10}{'Gradio':>10}{'pictures':>10}{'largest':>10}{'asked':>6}{'server':>18}{'paint':>9}"
    f"{'a control, cold':>17}{'warm':>17}"
)
STILL_RATE = 0.2
"""Of a processor: Gradio's queue looks for work twenty times a second."""
STILL_SECONDS = 0.5
"""A page has come to rest once nothing was asked for so long."""
WINDOW = {"width": 1366, "height": 768}
USABLE = """
    const selectors = ".studio-controls :is(input, select, textarea, button), .studio-stream button, .studio-survey a"
        + ", .gradio-container input[type=range]";
    const look = () => {
        const found = [...document.querySelectorAll(selectors)];
        if (found.some((each) => !each.disabled && each.checkVisibility())) window.usableAfter = performance.now();
        else requestAnimationFrame(look);
    };
    look();
"""
"""Notes when the first control that a hand can use is there."""
PAINT = """() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? null"""


@dataclass
class Visit:
    """What one opening of a page came to."""

    page_bytes: int = 0
    gradio_bytes: int = 0
    picture_bytes: int = 0
    largest_picture: int = 0
    requests: int = 0
    server: float = 0.0
    paint: float = 0.0
    usable: float = 0.0
    asked: list[str] = field(default_factory=list)


@dataclass
class Openings:
    """The visits to one page, with an empty cache and with a full one."""

    cold: list[Visit] = field(default_factory=list)
    warm: list[Visit] = field(default_factory=list)

    def median(self, name: str, is_warm: bool = False) -> float:
        """Give the median of what was measured by that name."""
        return statistics.median(getattr(visit, name) for visit in (self.warm if is_warm else self.cold))


def processor_seconds(process: int) -> float:
    """Give the processor time that the process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def idle(server: Served) -> float:
    """Wait until the server does no more than it always does, and give how much of a processor that is."""
    rates: list[float] = []
    while len(rates) < 3 or (max(rates[-3:]) > STILL_RATE and len(rates) < LONGEST_SECONDS):
        before = processor_seconds(server.process)
        time.sleep(1)
        rates.append(processor_seconds(server.process) - before)
    return min(rates)


def is_gradios(path: str) -> bool:
    """Whether Gradio itself brings the file, the same in every app."""
    return path.startswith(("/assets/", "/static/", "/theme.css", "/gradio_api/"))


def open_once(context: Any, server: Served, path: str, idling: float = 0.0) -> Visit:
    """Open a page in a tab of its own and wait until it has come to rest."""
    visit, page = Visit(), context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    addresses: dict[str, tuple[str, str]] = {}
    last = time.monotonic()

    def asked(event: Any) -> None:
        nonlocal last
        last = time.monotonic()
        addresses[event["requestId"]] = event["request"]["url"], event.get("type", "")

    def loaded(event: Any) -> None:
        nonlocal last
        last = time.monotonic()
        address, kind = addresses.get(event["requestId"], ("", ""))
        if not address.startswith(server.address):
            return
        size = int(event["encodedDataLength"])
        visit.requests += 1
        visit.asked.append(address)
        if is_gradios(urlsplit(address).path):
            visit.gradio_bytes += size
        elif kind in ("Image", "Media"):
            visit.picture_bytes += size
            visit.largest_picture = max(visit.largest_picture, size)
        else:
            visit.page_bytes += size

    session.on("Network.requestWillBeSent", asked)
    session.on("Network.loadingFinished", loaded)
    page.add_init_script(USABLE)
    before, began = processor_seconds(server.process), time.monotonic()
    page.goto(server.address + path)
    page.wait_for_function("window.usableAfter")
    while time.monotonic() - last < STILL_SECONDS:
        page.wait_for_timeout(100)
    visit.server = processor_seconds(server.process) - before - idling * (time.monotonic() - began)
    visit.usable = page.evaluate("window.usableAfter") / 1000
    visit.paint = (page.evaluate(PAINT) or 0.0) / 1000
    page.close()
    return visit


def measure(browser: Any, server: Served, path: str, openings: Openings, idling: float = 0.0) -> None:
    """Open a page with an empty cache, then again."""
    context = browser.new_context(viewport=WINDOW)
    context.set_default_timeout(1000 * LONGEST_SECONDS)
    openings.cold.append(open_once(context, server, path, idling))
    openings.warm.append(open_once(context, server, path, idling))
    context.close()


def row(name: str, openings: Openings, bare: Openings) -> str:
    """Say in one line what a page came to, and how many times the bare app's that is."""
    get = openings.median
    cold = get("usable") / bare.median("usable")
    warm = get("usable", True) / bare.median("usable", True)
    times = get("server") / max(bare.median("server"), 0.01)
    sizes = (get(each) / 1e3 for each in ("page_bytes", "gradio_bytes", "picture_bytes", "largest_picture"))
    return (
        f"{name:22}{''.join(f'{size:7.1f} kB' for size in sizes)}{get('requests'):6.0f}"
        f"{get('server'):8.3f} s ({times:4.2f}x)"
        f"{get('paint'):7.2f} s{get('usable'):7.2f} s ({cold:4.2f}x){get('usable', True):7.2f} s ({warm:4.2f}x)"
    )


def misses(name: str, openings: Openings, bare: Openings) -> list[str]:
    """Say which bars a page misses."""
    most_bytes, most_times = (FRONT_BYTES, FRONT_TIMES) if name == FRONT else (PAGE_BYTES, PAGE_TIMES)
    measured = {
        "bytes": (openings.median("page_bytes"), most_bytes),
        "bytes of one picture": (openings.median("largest_picture"), PICTURE_BYTES),
        "times the server's time": (openings.median("server") / max(bare.median("server"), 0.01), SERVER_TIMES),
        "times until a control": (openings.median("usable") / bare.median("usable"), most_times),
    }
    return [
        f"{name or 'the front page'}: {value:.4g} {what}, at most {most:g}"
        for what, (value, most) in measured.items()
        if value > most
    ]


async def http_visitor(server: str, asked: Sequence[str], socket: str) -> None:
    """Fetch what a browser fetches for a page, configuration and all, and open a socket."""
    limits, accepted = httpx.Limits(max_connections=6), {"Accept-Encoding": "br, gzip"}  # As browsers do.
    async with httpx.AsyncClient(timeout=LONGEST_SECONDS, limits=limits, headers=accepted) as client:
        page, *rest = asked
        (await client.get(page)).raise_for_status()
        answers = await asyncio.gather(*(client.get(each) for each in [*rest, urljoin(server, "config")]))
        for answer in answers:
            answer.raise_for_status()
    origin = websockets.Origin(server.rstrip("/"))
    async with websockets.connect(urljoin(server.replace("http", "ws", 1), socket), origin=origin):
        pass


async def visitors_at_once(server: str, asked: Sequence[Sequence[str]], count: int) -> None:
    """Let so many visitors open pages at the same moment."""
    sockets = [f"socket/{SOCKET}?page={number}" for number in range(count)]
    await asyncio.gather(
        *(http_visitor(server, asked[number % len(asked)], socket) for number, socket in enumerate(sockets))
    )


def in_a_class(browser: Any, studio: Served, asked: Sequence[Sequence[str]], count: int) -> tuple[float, float]:
    """Give the seconds until Chromium's first control, and until all others had opened, when all open at once."""
    command = [sys.executable, "-m", "benchmarks", "opening", "--visit", studio.address, "--visitors", str(count)]
    others = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert others.stdin is not None and others.stdout is not None
    others.stdin.write(json.dumps(asked) + "\n")
    others.stdin.flush()
    others.stdout.readline()  # It has imported all that it needs.
    began = time.monotonic()
    others.stdin.write("go\n")
    others.stdin.close()
    context = browser.new_context(viewport=WINDOW)
    context.set_default_timeout(1000 * LONGEST_SECONDS)
    visit = open_once(context, studio, SOCKET)
    context.close()
    assert others.wait() == 0, "a visitor's request failed"
    return visit.usable, time.monotonic() - began


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks opening")
    slugs = [panel.slug for panel in pages.panels()]
    parser.add_argument("--pages", nargs="*", default=[FRONT, *slugs], help="slugs of panels; all, and the front page")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--visitors", type=int, default=39, help="who open the studio at once, beside one Chromium")
    parser.add_argument(
        "--visit", metavar="ADDRESS", help="be those visitors; what each asks for comes on standard input"
    )
    options = parser.parse_args(arguments)
    if options.visit:
        asked = json.loads(sys.stdin.readline())
        print("ready", flush=True)
        sys.stdin.readline()
        asyncio.run(visitors_at_once(options.visit, asked, options.visitors))
        return
    missed = compare(options.pages, options.rounds, options.visitors)
    print("\n".join(missed) or "every bar is met")
    sys.exit(1 if missed else 0)


def compare(paths: Sequence[str], rounds: int, visitors: int) -> list[str]:
    """Print what was measured; what missed its bar."""
    from playwright.sync_api import sync_playwright

    with served() as studio, served("-c", BARE) as plain, sync_playwright() as playwright:
        browser = launched(playwright)
        idle(studio)
        bare, openings = Openings(), {path: Openings() for path in paths}
        measure(browser, plain, "", Openings())  # The first visits are not counted: servers make much of a page once.
        asked = []
        for path in paths:
            first = Openings()
            measure(browser, studio, path, first)
            asked.append(first.cold[0].asked)
        idling, plain_idling = idle(studio), idle(plain)
        for _ in range(rounds):
            measure(browser, plain, "", bare, plain_idling)
            for path in paths:
                measure(browser, studio, path, openings[path], idling)
        print(f"{os.cpu_count()} cores, Gradio {version('gradio')}, medians of {rounds}")
        print(HEAD)
        for name, each in {
            "a bare app": bare,
            **{path or "the front page": each for path, each in openings.items()},
        }.items():
            print(row(name, each, bare))
        missed = [words for path, each in openings.items() for words in misses(path, each, bare)]
        if visitors:
            usable, whole = in_a_class(browser, studio, asked, visitors)
            print(f"with {visitors} others at once: a first control after {usable:.1f} s, all open after {whole:.1f} s")
            if usable > CLASS_SECONDS:
                missed.append(f"a class at once: {usable:.1f} s until a control, at most {CLASS_SECONDS:g} s")
        browser.close()
    return missed
