"""Who may take how much: one table, and the counting of it.

Each limit holds for one visitor (a browser with the server's cookie), for one address (a school: forty visitors), for
all who bring no cookie together (programs, and whoever throws cookies away), and for everybody. The variable
STUDIO_LIMITS changes numbers: `STUDIO_LIMITS="runs.address=9600 live.visitor=1"`.
"""

import logging
import math
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

from engines.runtime.errors import DeviceError, InputError
from studio.runs.visitors import Who

log = logging.getLogger(__name__)

MINUTE, HOUR = 60.0, 3600.0
MOST_COUNTED = 100_000
"""Visitors and addresses that are remembered; who took nothing for longest is forgotten first."""


@dataclass(frozen=True)
class Limit:
    """How much of something who may take within so many `seconds`, or have at a time where these are None.

    `words` say what it is that there was too much of, as the start of a sentence.
    """

    words: str
    seconds: float | None
    visitor: float
    address: float
    anonymous: float
    everybody: float = math.inf


# Forty visitors behind one address have room: what an address may take is twenty times what a visitor may, for no class
# takes all at once what each may, and forty times where each of them holds one.
LIMITS = {
    "visitors": Limit("Too many new visitors came", HOUR, math.inf, 400, 4000),
    "runs": Limit("Too much was started", MINUTE, 240, 4800, 120),
    "waiting": Limit("Too many runs wait", None, 20, 400, 20, 700),
    "live": Limit("All live places are taken", None, 2, 20, 4, 24),
    "sockets": Limit("Too many pages are open", None, 12, 240, 12, 400),
    "bodies": Limit("Too many files are being sent", None, 12, 120, 24, 240),
    "uploads": Limit("Too many files were sent", MINUTE, 60, 1200, 60),
    "upload_bytes": Limit("Too many megabytes were sent", 10 * MINUTE, 400e6, 4e9, 400e6, 8e9),
    "program_bytes": Limit("Too many megabytes were sent by programs", HOUR, 200e6, 1e9, 300e6, 2e9),
    "questions": Limit("Too much was asked", MINUTE, 300, 6000, 300),
    "rooms": Limit("Too many rooms were opened", HOUR, 6, 60, 6, 300),
    "participants": Limit("Too many took part", HOUR, 60, 1200, 60, 6000),
}
LEVELS = ("visitor", "address", "anonymous", "everybody")
CARRIED: dict[str, float] = {}
"""How much this machine was found to carry for everybody; it counts where STUDIO_LIMITS says nothing else."""


class Refused(InputError):
    """Somebody takes more than there is for one, or for all: at that `level`. `seconds` is when to come again.

    `is_never` where there is none for anybody.
    """

    def __init__(self, limit: Limit, level: str, seconds: float) -> None:
        self.seconds = math.ceil(seconds)
        self.level = level
        self.is_never = not getattr(limit, level)
        whose = {
            "visitor": "by you",
            "address": "from your network",
            "anonymous": "by programs, or by browsers that take no cookie",
            "everybody": "by all visitors together",
        }[level]
        again = "This studio takes none." if self.is_never else f"Come again in {_words(self.seconds)}."
        super().__init__(f"{limit.words} {whose}. {again}")


