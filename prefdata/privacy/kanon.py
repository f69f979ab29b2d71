"""Who could be recognised by a few facts: classes of people who look alike, and blanking.

People whose published facts are shared by fewer than k are recognisable (k-anonymity, Samarati and
Sweeney 1998). A row is a person here, never a judgment: whoever judges often is not thereby hidden.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "Suppressed",
    "classes",
    "diversity",
    "facts_of",
    "safe_counts",
    "safe_table",
    "suppress",
]

_MIN_HIDDEN = 2
_NOT_KNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Suppressed:
    """Annotators of whom none stands out by the columns."""

    annotators: pl.DataFrame
    """As given, in their order, with nulls where values were blanked."""
    n_suppressed: int
    """Annotators who lost any value."""
    n_blanked: int
    """Those who lost all."""
    cells: dict[str, int]
    """Column to values that were blanked."""


def facts_of(annotators: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """Return columns as text, a list as its sorted values; the source first, where there is one.

    The source is a fact about every annotator that each pair tells, so classes keep to it.
    """
    place = [pl.col("source").cast(pl.String)] if "source" in annotators.columns else []
    facts = [
        pl.col(name).list.eval(pl.element().cast(pl.String)).list.sort().list.join("; ")
        if isinstance(annotators.schema[name], pl.List)
        else pl.col(name).cast(pl.String)
        for name in columns
        if name != "source"
    ]
    return annotators.select(*place, *facts)


def classes(annotators: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """Count the people who look alike.

    Args:
        annotators: One row for each person.
        columns: The facts that are to be published of each.

    Returns:
        The columns (and source, where there is one) as text, and ``n``; the smallest first. Those
        of whom nothing is told are a class too, where something is told of others of their source:
        a single blank person among men and women is neither.
    """
    facts = facts_of(annotators, columns)
    told = [name for name in facts.columns if name != "source"]
    return (
        facts.filter(_is_any_told(facts, told))
        .group_by(facts.columns)
        .agg(n=pl.len().cast(pl.Int64))
        .sort("n", *facts.columns)
    )


def suppress(annotators: pl.DataFrame, columns: Sequence[str], k: int = 10) -> Suppressed:
    """Blank values until every annotator looks like at least k, those without values included.

    Of those in small classes first one column is blanked, whichever brings most of them into
    classes of k, then two, and so on; who is left loses all. If those who have nothing left are
    fewer than k of a source, they stand out by just that, so the smallest class of the source joins
    them. Nobody else is touched.

    Args:
        annotators: One row for each person; classes keep to the ``source`` where there is one.
        columns: The facts that are to be published of each.
        k: Least number of people in a class.

    Raises:
        ValueError: If k is not positive, or no column is given.
    """
    columns = [name for name in columns if name != "source"]
    if k < 1 or not columns:
        message = "suppression needs columns, and a k of 1 or more"
        raise ValueError(message)
    before = facts_of(annotators, columns)
    facts, small = before, _small(before, columns, k)
    for n_blank in range(1, len(columns)):
        while small.any():
            tried = [
                (_saved(facts, small, columns, blank, k), blank)
                for blank in combinations(columns, n_blank)
            ]
            saved, blank = max(tried, key=lambda one: one[0].sum())
            if not saved.any():
                break
            facts, small = _without(facts, saved, blank), small & ~saved
    facts = _without(facts, small, columns)
    facts = _without(facts, _joining(facts, columns, k), columns)
    is_lost = {name: before[name].is_not_null() & facts[name].is_null() for name in columns}
    lost = pl.DataFrame(is_lost)
    result = annotators.with_columns(
        pl.when(~is_lost[name]).then(pl.col(name)).alias(name) for name in columns
    )
    is_touched = lost.select(pl.any_horizontal(pl.all())).to_series()
    return Suppressed(
        annotators=result,
        n_suppressed=int(is_touched.sum()),
        n_blanked=int((is_touched & facts.select(_is_blank(columns)).to_series()).sum()),
        cells={name: int(values.sum()) for name, values in is_lost.items()},
    )


def _small(facts: pl.DataFrame, columns: Sequence[str], k: int) -> pl.Series:
    """Tell of each row whether fewer than k look like it, where anything is told of anybody."""
    is_any_told = _is_any_told(facts, columns)
    return facts.select((pl.len().over(facts.columns) < k) & is_any_told).to_series()


def _is_blank(columns: Sequence[str]) -> pl.Expr:
    return pl.all_horizontal(pl.col(columns).is_null())


def _is_any_told(facts: pl.DataFrame, columns: Sequence[str]) -> pl.Expr:
    """Tell of each row whether anything is told of anybody of its source."""
    return (~_is_blank(columns)).any().over(_place(facts))


def _place(facts: pl.DataFrame) -> pl.Expr:
    """Return what classes keep to: the source, where there is one."""
    return pl.col("source") if "source" in facts.columns else pl.lit("")


def _joining(facts: pl.DataFrame, columns: Sequence[str], k: int) -> pl.Series:
    """Tell which rows lose all so that the blank ones of their source are k: its smallest class."""
    told = facts.with_columns(
        n=pl.len().over(facts.columns), is_short=_small(facts, columns, k), place=_place(facts)
    ).filter(pl.col("is_short").any().over("place") & ~_is_blank(columns))
    # All other classes have k people by now, so one of them is enough.
    ordered = told.sort("n", *facts.columns, nulls_last=True)
    least = ordered.unique("place", keep="first", maintain_order=True).select(facts.columns)
    rows = facts.with_row_index()
    joining = rows.join(least, on=facts.columns, how="semi", nulls_equal=True)
    return rows["index"].is_in(joining["index"].implode())


def _without(facts: pl.DataFrame, rows: pl.Series, columns: Sequence[str]) -> pl.DataFrame:
    return facts.with_columns(pl.when(~rows).then(pl.col(name)).alias(name) for name in columns)


def _saved(
    facts: pl.DataFrame, small: pl.Series, columns: Sequence[str], blank: Sequence[str], k: int
) -> pl.Series:
    """Tell which rows of small classes are in large ones once some columns of theirs are blank."""
    return small & ~_small(_without(facts, small, blank), columns, k)


def diversity(
    annotators: pl.DataFrame, columns: Sequence[str], sensitive: Sequence[str]
) -> pl.DataFrame:
    """Count the different values of sensitive columns in each class (l-diversity).

    Where a class has one value, knowing somebody's class is knowing the value, whatever k is
    (Machanavajjhala et al. 2007). Nulls are no value.

    Returns:
        The columns of `classes`, and for each sensitive column its number of values.
    """
    facts = facts_of(annotators, columns)
    values = facts_of(annotators, sensitive).select(pl.col(sensitive).name.prefix("is "))
    told = [name for name in facts.columns if name != "source"]
    return (
        pl.concat([facts, values], how="horizontal")
        .filter(~pl.all_horizontal(pl.col(told).is_null()))
        .group_by(facts.columns)
        .agg(
            pl.len().cast(pl.Int64).alias("n"),
            *(
                pl.col(f"is {name}").drop_nulls().n_unique().cast(pl.Int64).alias(f"n_{name}")
                for name in sensitive
            ),
        )
        .sort("n", *facts.columns)
    )


def safe_counts(
    annotators: pl.DataFrame, column: str, k: int = 10
) -> tuple[tuple[str, int | None], ...]:
    """Count the values of one column, without the counts that point to people.

    Counts below k are None. As the total is known, one hidden count could be computed from the
    others; so the smallest of these are hidden as well, until two or more are hidden that add up
    to at least k. Where that cannot be done, nothing is told.

    Args:
        annotators: One row for each person; a null is the value ``not known``.
        column: The column.
        k: Smallest count that is shown.

    Returns:
        Values and counts, the largest first, then the hidden ones by value.
    """
    table = _counted(annotators, [column])
    hidden = table["n"] < k
    while _tells(table.filter(hidden)["n"], k):
        if hidden.all():
            return ()
        hidden = _hide_smallest(table, hidden, ~hidden)
    shown = table.filter(~hidden).sort(["n", column], descending=[True, False])
    secret = table.filter(hidden).sort(column)
    return (*shown.iter_rows(), *((value, None) for value in secret[column]))


def safe_table(annotators: pl.DataFrame, columns: Sequence[str], k: int = 10) -> pl.DataFrame:
    """Count two columns together, without the counts that point to people.

    The rows, the columns and the whole of the table are lines: in each, the hidden counts are none,
    or two and more that add up to at least k. That stops subtraction within a line; who solves for
    several lines at once can still bound a hidden count.

    Args:
        annotators: One row for each person; a null is the value ``not known``.
        columns: Two columns.
        k: Smallest count that is shown.

    Returns:
        The two columns and ``n``, null where it is hidden; by value. Empty where hiding is not
        enough: where a line with a total of k or more has one count, which the total tells.
    """
    first, second = columns
    table = _counted(annotators, columns)
    everything = pl.repeat(value=True, n=table.height, eager=True)
    lines = [everything] + [
        table[name] == value for name in (first, second) for value in table[name].unique().sort()
    ]
    hidden = table["n"] < k
    while unsafe := [line for line in lines if _tells(table.filter(line & hidden)["n"], k)]:
        with_more = [line for line in unsafe if (line & ~hidden).any()]
        if not with_more:
            totals = [table.filter(line)["n"].sum() for line in unsafe]
            return table.clear() if max(totals) >= k else table.with_columns(_unless(hidden))
        hidden = _hide_smallest(table, hidden, with_more[0] & ~hidden)
    return table.with_columns(_unless(hidden))


def _unless(hidden: pl.Series) -> pl.Expr:
    return pl.when(~hidden).then("n").alias("n")


def _counted(annotators: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    facts = facts_of(annotators, columns).select(pl.col(columns).fill_null(_NOT_KNOWN))
    return facts.group_by(columns).agg(n=pl.len().cast(pl.Int64)).sort(columns)


def _tells(hidden: pl.Series, k: int) -> bool:
    """Tell whether the hidden counts of a line follow from its total, or point to people."""
    return 0 < len(hidden) < _MIN_HIDDEN or 0 < int(hidden.sum()) < k


def _hide_smallest(table: pl.DataFrame, hidden: pl.Series, places: pl.Series) -> pl.Series:
    """Hide one count more: the smallest of some places, the first of equals."""
    index = table.with_row_index().filter(places).sort("n", maintain_order=True)["index"][0]
    rows = pl.int_range(table.height, eager=True)
    return hidden | rows.is_in([index])
