"""What the gate can see: rationales spoilt on purpose, put through it and counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.metrics.recall import wilson_interval
from prefdata.rationales.controls import CONTROLS, spoil
from prefdata.rationales.gate import REPORTS, pass_through
from prefdata.rationales.judged import FAVOURS, MODEL_CHECKS
from prefdata.tables.identity import hash_tuple

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from prefdata.rationales.gate import Gate, Gated

__all__ = ["ANY", "CLEAN", "FLIPPED", "POWER", "clean_power", "control_power", "draw"]

ANY = "any"
"""Stands for the whole gate in the column ``check_name``."""
CLEAN = "clean"
"""Rationales as they were written."""
FLIPPED = "flipped"
"""Rationales that were written for the opposite label."""

POWER: dict[str, pl.DataType] = {
    "kind": pl.String(),
    "control": pl.String(),
    "check_name": pl.String(),
    "n": pl.Int64(),
    "n_rejected": pl.Int64(),
    "n_abstained": pl.Int64(),
    "low": pl.Float64(),
    "high": pl.Float64(),
    "required": pl.Float64(),
    "is_met": pl.Boolean(),
}
"""Columns of the table ``gate_power`` but for source and step."""

_FOR_THE_OTHER = ("handle-swap", FLIPPED)
_OF_ANOTHER = "permuted"
_MOST_CLEAN = 0.05
_LEAST_BY_WORDS = 0.95
_LEAST_BY_JUDGE = 0.90
_BY_JUDGE = ("stance", "grounding")  # What argues for the other response fails one of them.
_WRITES = "flip"
_REPORTS = "gain"
_AMONG = ("boilerplate",)


def draw(rows: pl.DataFrame, n: int, *, seed: int) -> pl.DataFrame:
    """Draw rationales of each kind by their digest, so that others stay when some are added.

    Args:
        rows: Rationales with their pairs, as `CHECKED`.
        n: How many of each kind; all where there are fewer.
        seed: Of the recipe.
    """
    salted = hash_tuple(rows, pl.lit(f"gate-power/{seed}"), "rationale_id")
    return (
        rows.with_columns(drawn=salted)
        .sort("kind", "drawn", "rationale_id")
        .group_by("kind", maintain_order=True)
        .head(n)
        .select(rows.columns)
    )


def control_power(
    rows: pl.DataFrame,
    gate: Gate,
    *,
    seed: int,
    flipped: Callable[[pl.DataFrame], pl.DataFrame] | None = None,
) -> pl.DataFrame:
    """Spoil rationales that passed, in every way there is, and count what the gate rejects.

    A control that only a judge can see has nothing required of it where there is no judge. The
    check `flip`, which is on the pair, and `gain`, which reports, are not made; `boilerplate` does
    not count, because a few sentences stand for each fault.

    Args:
        rows: Rationales that passed, with their pairs, as `CHECKED`; see `draw`.
        gate: The gate that they passed.
        seed: Of the recipe.
        flipped: Writes rationales for the opposite label of those that it is given, to be put
            through as if they were for the label; without it this control is left out.

    Returns:
        Columns of `POWER`.
    """
    measured = gate.without(_WRITES, _REPORTS)
    spoilt = [_named(spoil(rows, name, seed=seed), name) for name in CONTROLS]
    if flipped is not None:
        spoilt.append(_named(flipped(rows).select(rows.columns), FLIPPED))
    # All at once, so that the judge is not waited for control by control.
    named = pl.concat(spoilt).with_columns(
        rationale_id=pl.concat_str("control", "kind", "rationale_id", separator="/")
    )
    gated = pass_through(named.drop("control"), measured, ignore=_AMONG)
    return _table(named, gated, measured)


def _named(rows: pl.DataFrame, control: str) -> pl.DataFrame:
    """Say which control rows are, and what their texts favour: the price of it depends on that."""
    other = pl.when(pl.col("preferred") == "x").then(pl.lit("y")).otherwise(pl.lit("x"))
    favours = pl.col("preferred")
    if control in _FOR_THE_OTHER:
        favours = other
    elif control == _OF_ANOTHER:
        favours = pl.lit("x")  # As often as not what its new row prefers.
    return rows.with_columns(favours.alias(FAVOURS), control=pl.lit(control))


def clean_power(rows: pl.DataFrame, gated: Gated, gate: Gate) -> pl.DataFrame:
    """Count what the gate rejected of rationales as they were written.

    Nobody has read them: what is rejected may be the writer's fault or the gate's.

    Args:
        rows: Rationales that went through, with their pairs, as `CHECKED`.
        gated: What came of them.
        gate: The gate.

    Returns:
        Columns of `POWER`.
    """
    return _table(rows.with_columns(control=pl.lit(CLEAN)), gated, gate)


def _table(rows: pl.DataFrame, gated: Gated, gate: Gate) -> pl.DataFrame:
    """Count by kind, control and check, and set the counts beside what is required of them."""
    parts = rows.select("rationale_id", "kind", "control").partition_by(
        "kind", "control", as_dict=True
    )
    found = [
        row
        for (kind, control), part in sorted(parts.items())
        for row in _rows(_counts(part, gated), str(kind), str(control), gate)
    ]
    return pl.DataFrame(found, schema=POWER, orient="row")


def _counts(rows: pl.DataFrame, gated: Gated) -> pl.DataFrame:
    """Count by check, and for the whole gate, what failed and what could not be told."""
    ids = rows.select("rationale_id")
    of_each = (
        gated.outcomes.join(ids, on="rationale_id", how="semi")
        .group_by("check_name")
        .agg(
            n=pl.len().cast(pl.Int64),
            n_rejected=(~pl.col("is_passed")).sum().cast(pl.Int64),
            n_abstained=pl.col("is_passed").is_null().sum().cast(pl.Int64),
        )
        .filter(~pl.col("check_name").is_in(REPORTS))
    )
    of_all = (
        gated.verdicts.join(ids, on="rationale_id", how="semi")
        .select(
            check_name=pl.lit(ANY),
            n=pl.len().cast(pl.Int64),
            n_rejected=(~pl.col("is_passed")).sum().cast(pl.Int64),
            n_abstained=(pl.col("is_passed") & (pl.col("abstained").list.len() > 0))
            .sum()
            .cast(pl.Int64),
        )
        .head(1)
    )
    return pl.concat([of_all, of_each.sort("check_name")])


def _rows(
    counted: pl.DataFrame, kind: str, control: str, gate: Gate
) -> Iterator[tuple[str | int | float | bool | None, ...]]:
    deciding = set(counted.filter(pl.col("n_abstained") < pl.col("n"))["check_name"])
    for check, n, n_rejected, n_abstained in counted.iter_rows():
        low, high = wilson_interval(n_rejected / n, n)
        required = _required(control, check, gate, deciding)
        is_met = None
        if required is not None:
            share = n_rejected / n
            is_met = share <= required if control == CLEAN else share >= required
        yield kind, control, check, n, n_rejected, n_abstained, low, high, required, is_met


def _required(control: str, check: str, gate: Gate, deciding: Collection[str]) -> float | None:
    """Return the share of a control that must be rejected; for `CLEAN` the greatest that may be.

    It is required of the gate as a whole, and of a check that is the only one meant to see it.
    Nothing is required where none of the checks that are meant to see it can tell: where there is
    no judge, or where a check has no limits for a kind, as for people's own words.
    """
    if control == CLEAN:
        return _MOST_CLEAN if check == ANY else None
    meant = _BY_JUDGE if control == FLIPPED else CONTROLS[control]
    by_judge = [name for name in meant if name in MODEL_CHECKS]
    can_tell = [name for name in by_judge if _is_made(name, gate)]
    if not by_judge:
        can_tell = [name for name in meant if name in deciding]
    if not can_tell or (check != ANY and meant != (check,)):
        return None
    return _LEAST_BY_JUDGE if by_judge else _LEAST_BY_WORDS


def _is_made(check: str, gate: Gate) -> bool:
    return gate.judge is not None and check in gate.checks