class Limits:
    """Counts what everybody takes of what a table limits; any thread may ask."""

    def __init__(self, table: Mapping[str, Limit], now: Callable[[], float] = time.monotonic) -> None:
        self.table = table
        self._now = now
        self._used: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()
        """How much of it is used up, and when that was so: it becomes less as time passes."""
        self._held: Counter[Hashable] = Counter()
        self._logged: dict[tuple[str, str], float] = {}
        self._lock = threading.Lock()

    def take(self, name: str, who: Who, amount: float = 1) -> None:
        """Count that somebody takes so much.

        Raises:
            Refused: it is too much; nothing is counted.
        """
        limit = self.table[name]
        assert limit.seconds is not None, "what is had at a time is held"
        with self._lock:
            now, counted = self._now(), {}
            for level, key in _counted_for(name, who):
                most: float = getattr(limit, level)
                before, since = self._used.get(key, (0.0, now))
                used = max(0.0, before - (now - since) * most / limit.seconds) if most < math.inf else 0.0
                if used + amount > most:
                    excess = used + min(amount, most) - most
                    raise self._refused(name, level, max(1.0, excess * limit.seconds / most) if most else HOUR)
                counted[key] = used + amount, now
            for key, used_now in counted.items():
                self._used[key] = used_now
                self._used.move_to_end(key)
            while len(self._used) > MOST_COUNTED:
                self._used.popitem(last=False)

    def grants(self, name: str, who: Who) -> bool:
        """Whether somebody may take one, which is counted then."""
        try:
            self.take(name, who)
        except Refused:
            return False
        return True

    @contextmanager
    def hold(self, name: str, who: Who) -> Iterator[None]:
        """Have one of them for the length of the block.

        Raises:
            Refused: there are too many.
        """
        keys = [key for _, key in _counted_for(name, who)]
        with self._lock:
            self._check_places(name, who, self._held)
            self._held.update(keys)
        try:
            yield
        finally:
            with self._lock:
                self._held.subtract(keys)
                for key in keys:
                    if not self._held[key]:
                        del self._held[key]

    def check_room(self, name: str, who: Who, having: Iterable[Who]) -> None:
        """Refuse one more where somebody would have too many.

        Raises:
            Refused: with one more than those who have one, somebody would have too many.
        """
        self._check_places(name, who, Counter(key for each in having for _, key in _counted_for(name, each)))

    def _check_places(self, name: str, who: Who, held: Mapping[Hashable, int]) -> None:
        for level, key in _counted_for(name, who):
            if held.get(key, 0) >= self._most(name, level):
                raise self._refused(name, level, 10)

    def _most(self, name: str, level: str) -> float:
        most: float = getattr(self.table[name], level)
        as_shipped = level == "everybody" and most == LIMITS[name].everybody
        return CARRIED.get(name, most) if as_shipped else most

    def _refused(self, name: str, level: str, seconds: float) -> Refused:
        """Make the refusal; the log has the first of each sort in a minute."""
        now = self._now()
        if now - self._logged.get((name, level), -math.inf) >= MINUTE:
            self._logged[name, level] = now
            log.warning("limit %s.%s is reached", name, level)
        return Refused(self.table[name], level, seconds)


def _counted_for(name: str, who: Who) -> list[tuple[str, Hashable]]:
    """Whose part of a limit is taken: the level, and under what it is counted."""
    own = "anonymous" if who.visitor is None else "visitor"
    return [
        (own, (name, own, who.visitor)),
        ("address", (name, "address", who.address)),
        ("everybody", (name, "everybody")),
    ]


def read(text: str) -> dict[str, Limit]:
    """Read the table with the numbers that STUDIO_LIMITS changes.

    Raises:
        DeviceError: it names no limit, or no number of at least 0.
    """
    table = dict(LIMITS)
    for setting in text.replace(",", " ").split():
        place, _, number = setting.partition("=")
        name, _, level = place.partition(".")
        try:
            value = float(number)
        except ValueError:
            value = math.nan
        if name not in table or level not in LEVELS or not value >= 0:
            raise DeviceError(
                f"STUDIO_LIMITS: {setting!r} is not of the form limit.who=number; limits are {', '.join(table)}, and "
                f"who is one of {', '.join(LEVELS)}."
            )
        changed: dict[str, Any] = {level: value}
        table[name] = replace(table[name], **changed)
    return table


def table(limits: Mapping[str, Limit]) -> str:
    """How much of what who may take, as a table of Markdown."""
    rows = ["| limit | within | a visitor | an address | anonymous | everybody |", "|---|---|---|---|---|---|"]
    for name, limit in limits.items():
        within = "at a time" if limit.seconds is None else f"{limit.seconds:,.0f} s"
        numbers = (getattr(limit, level) for level in LEVELS)
        cells = ["" if number == math.inf else f"{number:,.0f}" for number in numbers]
        rows.append(f"| `{name}` | {' | '.join([within, *cells])} |")
    return "\n".join(rows)


ASKING: ContextVar[tuple[Limits, Who] | None] = ContextVar("asking", default=None)
"""Who asks in this context, and the counting of the server that was asked; None outside of a server."""


def take(name: str) -> None:
    """Count that who asks takes one; outside of a server, which alone has visitors, there is no limit.

    Raises:
        Refused: it is one too many.
    """
    asking = ASKING.get()
    if asking is not None:
        limits, who = asking
        limits.take(name, who)


@contextmanager
def hold(name: str) -> Iterator[None]:
    """Have one for the length of the block, for who asks; outside of a server there is no limit.

    Raises:
        Refused: there are too many.
    """
    asking = ASKING.get()
    if asking is None:
        yield
        return
    limits, who = asking
    with limits.hold(name, who):
        yield


def _words(seconds: int) -> str:
    if seconds < 2 * MINUTE:
        return "a second" if seconds == 1 else f"{seconds} seconds"
    return f"{math.ceil(seconds / MINUTE)} minutes"
