"""How long a page stands still while something computes: `python -m benchmarks freezes [--seconds 20]`.

In Chromium, a timer of each page notes the longest time for which it could not fire while a race of norms trains, a
film is made and pictures are drawn and measured. The page's loading is not counted. Then Pause is pressed, or Cancel
where there is none, and printed is how soon the page says so.
"""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from benchmarks.servers import Served, launched, served

QUIET, BUSY, LOAD = 0.2, 0.5, 5.0
"""Seconds that a page may stand still on a quiet machine, and where this many processes want the processor."""
PAUSE = 0.5
"""Seconds within which Pause, or Cancel, is answered."""
WARMING_SECONDS = 30.0
LONGEST_SECONDS = 120.0
WATCH = """() => {
    window.longestGap = 0;
    let last = performance.now();
    setInterval(() => {
        const now = performance.now();
        window.longestGap = Math.max(window.longestGap, now - last);
        last = now;
    }, 10);
}"""
ANSWERED = """words => {
    window.answeredAfter = null;
    addEventListener("click", () => {
        const began = performance.now();
        const look = () => {
            if (document.body.innerText.includes(words)) window.answeredAfter = (performance.now() - began) / 1000;
            else requestAnimationFrame(look);
        };
        look();
    }, { once: true, capture: true });
}"""
"""Notes how long after the next click the page says these words."""


class Work(NamedTuple):
    """An experiment that computes for long, how it is begun and stopped, and what the page says then."""

    page: str
    begin: str
    stop: str
    says: str


WORKS = (
    Work("group_normalization?experiment=race", "Start the race", "Pause", "Paused; what was finished stays."),
    Work("ganimation?experiment=film", "Film it", "Cancel", "Cancelled; what was finished stays."),
    Work("biggan?experiment=trade", "Draw and measure", "Cancel", "Cancelled; what was finished stays."),
)


class Met(NamedTuple):
    """What a page met, in seconds; `stopped` is None where the work was done before it could be stopped."""

    gap: float
    stopped: float | None


def meet(browser: Any, studio: Served, work: Work, seconds: float) -> Met:
    """Begin the work on a page of its own, watch it for so long, and stop it."""
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    context.set_default_timeout(1000 * LONGEST_SECONDS)
    page = context.new_page()
    page.goto(studio.address + work.page)
    page.wait_for_function("!document.querySelector('gradio-app')?.inert")
    button = page.get_by_role("button", name=work.begin, exact=True)
    button.wait_for()
    page.wait_for_timeout(2000)
    page.evaluate(WATCH)
    button.click()
    stop = page.get_by_role("button", name=work.stop, exact=True)
    stop.wait_for()
    page.wait_for_timeout(1000 * seconds)
    gap = page.evaluate("window.longestGap") / 1000
    stopped = None
    if stop.is_visible():
        page.evaluate(ANSWERED, work.says)
        stop.click()
        page.wait_for_function("window.answeredAfter !== null")
        stopped = page.evaluate("window.answeredAfter")
    context.close()
    return Met(gap, stopped)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print.

    Raises:
        SystemExit: with status 1, a page stood still for longer than it may, or was not stopped soon enough.
    """
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(prog="python -m benchmarks freezes", description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="how long each page is watched")
    seconds = parser.parse_args(arguments).seconds
    missed = []
    with served() as studio, sync_playwright() as playwright:
        time.sleep(WARMING_SECONDS)
        browser = launched(playwright)
        for work in WORKS:
            met = meet(browser, studio, work, seconds)
            load = os.getloadavg()[0]
            most = QUIET if load < LOAD else BUSY
            stopped = "was done before" if met.stopped is None else f"answered after {met.stopped:.2f} s"
            print(
                f"{work.begin}: stood still for {1000 * met.gap:.0f} ms at most, {work.stop} {stopped}, load {load:.1f}"
            )
            if met.gap > most:
                missed.append(f"{work.begin}: {met.gap:.2f} s, at most {most:g} s")
            if (met.stopped or 0.0) > PAUSE:
                missed.append(f"{work.stop} of {work.begin}: {met.stopped:.2f} s, at most {PAUSE:g} s")
        browser.close()
    print("\n".join(f"missed: {each}" for each in missed) or "every bar is met")
    sys.exit(1 if missed else 0)
