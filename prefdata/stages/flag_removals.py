"""Flag what somebody asked to have removed, and all that hangs on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from pydantic import Field

from prefdata.privacy.removals import follow, read_removals
from prefdata.protocols import Context, Outside, Params, StageResult, stage
from prefdata.stages._findings import FINDINGS, findings

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FlagRemovals", "flag_removals"]

_FLAG = "removal-asked"


class FlagRemovals(Params):
    """Parameters of `flag-removals`."""

    list: str = Field(
        description="A CSV, YAML or JSON-lines file with the columns `subject` (annotators, "
        "conversations, prompts, responses, judgments or pairs) and `id` (as in the catalog, or "
        "`<file>#<row>` of the raw file, or `sha256:` and the digest of either)."
    )

    def outside(self) -> Outside:
        """Name the file."""
        return Outside(files=(self.list,))


@stage(
    version=1,
    reads=("annotators", "conversations", "prompts", "responses", "judgments", "pairs"),
    writes=("flags",),
    params=FlagRemovals,
)
def flag_removals(
    tables: Mapping[str, pl.LazyFrame], params: FlagRemovals, context: Context
) -> StageResult:
    """Flag what somebody asked to have removed, with all that hangs on it; drop nothing.

    The flag is ``removal-asked``. `value` is 1 where the list names the row itself and 0 where the
    row goes with another: with an annotator their conversations and judgments, with a conversation
    its prompts, with a prompt its responses, judgments, pairs and the later turns of its
    conversation. `select-pairs` leaves out pairs with ``also_exclude: [removal-asked]``.

    The ledger counts rows of all tables that are read.

    Raises:
        UserError: If the file is no list of removals.
    """
    removals = read_removals(context.files[params.list])
    found = follow(tables, removals)
    flags = [
        findings(
            rows,
            key="id",
            subject=subject,
            flag=_FLAG,
            reason=pl.when("is_asked")
            .then(pl.lit("Its removal was asked for."))
            .otherwise(pl.lit("It hangs on a row whose removal was asked for.")),
            value="is_asked",
        )
        for subject, rows in found.items()
    ]
    n_rows = sum(tables[name].select(pl.len()).collect().item() for name in found)
    n_asked = sum(int(rows["is_asked"].sum()) for rows in found.values())
    n_all = sum(rows.height for rows in found.values())
    return StageResult(
        tables={"flags": pl.concat([pl.DataFrame(schema=FINDINGS), *flags])},
        rows_in=n_rows,
        rows_out=n_rows,
        notes=(f"Of {removals.height} removals {n_asked} rows are named here, {n_all} go.",),
    )
