"""Answers of the timed experiment, kept in SQLite: no names, deletable by who gave them, gone after thirty days.

A participant is known by a code that only they have; a class is known by its room's code, and whoever opened the room
has a key that ends it.
"""

import re
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from engines.runtime.errors import DeviceError, InputError
from engines.time_limited_humans.trials import Stimulus, Trial, plan

KEPT_SECONDS = 30 * 24 * 3600
EMPTY_SECONDS = 24 * 3600
"""For which a room is kept that nobody has entered."""
LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
"""No two of which look alike."""
ROOM_LENGTH, CODE_LENGTH = 6, 12
MOST_ROOMS, MOST_PARTICIPANTS = 1_000, 100_000
SOONEST, LATEST = 50.0, 5_000.0
"""Milliseconds after the picture within which a hand can have answered, and within which one is waited for."""
LONGEST_EXPOSURE = 2_000.0
"""Milliseconds."""
WAIT = 30.0
"""Seconds that an answer waits for others to be written."""
TROUBLES = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_PERM,
}
"""What SQLite says of the disk, and not of us."""
NOT_NOW = (
    "The server cannot keep answers just now ({}). Whoever runs the studio can free room, or name another file in "
    "STUDIO_ANSWERS."
)
TABLES = """
CREATE TABLE IF NOT EXISTS rooms (code TEXT PRIMARY KEY, key TEXT NOT NULL, opened REAL NOT NULL);
CREATE TABLE IF NOT EXISTS participants (
    code TEXT PRIMARY KEY, room TEXT REFERENCES rooms ON DELETE CASCADE, seed INTEGER NOT NULL, trials INTEGER NOT NULL,
    begun REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS answers (
    participant TEXT REFERENCES participants ON DELETE CASCADE, trial INTEGER, condition TEXT NOT NULL,
    shown TEXT NOT NULL, target TEXT NOT NULL, chosen TEXT, milliseconds REAL, exposure REAL NOT NULL,
    missed INTEGER NOT NULL, PRIMARY KEY (participant, trial)
);
"""


class Answer(NamedTuple):
    """To trial number `trial`: the group `chosen` so many `milliseconds` after the picture came, None where nobody did
    in time; `exposure` is for how many milliseconds it was there, and `missed` that a frame of the screen was late, or
    that the trial was disturbed."""

    trial: int
    chosen: str | None
    milliseconds: float | None
    exposure: float
    missed: bool


class Given(NamedTuple):
    """An answer with what was asked."""

    participant: str
    answer: Answer
    condition: str
    shown: str
    target: str


class Participant(NamedTuple):
    code: str
    room: str | None
    trials: list[Trial]


