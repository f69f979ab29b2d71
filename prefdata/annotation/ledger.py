"""The money for judgments of people: reserved before a task leaves, settled when it comes back.

The events are rows of the table ``vote_ledger``, to which rows are only ever added. An event is
one judgment that a plan asks for; its id is the digest of plan, comparison, arm and number. It is
``reserved`` once, and then becomes one of these:

- ``done``: a judgment came, and is paid.
- ``failed``: work came that cannot be used (it cannot be read, or the order shown is not the one
  handed off); it is paid too.
- ``refunded``: nobody worked for it, such as a task that was skipped.

An event counts as what is highest in this order: done, failed, refunded, reserved. So a file that
is mended turns what failed into a judgment, and who answers what somebody skipped is paid, and
nothing is paid twice.

Writers of one workspace take turns by a lock, so what is there is seen by whoever comes next; a
process that is killed loses the lock with its life.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl

from prefdata.annotation.settling import STATUSES, settlements
from prefdata.annotation.tasks import FOLDER
from prefdata.core.errors import BudgetError, ConflictError
from prefdata.core.fingerprint import digest
from prefdata.core.locks import try_lock
from prefdata.schema import conform, polars_schema, table_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prefdata.catalog import Catalog

__all__ = ["Ledger", "Reserved", "event_id"]

_TABLE = "vote_ledger"
_BY = ("plan_id", "source", "currency")
_PATIENCE_SECONDS = 60.0
_POLL_SECONDS = 0.02
_LAST_BIT = 1e-9  # Sums of prices differ by as much, depending on their order.


def event_id(plan: str, comparison: str, arm: str, vote: int) -> str:
    """Return the name of an event: the digest of plan, comparison, arm and number of the vote."""
    return digest([plan, comparison, arm, vote])


@dataclass(frozen=True, slots=True)
class Reserved:
    """Judgments that a batch asks for."""

    votes: pl.DataFrame
    """comparison_id, and ``n_votes`` of it that are asked for."""
    n_votes: int
    cost: float
    currency: str | None
    n_waiting: int
    """Judgments of the same comparisons that are out under other plans, and not asked for again."""
    is_new: bool
    """False where the batch was reserved before; then it stays as it was."""
    spent: float
    """What was paid for the sources before, in the currency, over all plans."""
    promised: float
    """What was reserved for them before and is still out."""


class Ledger:
    """The ledger of one workspace."""

    def __init__(self, catalog: Catalog) -> None:
        """Use the table of a catalog."""
        self._catalog = catalog

    def events(self) -> pl.DataFrame:
        """Return one row for each event, as what it counts now, sorted by its id.

        Returns:
            The columns of ``vote_ledger`` without ``at``, and ``is_asked``: false for work beyond
            what was reserved.
        """
        rows = self._catalog.scan(_TABLE).drop("at").unique(["event_id", "status"]).collect()
        height = pl.col("status").replace_strict(STATUSES, return_dtype=pl.Int8)
        is_asked = (pl.col("status") == "reserved").any().over("event_id")
        return (
            rows.with_columns(pl.col("status").cast(pl.String), is_asked=is_asked)
            .sort("event_id", height)
            .unique("event_id", keep="last", maintain_order=True)
        )

    def balance(self, events: pl.DataFrame | None = None, *more: str) -> pl.DataFrame:
        """Add the events up, by plan, source and currency.

        Args:
            events: As `events` returns them; read when None.
            more: Further columns to tell apart, such as ``batch``.

        Returns:
            ``n_asked`` and ``reserved`` (all that was ever promised), and counts and costs of
            what it became: ``n_open`` and ``open``, ``n_done`` and ``done``, ``n_failed`` and
            ``failed``, ``n_refunded`` and ``refunded``.
        """
        found = self.events() if events is None else events
        sums = [pl.len().alias("n_asked"), pl.col("cost").sum().alias("reserved")]
        for name, status in (("open", "reserved"), *((s, s) for s in list(STATUSES)[1:])):
            is_it = pl.col("status") == status
            sums += [is_it.sum().alias(f"n_{name}"), pl.col("cost").filter(is_it).sum().alias(name)]
        keys = [*_BY, *more]
        # Sorted: sums of prices in another order may differ in their last bit.
        return found.sort("event_id").group_by(keys, maintain_order=True).agg(sums).sort(keys)

    def reserve(
        self, asked: pl.DataFrame, *, tool: str, budget: float | None = None, is_dry: bool = False
    ) -> Reserved:
        """Reserve the judgments of one batch of one plan: all of them at once, and once only.

        Judgments of the same comparison for the same arm that are out under another plan are not
        asked for again: they may still come.

        Args:
            asked: Rows of `routes`: plan_id, batch, source, comparison_id, arm, n_votes, cost
                (of all its votes) and currency.
            tool: Where they are handed off to.
            budget: The most that the sources of the batch may cost, in its currency: what was
                paid and what is promised, over all plans.
            is_dry: Write nothing, and refuse nothing.

        Raises:
            BudgetError: If the batch would go beyond the budget; nothing is written.
            ConflictError: If another process does not let go of the ledger.
        """
        if is_dry:
            return self._asked(asked, tool)[0]
        with self._alone():
            reserved, rows = self._asked(asked, tool)
            if reserved.is_new and budget is not None:
                _refuse_beyond(budget, reserved)
            if reserved.is_new and rows.height:
                plan, batch = asked["plan_id"][0], asked["batch"][0]
                message = f"reserve {rows.height} judgments of batch {batch} of {plan[:12]}"
                self._append(rows, message)
        return reserved

    def _asked(self, asked: pl.DataFrame, tool: str) -> tuple[Reserved, pl.DataFrame]:
        """Return what a batch asks for, and the events of it that are to be written."""
        events = self.events()
        keys = ["plan_id", "batch", "comparison_id"]
        own = events.filter("is_asked").join(asked, on=keys, how="semi").drop("is_asked")
        is_new = own.is_empty()
        n_waiting = 0
        if is_new:
            own, n_waiting = _new_events(asked, events, tool)
        currencies = asked["currency"].unique()
        money = self.balance(events).join(asked, on=["source", "currency"], how="semi")
        reserved = Reserved(
            votes=own.group_by("comparison_id").agg(n_votes=pl.len().cast(pl.Int32)),
            n_votes=own.height,
            cost=float(own.sort("event_id")["cost"].sum()),
            currency=currencies[0] if len(currencies) == 1 else None,
            n_waiting=n_waiting,
            is_new=is_new,
            spent=float(money["done"].sum()) + float(money["failed"].sum()),
            promised=float(money["open"].sum()),
        )
        return reserved, own if is_new else own.clear()

    def settle(self, outcomes: pl.DataFrame) -> dict[str, int]:
        """Write what became of judgments that were asked for; what is known is not written again.

        Args:
            outcomes: As `prefdata.annotation.settling.outcomes` returns them.

        Returns:
            How many events became ``done``, ``failed`` and ``refunded`` by this call.

        Raises:
            ConflictError: If another process does not let go of the ledger.
        """
        with self._alone():
            rows = settlements(self.events(), outcomes, name=event_id)
            if rows.height:
                self._append(rows, f"settle {rows.height} judgments")
        counts = dict(rows["status"].value_counts().iter_rows())
        return {status: int(counts.get(status, 0)) for status in list(STATUSES)[:0:-1]}

    def close(self, plan: str, batch: int) -> tuple[int, float]:
        """Give up on what a batch still waits for: what is open is refunded.

        A judgment that comes all the same is paid, because done counts more than refunded.

        Args:
            plan: The name of the plan.
            batch: Number of the batch.

        Returns:
            How many judgments were open, and what had been reserved for them.

        Raises:
            ConflictError: If another process does not let go of the ledger.
        """
        with self._alone():
            is_open = pl.col("status") == "reserved"
            found = self.events().filter(is_open, plan_id=plan, batch=batch).drop("is_asked")
            if found.height:
                refunded = found.with_columns(status=pl.lit("refunded"))
                self._append(refunded, f"close batch {batch} of {plan[:12]}")
        return found.height, float(found.sort("event_id")["cost"].sum())

    def _append(self, rows: pl.DataFrame, message: str) -> None:
        there = self._catalog.scan(_TABLE).select("event_id", pl.col("status").cast(pl.String))
        new = rows.join(there.collect(), on=["event_id", "status"], how="anti")
        at = datetime.now(UTC).replace(tzinfo=None)
        frame = new.sort("event_id").with_columns(at=pl.lit(at, pl.Datetime("us")))
        with self._catalog.write() as write:
            write.put(_TABLE, (), conform(frame, table_schema(_TABLE)))
            write.commit(message)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Wait for the one right to write to the ledger of this workspace.

        Raises:
            ConflictError: If it does not come.
        """
        path = self._catalog.workspace.root / FOLDER / ".ledger.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        until = time.monotonic() + _PATIENCE_SECONDS
        # The file stays: one that is removed could be locked by two, by its old and its new node.
        with path.open("a") as file:
            while not try_lock(file):
                if time.monotonic() > until:
                    raise ConflictError(
                        f"Another process has had the ledger for {_PATIENCE_SECONDS:.0f} seconds.",
                        where=str(path),
                        fix="Run the same command again when the other one is done.",
                    )
                time.sleep(_POLL_SECONDS)
            yield


