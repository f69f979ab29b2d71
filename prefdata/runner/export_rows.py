"""Rows of an export: which pairs of a snapshot go out, and their texts, as a stream.

Who is selected is settled first, over ids alone; the texts of those are read last.
"""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.core.errors import RelationError, UnknownNameError
from prefdata.core.memory import sql_memory_bytes
from prefdata.fetch.cards import card, card_names
from prefdata.protocols import MORE_COLUMNS, Policies
from prefdata.runner.export_blocks import Blocks, Places, frames_of
from prefdata.runner.export_policies import leave_out
from prefdata.runner.export_queries import NOBODY, Queries, queries_of, selected_sql

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from prefdata.catalog import Session

__all__ = ["Rows", "Selection", "Settled", "little_memory", "rows_of", "settle"]

_BATCH_ROWS = 8_192
# Beyond these SQL would spill the texts while it sorts; read back, they take some 0.7 GB.
_BLOCK_PAIRS = 1 << 17
# Cut into the pieces of a hundred blocks, fewer would compress worse.
_READ_ROWS = 1 << 18
# Sorting a million pairs with their texts spills to disk beyond this.
_SORT_BYTES = 1 << 30
_COLUMNS = (
    "pair_id",
    "source",
    "subset",
    "prompt_id",
    "prompt",
    "chosen",
    "rejected",
    "margin",
    "margin_unit",
    "strength",
    "n_votes",
    "aspect",
    "annotator_id",
    "chosen_model",
    "rejected_model",
    "language",
    "split",
)
_ANSWERED = "_answered_license"
_number = itertools.count()


@dataclass(frozen=True, slots=True)
class Selection:
    """Which pairs of a snapshot are exported."""

    pairs: str
    """Step whose pairs they are."""
    decisions: str | None = None
    """Step that decides which of them are in; all when None."""
    splits: str | None = None
    """Step that assigns the splits; one split ``train`` when None."""
    rationales: str | None = None
    """Step that let rationales pass; none are read when None."""
    sources: tuple[str, ...] | None = None
    """Sources that are exported; all when None."""
    policies: Policies = field(default_factory=Policies)
    removals: pl.DataFrame | None = None
    """What must not leave: columns subject and id; see `leave_out`."""


@dataclass(frozen=True, slots=True)
class Settled:
    """Which pairs go out, settled; `settle` makes it."""

    table: str
    """Table of the session with their ids, in order of ``pair_id``."""
    n_selected: int
    """Pairs of the step that decisions and sources let in."""
    left_out: dict[str, int]
    """Reason to pairs that policies and removals took out of them."""


