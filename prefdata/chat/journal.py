"""What was sent and answered on this machine and is not in the tables yet.

A commit to the catalog takes a good part of a second, an answer a fraction of a millisecond, so
answers are written here first, and go to the tables in stretches. An attempt is written before it
is sent: a process that is killed leaves a note of each request that was on its way. What a dead
process left is taken up by the next one; what a live one holds is left alone, which is told by a
lock that dies with its process.

Everything is in one SQLite file, so several processes see what all of them together have spent.
"""

from __future__ import annotations

import sqlite3
import time
import uuid
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Self

from prefdata.chat.kept import AnswerRow
from prefdata.chat.ledger import Tally
from prefdata.core.errors import SetupError
from prefdata.core.locks import Lock

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from pathlib import Path
    from types import TracebackType

__all__ = ["Account", "Journal", "Stretch"]

_FILE = "journal.db"
_BUSY_SECONDS = 60.0
_PAUSE_SECONDS = 0.01
_CHECKPOINT_PAGES = 8000
"""Pages of 4 KB; each checkpoint waits for the disk."""
_COUNTS = Tally.names()


def _type(name: str) -> str:
    return "REAL" if name.endswith("cost") else "INTEGER"


_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS moves (n INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS owners (owner INTEGER PRIMARY KEY AUTOINCREMENT, lock TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS stretches (
  stretch TEXT PRIMARY KEY, owner INTEGER NOT NULL, is_closed INTEGER NOT NULL DEFAULT 0,
  step TEXT NOT NULL, purpose TEXT NOT NULL, chat TEXT NOT NULL, model TEXT NOT NULL,
  server TEXT NOT NULL, currency TEXT,
  {", ".join(f"{name} {_type(name)} NOT NULL DEFAULT 0" for name in _COUNTS)},
  started_at REAL, ended_at REAL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS attempts (
  owner INTEGER NOT NULL, number INTEGER NOT NULL, stretch TEXT NOT NULL,
  reserved REAL NOT NULL, PRIMARY KEY (owner, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS answers (stretch TEXT NOT NULL, {", ".join(AnswerRow._fields)});
CREATE INDEX IF NOT EXISTS answers_stretch ON answers (stretch);
"""
_ADDED = ", ".join(f"{name} = {name} + ?" for name in _COUNTS)
# The names in these statements are columns of ours; values are bound.
_ADD = f"""
UPDATE stretches SET {_ADDED}, started_at = coalesce(started_at, ?), ended_at = ?
WHERE stretch = ?
"""  # noqa: S608
_CLOSED = f"""
SELECT stretch, step, purpose, chat, model, server, currency,
  coalesce(started_at, 0), coalesce(ended_at, started_at, 0), {", ".join(_COUNTS)}
FROM stretches WHERE owner = ? AND is_closed ORDER BY started_at, stretch
"""  # noqa: S608
_ANSWERS = f"SELECT {', '.join(AnswerRow._fields)} FROM answers"  # noqa: S608
_ANSWER = f"INSERT INTO answers VALUES ({', '.join('?' * (1 + len(AnswerRow._fields)))})"  # noqa: S608


@dataclass(frozen=True, slots=True)
class Account:
    """On whose account requests are sent."""

    step: str
    purpose: str
    chat: str
    model: str
    server: str
    currency: str | None
    """None where no price was given."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of calls that has come to its end."""

    name: str
    """Becomes its ``spending_id``."""
    account: Account
    tally: Tally
    started_at: float
    """Seconds since 1970."""
    ended_at: float


class Journal:
    """The journal of a workspace, as one call of a chat model sees it; a context manager."""

    def __init__(self, folder: Path) -> None:
        """Open the journal of a folder, or begin it; use the methods within ``with``."""
        self._folder = folder
        self._lock: Lock | None = None
        self._owner = -1
        self._n_attempts = 0
        folder.mkdir(parents=True, exist_ok=True)
        with _told(folder):
            self._db = _connect(folder / _FILE)
            with self.transaction():
                for statement in _SCHEMA.split(";"):
                    self._db.execute(statement)
                if self._db.execute("SELECT count(*) FROM moves").fetchone() == (0,):
                    self._db.execute("INSERT INTO moves VALUES (0)")

    @classmethod
    def exists(cls, folder: Path) -> bool:
        """Tell whether a folder has a journal."""
        return (folder / _FILE).is_file()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it; what is still in it is for the next one to take up."""
        with _told(self._folder):
            if self._lock is not None:
                with self.transaction():
                    kept = self._db.execute(
                        "SELECT count(*) FROM stretches WHERE owner = ?", (self._owner,)
                    ).fetchone()
                    if kept == (0,):
                        self._db.execute("DELETE FROM owners WHERE owner = ?", (self._owner,))
                self._lock.release()
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do all that is within, or nothing; other processes wait meanwhile."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def _own(self) -> int:
        """Return the number under which this call writes; it has one from its first write on."""
        if self._lock is None:
            name = f"{uuid.uuid4().hex}.lock"
            self._lock = Lock.take(self._folder / name, is_new=True)
            found = self._db.execute("INSERT INTO owners (lock) VALUES (?)", (name,))
            self._owner = found.lastrowid or 0
        return self._owner

    def begin(self, account: Account) -> str:
        """Begin a stretch of calls, and return its name."""
        with _told(self._folder), self.transaction():
            return self._begin(account)

    def _begin(self, account: Account) -> str:
        name = uuid.uuid4().hex
        self._db.execute(
            "INSERT INTO stretches (stretch, owner, step, purpose, chat, model, server, currency) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (name, self._own(), *astuple(account)),
        )
        return name

    def roll(self, stretch: str, account: Account) -> str:
        """Close a stretch and begin the next; what is on its way will be counted there."""
        with _told(self._folder), self.transaction():
            name = self._begin(account)
            self._db.execute("UPDATE attempts SET stretch = ? WHERE stretch = ?", (name, stretch))
            self._close(stretch)
            return name

    def close(self, stretch: str) -> Tally:
        """Close a stretch; return the counts of attempts still on their way, which are lost."""
        with _told(self._folder), self.transaction():
            return self._lose(stretch)

    def _close(self, stretch: str) -> None:
        self._db.execute("UPDATE stretches SET is_closed = 1 WHERE stretch = ?", (stretch,))

    def _lose(self, stretch: str) -> Tally:
        n, reserved = self._db.execute(
            "SELECT count(*), total(reserved) FROM attempts WHERE stretch = ?", (stretch,)
        ).fetchone()
        self._db.execute("DELETE FROM attempts WHERE stretch = ?", (stretch,))
        lost = Tally(n_attempts=n, n_lost=n, uncertain_cost=reserved)
        if n:
            self._add(stretch, lost, time.time())
        self._close(stretch)
        return lost

    def _add(self, stretch: str, tally: Tally, now: float) -> None:
        self._db.execute(_ADD, (*tally.values(), now, now, stretch))

    # Within a transaction of the caller's, several of these at once.

    def settle(
        self, stretch: str, numbers: Sequence[int], tally: Tally, rows: Iterable[AnswerRow]
    ) -> None:
        """Write what came of attempts: their counts, and the final answers among them."""
        self._db.executemany(
            "DELETE FROM attempts WHERE owner = ? AND number = ?",
            [(self._owner, number) for number in numbers],
        )
        self._db.executemany(_ANSWER, [(stretch, *row) for row in rows])
        self._add(stretch, tally, time.time())

    def reserve(self, stretch: str, most: Sequence[float]) -> list[int]:
        """Write that requests are about to be sent, and the most that each may cost."""
        start = self._n_attempts
        self._n_attempts += len(most)
        numbers = list(range(start, self._n_attempts))
        self._db.executemany(
            "INSERT INTO attempts VALUES (?, ?, ?, ?)",
            [(self._owner, n, stretch, cost) for n, cost in zip(numbers, most, strict=True)],
        )
        if not start:
            self._db.execute(
                "UPDATE stretches SET started_at = ? WHERE stretch = ?", (time.time(), stretch)
            )
        return numbers

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Begin a transaction for what follows, and say where the journal is when it fails."""
        with _told(self._folder), self.transaction():
            yield

    def n_moves(self) -> int:
        """Return how often rows went from here to the tables."""
        return int(self._db.execute("SELECT n FROM moves").fetchone()[0])

    def spent(self, account: Account, moved: Collection[str]) -> float:
        """Return what all processes have spent or reserved on an account's step and model.

        Args:
            account: Its purpose and chat do not matter.
            moved: Names of stretches that are counted in the tables already.
        """
        rows = self._db.execute(
            "SELECT stretch, cost + uncertain_cost + "
            "(SELECT total(reserved) FROM attempts AS a WHERE a.stretch = s.stretch) "
            "FROM stretches AS s WHERE step = ? AND model = ? AND server = ? AND currency IS ?",
            (account.step, account.model, account.server, account.currency),
        )
        return float(sum(cost for name, cost in rows if name not in moved))

    # What goes to the tables.

    def take_up(self) -> int:
        """Make what dead processes left one's own; return how many attempts were lost."""
        with _told(self._folder):
            others = self._db.execute(
                "SELECT owner, lock FROM owners WHERE owner <> ?", (self._owner,)
            ).fetchall()
            return sum(self._take(owner, name) for owner, name in others)

    def _take(self, owner: int, name: str) -> int:
        lock = Lock.take(self._folder / name)
        if lock is None:
            return 0
        try:
            with self.transaction():
                stretches = self._db.execute(
                    "SELECT stretch FROM stretches WHERE owner = ?", (owner,)
                ).fetchall()
                lost = sum(self._lose(stretch).n_lost for (stretch,) in stretches)
                if stretches:
                    self._db.execute(
                        "UPDATE stretches SET owner = ? WHERE owner = ?", (self._own(), owner)
                    )
                self._db.execute("DELETE FROM owners WHERE owner = ?", (owner,))
                return lost
        finally:
            lock.release()

    def closed(self) -> list[Stretch]:
        """Return the own stretches that have come to their end."""
        with _told(self._folder):
            rows = self._db.execute(_CLOSED, (self._owner,)).fetchall()
        return [
            Stretch(name, Account(*row[:6]), Tally(*row[8:]), row[6], row[7]) for name, *row in rows
        ]

    def answers(self, stretch: str) -> list[AnswerRow]:
        """Return the answers of a stretch, in the order in which they came."""
        return self._answers("stretch = ?", stretch)

    def answers_of(self, chat: str) -> list[AnswerRow]:
        """Return all answers of a chat model that are here, whichever process holds them."""
        return self._answers("stretch IN (SELECT stretch FROM stretches WHERE chat = ?)", chat)

    def _answers(self, condition: str, value: str) -> list[AnswerRow]:
        with _told(self._folder):
            rows = self._db.execute(f"{_ANSWERS} WHERE {condition} ORDER BY rowid", (value,))
            found = rows.fetchall()
        return [AnswerRow(*row) for row in found]

    def forget(self, stretches: Iterable[str]) -> None:
        """Remove stretches that are in the tables."""
        names = [(name,) for name in stretches]
        with _told(self._folder), self.transaction():
            self._db.executemany("DELETE FROM answers WHERE stretch = ?", names)
            self._db.executemany("DELETE FROM stretches WHERE stretch = ?", names)
            self._db.execute("UPDATE moves SET n = n + 1")


def _connect(path: Path) -> sqlite3.Connection:
    """Open the file; SQLite itself does not wait where another one opens or closes it just now."""
    until = time.monotonic() + _BUSY_SECONDS
    while True:
        db = sqlite3.connect(
            path,
            timeout=_BUSY_SECONDS,
            isolation_level=None,  # transactions are begun by hand
            check_same_thread=False,  # a loop in a thread of its own, one after the other
        )
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            db.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        except sqlite3.OperationalError as error:
            db.close()
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            return db


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """Say where the journal is when it cannot be used."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise SetupError(
            f"The journal of answers cannot be used: {error}.",
            where=str(folder / _FILE),
            fix="Check that the disk is not full and that you may write there; run again: what "
            "was answered is kept.",
        ) from error