class Answers:
    """The answers in one file; any number of threads and processes may use it at a time."""

    def __init__(self, path: Path, every: Sequence[Stimulus], now: Callable[[], float] = time.time) -> None:
        self.path, self.every, self.now = path, every, now
        with self._open() as base:
            base.execute("PRAGMA journal_mode = WAL")

    def open_room(self) -> tuple[str, str]:
        """A new room's code, and the key that ends it.

        Raises:
            InputError: there are too many.
        """
        with self._open() as base:
            self._forget(base)
            if base.execute("SELECT count(*) FROM rooms").fetchone()[0] >= MOST_ROOMS:
                raise InputError(f"There are {MOST_ROOMS} rooms already; try again tomorrow, or end one of yours.")
            code, key = _code(ROOM_LENGTH), _code(CODE_LENGTH)
            base.execute("INSERT INTO rooms VALUES (?, ?, ?)", (code, key, self.now()))
        return code, key

    def end_room(self, code: str, key: str) -> None:
        """Delete a room and everything that was answered in it.

        Raises:
            InputError: there is no such room, or its key is another.
        """
        with self._open() as base:
            found = self._room(base, code)
            if not secrets.compare_digest(found["key"], _typed(key)):
                raise InputError(f"The key does not end room {found['code']}; it was shown to whoever opened it.")
            base.execute("DELETE FROM rooms WHERE code = ?", (found["code"],))

    def begin(self, count: int, room: str | None = None) -> Participant:
        """Somebody who takes part in so many trials, by themselves or in a room.

        Raises:
            InputError: there is no such room, or there are too many participants.
        """
        with self._open() as base:
            self._forget(base)
            if base.execute("SELECT count(*) FROM participants").fetchone()[0] >= MOST_PARTICIPANTS:
                raise InputError("More people took part than this studio can keep; try again tomorrow.")
            inside = None if room is None else self._room(base, room)["code"]
            code, seed = _code(CODE_LENGTH), secrets.randbelow(2**32)
            base.execute("INSERT INTO participants VALUES (?, ?, ?, ?, ?)", (code, inside, seed, count, self.now()))
        return Participant(code, inside, plan(self.every, count, seed))

    def resume(self, code: str) -> tuple[Participant, list[Answer]]:
        """Who has that code, and what they have answered so far.

        Raises:
            InputError: nobody has it.
        """
        with self._open() as base:
            found = self._participant(base, code)
            rows = base.execute("SELECT * FROM answers WHERE participant = ? ORDER BY trial", (found.code,))
            return found, [_given(row).answer for row in rows]

    def give(self, code: str, answers: Sequence[Answer]) -> None:
        """Keep a participant's answers. One that was given before, and is the same, is passed over.

        Raises:
            InputError: nobody has that code; an answer is to no trial of theirs, cannot have been given so, or is
                another than was given before. None of them is kept then.
        """
        with self._open() as base:
            found = self._participant(base, code)
            for answer in answers:
                asked = _checked(answer, found.trials)
                row = (
                    found.code,
                    answer.trial,
                    asked.condition,
                    asked.shown,
                    asked.target,
                    *answer[1:4],
                    int(answer.missed),
                )
                base.execute("INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
                kept = base.execute(
                    "SELECT * FROM answers WHERE participant = ? AND trial = ?", (found.code, answer.trial)
                ).fetchone()
                if _given(kept).answer != answer:
                    raise InputError(
                        f"Trial {answer.trial + 1} was answered before, otherwise; the first answer counts."
                    )

    def delete(self, code: str) -> None:
        """Delete a participant and what they answered.

        Raises:
            InputError: nobody has that code.
        """
        with self._open() as base:
            base.execute("DELETE FROM participants WHERE code = ?", (self._participant(base, code).code,))

    def given(self, *, room: str | None = None, participant: str | None = None) -> list[Given]:
        """All answers of a room, or of a participant.

        Raises:
            InputError: there is none with that code.
        """
        with self._open() as base:
            if participant is not None:
                place, code = "p.code", self._participant(base, participant).code
            else:
                place, code = "p.room", self._room(base, room or "")["code"]
            rows = base.execute(
                f"SELECT a.* FROM answers a JOIN participants p ON p.code = a.participant WHERE {place} = ? "
                "ORDER BY p.begun, a.participant, a.trial",
                (code,),
            )
            return [_given(row) for row in rows]

    def count(self, room: str) -> tuple[int, int]:
        """How many people have answered in a room, and how often.

        Raises:
            InputError: there is no such room.
        """
        with self._open() as base:
            people, answers = base.execute(
                "SELECT count(DISTINCT a.participant), count(*) FROM answers a "
                "JOIN participants p ON p.code = a.participant WHERE p.room = ?",
                (self._room(base, room)["code"],),
            ).fetchone()
        return people, answers

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A connection whose changes are kept all, or none where it ends by an error.

        Raises:
            DeviceError: the disk is full or cannot be written, or others write for too long.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self.path, timeout=WAIT, isolation_level="IMMEDIATE")) as base:
                base.row_factory = sqlite3.Row
                base.execute("PRAGMA foreign_keys = ON")
                base.executescript(TABLES)  # Whoever runs the studio may have removed the file meanwhile.
                with base:
                    yield base
        except OSError as error:
            raise DeviceError(NOT_NOW.format(error.strerror)) from error
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in TROUBLES:
                raise
            raise DeviceError(NOT_NOW.format(error)) from error

    def _forget(self, base: sqlite3.Connection) -> None:
        oldest = self.now() - KEPT_SECONDS
        base.execute("DELETE FROM rooms WHERE opened < ?", (oldest,))
        base.execute(
            "DELETE FROM rooms WHERE opened < ? AND code NOT IN (SELECT room FROM participants WHERE room IS NOT NULL)",
            (self.now() - EMPTY_SECONDS,),
        )
        base.execute("DELETE FROM participants WHERE begun < ?", (oldest,))

    def _room(self, base: sqlite3.Connection, code: str) -> Mapping[str, Any]:
        found = base.execute("SELECT * FROM rooms WHERE code = ?", (_typed(code),)).fetchone()
        if found is None:
            raise InputError(f"There is no room {code[:20]!r}; its code has {ROOM_LENGTH} letters and digits.")
        return dict(found)

    def _participant(self, base: sqlite3.Connection, code: str) -> Participant:
        found = base.execute("SELECT * FROM participants WHERE code = ?", (_typed(code),)).fetchone()
        if found is None:
            raise InputError(f"Nobody has the code {code[:20]!r}; their answers may have been deleted.")
        return Participant(found["code"], found["room"], plan(self.every, found["trials"], found["seed"]))


def _checked(answer: Answer, trials: Sequence[Trial]) -> Stimulus:
    if not 0 <= answer.trial < len(trials):
        raise InputError(f"There is no trial {answer.trial + 1}; there are {len(trials)}.")
    trial, number = trials[answer.trial], answer.trial + 1
    if (answer.chosen is None) != (answer.milliseconds is None):
        raise InputError(f"Trial {number} has a choice without a time, or a time without a choice.")
    if answer.chosen not in (None, trial.left, trial.right):
        raise InputError(
            f"Trial {number} asked for {trial.left} or {trial.right}, not for {str(answer.chosen)[:20]!r}."
        )
    if answer.milliseconds is not None and not SOONEST <= answer.milliseconds <= LATEST:
        raise InputError(
            f"Trial {number} was answered {answer.milliseconds:g} milliseconds after its picture; an answer counts "
            f"from {SOONEST:g} to {LATEST:g}."
        )
    if not 0 <= answer.exposure <= LONGEST_EXPOSURE:
        raise InputError(
            f"Trial {number} showed its picture for {answer.exposure:g} milliseconds; it can have been 0 to "
            f"{LONGEST_EXPOSURE:g}."
        )
    return trial.stimulus


def _given(row: sqlite3.Row) -> Given:
    answer = Answer(row["trial"], row["chosen"], row["milliseconds"], row["exposure"], bool(row["missed"]))
    return Given(row["participant"], answer, row["condition"], row["shown"], row["target"])


def _code(length: int) -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(length))


def _typed(code: str) -> str:
    """A code as it is kept, however a hand has typed it."""
    return re.sub("[^A-Z0-9]", "", code.upper())
