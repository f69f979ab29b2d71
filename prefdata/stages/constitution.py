"""How well principles explain labels, which few of them together, for whom, and pairs to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.constitution.ballots import Ballots, read_ballots
from prefdata.constitution.contrasts import measure_contrasts
from prefdata.constitution.effects import measure_effects
from prefdata.constitution.evidence import evidence_notes, find_evidence
from prefdata.constitution.group_effects import group_constitutions, measure_groups
from prefdata.constitution.groups import described_groups, group_labels
from prefdata.constitution.parts import REPORT
from prefdata.constitution.reconstruction import Measuring
from prefdata.constitution.redundancy import most_alike
from prefdata.constitution.selection import Choosing
from prefdata.constitution.verdict import Decided, decide
from prefdata.protocols import Context, StageResult, stage
from prefdata.schema import conform, empty_frame, polars_schema, table_schema
from prefdata.stages._constitution.notes import group_notes, notes
from prefdata.stages._constitution.params import Constitution

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Constitution", "constitution"]

_ALL = "all"
_WRITES = (
    "principle_effects",
    "principle_contrasts",
    "constitutions",
    "reconstructions",
    "principle_evidence",
)


@stage(
    version=1,
    reads=("pairs", "annotators", "prompts", "responses", "principles", "votes", "factors"),
    writes=_WRITES,
    params=Constitution,
)
def constitution(
    tables: Mapping[str, pl.LazyFrame], params: Constitution, context: Context
) -> StageResult:
    """Measure principles on labels, choose the few that explain them, and say whether that holds.

    `principle_effects` has how well each principle explains the labels, of all and of each group,
    with intervals and tests that draw whole clusters. `constitutions` has the set that explains
    most together, chosen on some prompts; `reconstructions` says how well it foretells the labels
    of the others, beside simpler predictors, and whether anything holds at all. Labels of noise
    have no constitution. `principle_contrasts` compares each group with the rest;
    `principle_evidence` has pairs to read, for and against each principle.

    Groups of fewer than ten people are suppressed, and so is what would give them away.

    The ledger counts labels: one annotator on one comparison. Those on comparisons that a step of
    votes left out are not counted, and a note tells them.

    Raises:
        UnknownNameError: If nothing by a name of ``group_by`` can make groups.
        DataError: If votes and principles of a step do not match.

    References:
        Findeis et al. (ICLR 2025), *Inverse Constitutional AI*; relevance, accuracy and strength
        are as in their Feedback Forensics.
    """
    ballots = _asked(
        read_ballots(tables, pairs=params.pairs, votes=params.votes, is_graded=params.graded),
        params.aspect,
    )
    n_labels = ballots.labels.height
    if ballots.principles.is_empty() or n_labels == 0:
        nothing = {name: empty_frame(table_schema(name)) for name in _WRITES}
        return StageResult(nothing, n_labels, n_labels, notes=(_why_nothing(ballots, params),))
    decided = _decide(ballots, params, context.seed)
    frames = {
        "principle_effects": [_effects(ballots, decided, params, context.seed)],
        "principle_contrasts": [],
        "constitutions": [_all_labels(decided.constitution)],
        "reconstructions": [_all_labels(decided.reconstructions)],
        "principle_evidence": [_evidence(tables, ballots, params, context)],
    }
    groups = group_labels(tables, ballots, params.group_by)
    if params.group_by:
        for name, frame in _groups(ballots, groups, params, context.seed).items():
            frames[name].append(frame)
    return StageResult(
        {name: _whole(parts, name, context) for name, parts in frames.items()},
        rows_in=n_labels,
        rows_out=n_labels,
        notes=(
            *notes(ballots, decided, params, frames["principle_effects"][0]),
            *group_notes(described_groups(ballots, groups, min_annotators=params.min_annotators)),
            *_evidence_notes(ballots, params),
        ),
    )


def _asked(ballots: Ballots, aspect: str | None) -> Ballots:
    """Keep the labels of one aspect."""
    if aspect is None:
        return ballots
    is_asked = ballots.comparisons["aspect"].gather(ballots.labels["at"]) == aspect
    return ballots.of_labels(is_asked)


def _why_nothing(ballots: Ballots, params: Constitution) -> str:
    if ballots.principles.is_empty():
        return f"WARNING: nothing is measured: no principles of {', '.join(params.votes)}"
    told = "" if params.aspect is None else f" for the aspect {params.aspect}"
    return f"WARNING: nothing is measured: no labels of {', '.join(params.pairs)}{told}"


def _decide(ballots: Ballots, params: Constitution, seed: int) -> Decided:
    return decide(
        ballots,
        Choosing(
            method=params.method,
            max_principles=params.max_principles,
            q=params.screen,
            min_decisive=params.min_decisive,
        ),
        measuring=Measuring(
            share=params.train_share, n_bootstraps=params.n_bootstraps, n_flips=params.n_flips
        ),
        cluster=params.cluster,
        seed=seed,
    )


def _effects(ballots: Ballots, decided: Decided, params: Constitution, seed: int) -> pl.DataFrame:
    """Measure every principle on all labels, and on those that had no part in the choice."""
    parts = {_ALL: ballots, "report": ballots.of_labels(decided.parts == REPORT)}
    measured = pl.concat(
        measure_effects(
            of,
            clusters=params.cluster,
            n_bootstraps=params.n_bootstraps,
            n_flips=params.n_flips,
            seed=seed,
            min_decisive=params.min_decisive,
        ).with_columns(part=pl.lit(part), group_by=pl.lit(_ALL), group_value=pl.lit(_ALL))
        for part, of in parts.items()
    )
    alike = most_alike(ballots, min_compared=params.min_decisive)
    return measured.join(alike, on="principle_id", how="left", maintain_order="left")


def _evidence(
    tables: Mapping[str, pl.LazyFrame], ballots: Ballots, params: Constitution, context: Context
) -> pl.DataFrame:
    if not params.evidence:
        return empty_frame(table_schema("principle_evidence"))
    return find_evidence(
        tables,
        ballots,
        context.vectors,
        embedder=params.embedder,
        k=params.evidence,
        seed=context.seed,
        step=context.step,
    )


def _evidence_notes(ballots: Ballots, params: Constitution) -> tuple[str, ...]:
    if not params.evidence:
        return ()
    return evidence_notes(ballots.comparisons.height, is_embedded=params.embedder is not None)


def _groups(
    ballots: Ballots, groups: pl.DataFrame, params: Constitution, seed: int
) -> dict[str, pl.DataFrame]:
    found = {
        "principle_effects": measure_groups(
            ballots,
            groups,
            cluster=params.cluster,
            n_bootstraps=params.n_bootstraps,
            n_flips=params.n_flips,
            seed=seed,
            min_decisive=params.min_decisive,
            min_annotators=params.min_annotators,
        ).with_columns(part=pl.lit(_ALL)),
        "principle_contrasts": measure_contrasts(
            ballots,
            groups,
            n_bootstraps=params.n_bootstraps,
            seed=seed,
            min_decisive=params.min_decisive,
            min_annotators=params.min_annotators,
        ),
    }
    if params.per_group:
        chosen, measured = group_constitutions(
            ballots,
            groups,
            decide=lambda of: _decide(of, params, seed),
            min_annotators=params.min_annotators,
        )
        found |= {"constitutions": chosen, "reconstructions": measured}
    return found


def _all_labels(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(group_by=pl.lit(_ALL), group_value=pl.lit(_ALL))


def _whole(parts: list[pl.DataFrame], table: str, context: Context) -> pl.DataFrame:
    """Put rows into the form of their table."""
    schema = table_schema(table)
    if not parts:
        return empty_frame(schema)
    types = polars_schema(schema)
    around = {"source": context.source, "stage": context.step}
    rows = [
        part.with_columns(pl.lit(value, pl.String).alias(name) for name, value in around.items())
        for part in parts
    ]
    found = pl.concat(rows, how="diagonal_relaxed")
    missing = [pl.lit(None, types[name]).alias(name) for name in types if name not in found.columns]
    return conform(found.with_columns(missing).select(*types), schema)