class Rows:
    """The pairs that a selection yields; `rows_of` makes it."""

    def __init__(
        self,
        session: Session,
        settled: Settled,
        queries: Queries,
        columns: tuple[str, ...],
        values: dict[str, Any],
    ) -> None:
        """Take the table of pairs, and the queries of their texts."""
        self._session = session
        self.table = settled.table
        """Table of the session with the ids of the pairs that come."""
        self.n_selected, self.left_out = settled.n_selected, settled.left_out
        self.n_kept = self.n_selected - sum(self.left_out.values())
        """Pairs that come, in all batches together."""
        self._queries = queries
        self._columns = columns
        self._values = values

    def batches(self) -> Iterator[pl.DataFrame]:
        """Yield the pairs with their texts in order of ``pair_id``, columns as `Exporter` says.

        Raises:
            RelationError: If a pair points to a prompt or a response that is not there.
        """
        if self.n_kept <= _BLOCK_PAIRS:
            yield from self._sorted()
        else:
            yield from frames_of(self._by_blocks(), _BATCH_ROWS)

    def _sorted(self) -> Iterator[pl.DataFrame]:
        """Let SQL sort pairs and responses apart, in one pass each, and put them together here.

        A join of all of them would have the texts in memory several times.
        """
        # Two results at a time need two connections; they see the same tables.
        with self._session.connection.cursor() as one, self._session.connection.cursor() as other:
            read = _read(one, self._queries.pairs, self._values, _BATCH_ROWS)
            pairs = frames_of(read, _BATCH_ROWS)
            read = _read(other, self._queries.sides, {}, 2 * _BATCH_ROWS)
            responses = frames_of(read, 2 * _BATCH_ROWS)
            n_rows = 0
            for frame in pairs:
                n_rows += frame.height
                said = next(responses, None)
                if said is None or not _belong_together(frame, said):
                    raise self._missing()
                yield _put_together(frame, said, self._columns)
            if n_rows != self.n_kept:
                raise self._missing()

    def _by_blocks(self) -> Iterator[pl.DataFrame]:
        """Read each table once, put its rows away by the block that they go out with, read back.

        Sorting the texts of 15 million pairs took more than 26 GB of disk.
        """
        folder, size = self._session.scratch, _BLOCK_PAIRS
        queries = self._queries
        with (
            Blocks(size, folder) as heads,
            Blocks(size, folder) as prompts,
            Blocks(2 * size, folder) as responses,
        ):
            self._put_away(queries.prompts, "prompt_id", queries.prompt_places, prompts)
            self._put_away(queries.responses, "response_id", queries.side_places, responses)
            with self._session.connection.cursor() as connection:
                for frame in _read(connection, queries.heads, self._values, _READ_ROWS):
                    heads.put(frame)
            n_rows = 0
            # Places count all that were selected, and policies left some of them out.
            for block in range(self.n_selected // size + 1):
                pairs, asked, said = (kept.take(block) for kept in (heads, prompts, responses))
                if not pairs.height and not said.height:
                    continue
                if not pairs["place"].equals(asked["place"]) or not _belong_together(pairs, said):
                    raise self._missing()
                n_rows += pairs.height
                pairs = pairs.with_columns(asked.drop("place").get_columns())
                yield _put_together(pairs, said, self._columns)
        if n_rows != self.n_kept:
            raise self._missing()

    def _put_away(self, texts: str, key: str, places: str, to: Blocks) -> None:
        """Put the texts of a table to each place where one goes out."""
        with self._session.connection.cursor() as connection:
            read = _read(connection, places, {}, _READ_ROWS)
            known = Places((frame["id"], frame["place"].to_numpy()) for frame in read)
            for frame in _read(connection, texts, self._values, _READ_ROWS):
                to.put(known.rows(frame, key))

    def _missing(self) -> RelationError:
        return RelationError(
            "A pair points to a prompt or a response that is not there, or is there twice.",
            where="pairs",
            fix="`prefdata verify` names the rows.",
        )


@contextlib.contextmanager
def little_memory(session: Session) -> Iterator[None]:
    """Let SQL spill early: what goes on beside it, such as compressing texts, needs memory too.

    Args:
        session: Whose limit is lowered, and put back afterwards.
    """
    most = sql_memory_bytes()
    session.connection.execute(f"SET memory_limit = '{min(_SORT_BYTES, most)} bytes'")
    try:
        yield
    finally:
        session.connection.execute(f"SET memory_limit = '{most} bytes'")


def settle(session: Session, selection: Selection) -> Settled:
    """Settle which pairs go out; see `leave_out` for the order of policies.

    Args:
        session: The snapshot; a table is made in it.
        selection: What is asked for.

    Raises:
        UnknownNameError: If the subject of a removal is not known.
    """
    table = f"export_{next(_number)}"
    sources = None if selection.sources is None else list(selection.sources)
    asked = {"pairs": selection.pairs, "decisions": selection.decisions, "sources": sources}
    session.connection.execute(selected_sql(table), asked)
    n_selected = session.connection.table(table).shape[0]
    left_out = leave_out(session, table, selection.policies, selection.removals)
    return Settled(table, n_selected, left_out)


def rows_of(
    session: Session,
    selection: Selection,
    settled: Settled,
    *,
    more: Sequence[str] = (),
    takes_critiques: bool = False,
) -> Rows:
    """Return the rows of the pairs that were settled.

    Args:
        session: Where the table of them is.
        selection: What was asked for.
        settled: What `settle` made of it.
        more: Columns of `MORE_COLUMNS` that the frames have besides, in this order.
        takes_critiques: Whether rationales hold what a source says of one response alone.

    Raises:
        UnknownNameError: If a column is not known.
    """
    for name in more:
        if name not in MORE_COLUMNS:
            raise UnknownNameError("column of an export", name, known=MORE_COLUMNS)
    told = ("rationales",) if selection.rationales is not None else ()
    columns = (*_COLUMNS, *told, *more)
    values: dict[str, Any] = {"splits": selection.splits}
    if selection.rationales is not None:
        values["rationales"] = selection.rationales
    names = _sources(session, settled.table)
    if "annotation_license" in more:
        licenses = _licenses(names)
        values |= {"licensed": list(licenses), "licenses": list(licenses.values())}
    queries = queries_of(settled.table, columns, names, takes_critiques=takes_critiques)
    return Rows(session, settled, queries, columns, values)


def _read(
    connection: Any, query: str, values: Mapping[str, Any], n_rows: int
) -> Iterator[pl.DataFrame]:
    used = {name: value for name, value in values.items() if f"${name}" in query}
    for batch in connection.sql(query, params=used).to_arrow_reader(n_rows):
        yield pl.DataFrame(batch)


def _belong_together(pairs: pl.DataFrame, responses: pl.DataFrame) -> bool:
    """Tell whether the responses are those of the pairs, and in the same order."""
    if responses.height != 2 * pairs.height:
        return False
    places = responses["place"]
    return (places.gather_every(2) == 2 * pairs["place"]).all() and (
        places.gather_every(2, 1) == 2 * pairs["place"] + 1
    ).all()


def _put_together(
    pairs: pl.DataFrame, responses: pl.DataFrame, columns: Sequence[str]
) -> pl.DataFrame:
    """Return the pairs with both responses of each."""
    names = {"messages": "{}", "model": "{}_model", "license": "{}_license"}
    sides = [
        responses[column].gather_every(2, offset).alias(name.format(side))
        for column, name in names.items()
        if column in responses.columns
        for offset, side in enumerate(("chosen", "rejected"))
    ]
    if "prompt_license" in columns:
        answered = responses["own_license"].gather_every(2).alias(_ANSWERED)
        license_ = _license_with_answers("prompt_license", _ANSWERED)
        pairs = pairs.with_columns(answered).with_columns(prompt_license=license_)
    return pairs.with_columns(sides).select(columns)


def _license_with_answers(asked: str, answered: str) -> pl.Expr:
    """Return the licence of a prompt; one with earlier turns of an assistant holds responses, too.

    A choice between licences keeps its own parentheses.
    """
    is_choice = (pl.col(asked) + pl.col(answered)).str.contains(" OR ", literal=True)
    both = (
        pl.when(is_choice)
        .then(pl.format("({}) AND ({})", asked, answered))
        .otherwise(pl.format("{} AND {}", asked, answered))
    )
    has_both = pl.col("has_answers") & (pl.col(asked) != pl.col(answered))
    return pl.when(has_both).then(both).otherwise(pl.col(asked).fill_null(NOBODY))


def _sources(session: Session, table: str) -> list[str]:
    text = f"SELECT DISTINCT source FROM {table} ORDER BY source"  # noqa: S608 - our own name
    return [name for (name,) in session.connection.execute(text).fetchall()]


def _licenses(sources: Sequence[str]) -> dict[str, str]:
    """Return the licence of the annotation by source, where a card says it."""
    known = card_names()
    told = {name: card(name).licenses.judgments for name in sources if name in known}
    return {name: license_ for name, license_ in told.items() if license_ != NOBODY}