def _new_events(asked: pl.DataFrame, events: pl.DataFrame, tool: str) -> tuple[pl.DataFrame, int]:
    """Return the events of a batch that was never handed off, and how many are out elsewhere."""
    plan = asked["plan_id"].unique().to_list()
    out = (
        events.filter(pl.col("status") == "reserved", ~pl.col("plan_id").is_in(plan))
        .group_by("comparison_id", "arm")
        .agg(waiting=pl.len().cast(pl.Int32))
    )
    rows = asked.join(out, on=["comparison_id", "arm"], how="left").with_columns(
        waiting=pl.min_horizontal(pl.col("waiting").fill_null(0), "n_votes")
    )
    votes = (
        rows.with_columns(
            price=pl.col("cost") / pl.col("n_votes"),
            vote=pl.int_ranges(1, pl.col("n_votes") - pl.col("waiting") + 1, dtype=pl.Int32),
        )
        .explode("vote")
        .drop_nulls("vote")
    )
    # A loop over rows: each is the work of a person.
    ids = [event_id(*key) for key in votes.select("plan_id", "comparison_id", "arm", "vote").rows()]
    schema = {n: t for n, t in polars_schema(table_schema(_TABLE)).items() if n != "at"}
    found = votes.with_columns(
        event_id=pl.Series(ids, dtype=pl.String),
        status=pl.lit("reserved"),
        cost="price",
        annotator_id=pl.lit(None, pl.String),
        tool=pl.lit(tool),
    ).select(pl.col(name).cast(dtype) for name, dtype in schema.items())
    return found.with_columns(pl.col("status").cast(pl.String)), int(rows["waiting"].sum())


def _refuse_beyond(budget: float, reserved: Reserved) -> None:
    spent, promised = reserved.spent, reserved.promised
    if spent + promised + reserved.cost <= budget + _LAST_BIT:
        return
    of = reserved.currency or ""
    raise BudgetError(
        f"The batch asks for {reserved.n_votes:,} judgments at {reserved.cost:,.2f} {of}, and "
        f"{budget - spent - promised:,.2f} {of} of the budget of {budget:,.2f} {of} are left: "
        f"{spent:,.2f} are spent and {promised:,.2f} reserved.",
        where="the table vote_ledger: prefdata annotate status",
        fix="Import what has come back; give up on what will not, which frees its money "
        "(prefdata annotate close --batch N); or raise --budget.",
    )
