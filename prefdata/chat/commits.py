"""From the journal to the tables, each row once whatever is killed in between.

The name of a stretch is chosen in the journal and becomes the id of its row in ``spending``, which
is committed together with its answers. If a process dies after the commit and before the journal
is cleared, the next one finds that id in the table, and only clears.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.chat.kept import answers_frame
from prefdata.schema import conform, table_schema

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prefdata.catalog import Catalog
    from prefdata.catalog.write import Write
    from prefdata.chat.journal import Journal, Stretch

__all__ = ["move"]


def move(catalog: Catalog, journal: Journal) -> int:
    """Move the stretches that have come to their end; return how many answers were moved.

    Raises:
        SetupError: If the catalog cannot be written; the journal keeps what it holds.
    """
    closed = journal.closed()
    if not closed:
        return 0
    there = _in_table(catalog, closed)
    todo = [one for one in closed if one.name not in there and one.tally.n_attempts]
    n = 0
    if todo:
        with catalog.write() as write:
            for stretch in todo:
                n += _put_answers(write, journal, stretch)
            write.put("spending", (), _spending(todo))
            names = dict.fromkeys(f"{one.account.step}: {one.account.purpose}" for one in todo)
            write.commit(f"{', '.join(names)}, {n} answers")
    journal.forget(stretch.name for stretch in closed)
    return n


def _in_table(catalog: Catalog, closed: Sequence[Stretch]) -> set[str]:
    names = [stretch.name for stretch in closed]
    found = catalog.scan("spending").select("spending_id")
    return set(found.filter(pl.col("spending_id").is_in(names)).collect()["spending_id"])


def _put_answers(write: Write, journal: Journal, stretch: Stretch) -> int:
    rows = journal.answers(stretch.name)
    if rows:
        account = stretch.account
        frame = answers_frame(
            rows,
            chat=account.chat,
            purpose=account.purpose,
            model=account.model,
            server=account.server,
        )
        write.put("answers", (account.chat,), frame)
    return len(rows)


def _spending(stretches: Sequence[Stretch]) -> pl.DataFrame:
    return conform(pl.DataFrame([_row(stretch) for stretch in stretches]), table_schema("spending"))


def _row(stretch: Stretch) -> dict[str, Any]:
    account, tally = stretch.account, stretch.tally
    counts: dict[str, Any] = dict(zip(tally.names(), tally.values(), strict=True))
    if account.currency is None:
        counts |= {"cost": None, "uncertain_cost": None}
    started = datetime.fromtimestamp(stretch.started_at, UTC).replace(tzinfo=None)
    return {
        "spending_id": stretch.name,
        "step": account.step,
        "purpose": account.purpose,
        "chat": account.chat,
        "model": account.model,
        "server": account.server,
        **counts,
        "currency": account.currency,
        "started_at": started,
        "duration_seconds": max(stretch.ended_at - stretch.started_at, 0.0),
    }
