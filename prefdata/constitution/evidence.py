"""Pairs to read for each principle: some that speak for it, and always some against it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.constitution._evidence.cases import decided_cases, drawn
from prefdata.constitution._evidence.meaning import meaning_pools, vectors_of
from prefdata.constitution._evidence.pools import Axes, Pool, vote_pools
from prefdata.constitution._evidence.variety import varied

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prefdata.constitution._evidence.meaning import Placed
    from prefdata.constitution.ballots import Ballots
    from prefdata.protocols import EmbedderParams, Vectors

__all__ = ["EVIDENCE", "MOST_EMBEDDED", "MOST_VOTED", "evidence_notes", "find_evidence"]

EVIDENCE: Mapping[str, pl.DataType] = {
    "principle_id": pl.String(),
    "basis": pl.String(),
    "side": pl.String(),
    "rank": pl.Int32(),
    "comparison_id": pl.String(),
    "prompt_id": pl.String(),
    "chosen_id": pl.String(),
    "rejected_id": pl.String(),
    "annotator_id": pl.String(),
    "margin": pl.Float64(),
}
"""Columns of evidence: those of ``principle_evidence`` but source and stage."""
MOST_VOTED = 250_000
"""Comparisons among which decisive votes are looked for; of more, so many are drawn."""
MOST_EMBEDDED = 20_000
"""Comparisons whose responses are embedded; of more, so many are drawn."""

# So many are looked at that those that open with the same words can be passed over.
_POOL_PER_ROW = 16


def find_evidence(
    tables: Mapping[str, pl.LazyFrame],
    ballots: Ballots,
    vectors: Vectors | None = None,
    *,
    principles: Sequence[str] | None = None,
    embedder: EmbedderParams | None = None,
    k: int = 5,
    seed: int = 0,
    step: str = "",
) -> pl.DataFrame:
    """Find the comparisons that speak most clearly for and against each principle.

    By votes: comparisons where the vote of the principle decides, those first whose responses are
    farthest apart on its axis (in units of their root mean square difference), where the table
    ``factors`` has values; else those first whose labels lean most to one side. By meaning, with
    an embedder: those whose chosen and rejected response differ most in the direction from the
    opposite of the sentence to the sentence, and most in the contrary direction.

    Labels of one comparison are added up; where they cancel out it is no evidence. Prompts that
    open with the same words are shown once while there are others, and with an embedder each is
    as far as can be from those before it. People are never named.

    Args:
        tables: ``factors``, and with an embedder ``prompts`` and ``responses``, of one source.
        ballots: Votes and labels.
        vectors: Where vectors come from; needed with an embedder.
        principles: Ids of those that are wanted; all when None.
        embedder: The embedder; None to go by votes alone.
        k: Comparisons for each principle, basis and side, at most.
        seed: Decides between equals, and what is drawn of more comparisons than can be looked at.
        step: The step that asks for vectors.

    Returns:
        Columns of `EVIDENCE`, by the order of the principles; the same whatever the order of rows.

    References:
        Findeis et al. (2025), *Inverse Constitutional AI* (ICLR), shows no pairs; pairs that speak
        against a principle keep a reader from believing in it because of those that speak for it.
    """
    ids = ballots.principles["principle_id"].to_list()
    wanted = set(ids if principles is None else principles)
    columns = [column for column, name in enumerate(ids) if name in wanted]
    cases = drawn(decided_cases(ballots, seed), MOST_VOTED)
    if not columns or not k or cases.is_empty():
        return pl.DataFrame(schema=EVIDENCE)
    size = _POOL_PER_ROW * k
    axes = Axes(cases, ballots.principles, tables["factors"]) if "factors" in tables else None
    pools = list(vote_pools(cases, ballots, axes, columns, size))
    placed = None
    if vectors is not None and embedder is not None:
        few = drawn(cases.with_row_index("case"), MOST_EMBEDDED)
        found = meaning_pools(
            few, ballots.principles, tables, vectors, embedder, columns, size, step
        )
        at = few["case"].to_numpy()
        pools += [pool._replace(rows=at[pool.rows].astype(np.int64)) for pool in found]
        prompts = _prompts(pools, cases, tables)
        placed = vectors_of(prompts, "prompts", vectors, embedder, step)
    return _rows(_chosen(pools, cases, placed, k), cases, ballots.principles["principle_id"])


def _prompts(
    pools: Sequence[Pool], cases: pl.DataFrame, tables: Mapping[str, pl.LazyFrame]
) -> pl.LazyFrame:
    """Return the prompts of all that may be chosen."""
    at = np.unique(np.concatenate([pool.rows for pool in pools]))
    wanted = cases[at].select("prompt_id").unique().lazy()
    return tables["prompts"].join(wanted, on="prompt_id", how="semi")


def _chosen(
    pools: Sequence[Pool], cases: pl.DataFrame, placed: Placed | None, k: int
) -> list[Pool]:
    """Return of each pool the few comparisons that are shown."""
    openings = cases["opening"].rank("dense").to_numpy()
    chosen = []
    # A loop over principles, sides and bases, of which there are some hundreds.
    for pool in pools:
        vectors = None if placed is None else placed.of(cases["prompt_id"][pool.rows])
        kept = varied(openings[pool.rows], k, vectors)
        chosen.append(pool._replace(rows=pool.rows[kept], margins=pool.margins[kept]))
    return chosen


def _rows(pools: Sequence[Pool], cases: pl.DataFrame, ids: pl.Series) -> pl.DataFrame:
    """Return rows of evidence."""
    shown = pl.concat(
        pl.DataFrame(
            {
                "principle": pl.Series([pool.principle] * len(pool.rows), dtype=pl.Int64),
                "basis": pl.Series([pool.basis] * len(pool.rows), dtype=pl.String),
                "side": pl.Series([pool.side] * len(pool.rows), dtype=pl.String),
                "rank": np.arange(1, len(pool.rows) + 1, dtype=np.int32),
                "case": pool.rows,
                "margin": pl.Series(pool.margins, dtype=pl.Float64, nan_to_null=True),
            }
        )
        for pool in pools
    )
    is_a = pl.col("lean") > 0
    a, b = pl.col("response_a_id"), pl.col("response_b_id")
    told = cases[shown["case"]].with_columns(
        chosen_id=pl.when(is_a).then(a).otherwise(b),
        rejected_id=pl.when(is_a).then(b).otherwise(a),
    )
    return (
        pl.concat([shown, told], how="horizontal")
        .with_columns(principle_id=ids.gather(shown["principle"]))
        .sort("principle", "basis", pl.col("side") == "against", "rank")
        .select(pl.col(name).cast(dtype) for name, dtype in EVIDENCE.items())
    )


def evidence_notes(n_comparisons: int, *, is_embedded: bool) -> tuple[str, ...]:
    """Say what evidence was looked for in, where that is not all.

    Args:
        n_comparisons: Comparisons with labels.
        is_embedded: Whether an embedder was used.
    """
    notes = []
    if n_comparisons > MOST_VOTED:
        notes.append(f"evidence by votes is of {MOST_VOTED:,} comparisons, drawn by chance")
    if is_embedded and n_comparisons > MOST_EMBEDDED:
        notes.append(f"evidence by meaning is of {MOST_EMBEDDED:,} comparisons, drawn by chance")
    return tuple(notes)
