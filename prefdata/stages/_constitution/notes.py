"""What the user should know of a constitution."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

    from prefdata.constitution.ballots import Ballots
    from prefdata.constitution.verdict import Decided
    from prefdata.stages._constitution.params import Constitution

__all__ = ["group_notes", "notes"]

_FOUND = 0.1
_VERDICTS = {
    "holds": "a constitution holds",
    "nothing-holds": "nothing holds, so there is no constitution",
    "too-few": "there are too few labels for a constitution",
}


def notes(
    ballots: Ballots, decided: Decided, params: Constitution, effects: pl.DataFrame
) -> tuple[str, ...]:
    """Tell the verdict, what was found, and what was left out.

    Args:
        ballots: Votes and labels.
        decided: The constitution and its verdict.
        params: Of the stage.
        effects: Rows of ``principle_effects`` on all labels.
    """
    told = [f"{_VERDICTS[decided.verdict]}: {decided.why}"]
    overall = effects.filter(part="all")
    found = int((overall["q"] < _FOUND).fill_null(value=False).sum())
    measured = int((overall["status"] == "measured").sum())
    told.append(
        f"{found} of {measured} principles are found at q = {_FOUND}; "
        f"{overall.height - measured} decide too few labels to be measured"
    )
    n_ties = int((ballots.labels["y"] == 0).sum())
    if n_ties:
        told.append(f"{n_ties:,} of {ballots.labels.height:,} labels are ties, and no part of it")
    if ballots.n_left_out:
        told.append(
            f"{ballots.n_left_out:,} comparisons are left out, on which not all of "
            f"{', '.join(params.votes)} voted"
        )
    aspects = ballots.comparisons["aspect"].unique().sort().to_list()
    if params.aspect is None and len(aspects) > 1:
        told.append(
            f"labels for several aspects are taken together: {', '.join(aspects)}; "
            "`aspect` takes one"
        )
    failed = int(overall["n_failed"].fill_null(0).sum())
    if failed:
        told.append(f"WARNING: {failed:,} votes could not be had, and count nowhere")
    return tuple(told)


def group_notes(described: pl.DataFrame) -> tuple[str, ...]:
    """Tell of each way to make groups how many there are, and what is not shown.

    Args:
        described: As `prefdata.constitution.groups.described_groups` returns it.
    """
    return tuple(
        row["why"]
        or f"{row['n_groups']} groups by {row['group_by']}, {row['n_suppressed']} of them not "
        f"shown, for few annotators; {row['n_without']:,} labels have no value"
        for row in described.iter_rows(named=True)
    )
