"""The rationales of one gate: what was written, what each check said, what the gate can see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prefdata.reports._rationales.params import Rationales

__all__ = ["Gated", "read_gated"]

_TOLD = (
    "rationale_id",
    "prompt_id",
    "scope",
    "origin",
    "status",
    "detail",
    "text",
    "language",
    "preferred",
    "generator",
    "sample",
    "completion_tokens",
    "prompt_tokens",
)
_POWER = (
    "control",
    "check_name",
    "kind",
    "source",
    "n",
    "n_rejected",
    "n_abstained",
    "required",
    "is_met",
)


@dataclass(frozen=True, slots=True)
class Gated:
    """All rationales that went through one gate."""

    rows: pl.DataFrame
    """Columns of ``rationale_gates`` with those of ``rationales`` that are shown, ``n_words`` and
    ``is_chosen_x``; sorted by rationale."""
    checks: pl.DataFrame
    """source, rationale_id, check_name, value, is_passed, detail; sorted."""
    power: pl.DataFrame
    """Columns of ``gate_power`` that are counted; sorted."""

    @property
    def is_empty(self) -> bool:
        """Whether the gate saw nothing."""
        return self.rows.is_empty()


def read_gated(tables: Mapping[str, pl.LazyFrame], params: Rationales) -> Gated:
    """Read what one gate checked."""
    of_step = pl.col("stage") == params.gate_from
    gates = tables["rationale_gates"].filter(of_step).drop("stage").collect()
    told = (
        tables["rationales"]
        .select(_TOLD)
        .join(gates.lazy().select("rationale_id"), on="rationale_id", how="semi")
        .collect(engine="streaming")
        .sort(_TOLD)
        # Two steps that write alike write the same rationale under one name.
        .unique("rationale_id", keep="first", maintain_order=True)
    )
    rows = gates.join(told, on="rationale_id", how="left", maintain_order="left").with_columns(
        n_words=pl.col("text").str.count_matches(r"\S+"),
        is_chosen_x=pl.col("preferred") == "x",
        language=pl.col("language").fill_null("unknown"),
        origin=pl.col("origin").fill_null("unknown"),
    )
    return Gated(
        rows=rows.sort("source", "rationale_id"),
        checks=tables["rationale_checks"]
        .filter(of_step)
        .select("source", "rationale_id", "check_name", "value", "is_passed", "detail")
        .collect()
        .sort("source", "rationale_id", "check_name"),
        power=tables["gate_power"].filter(of_step).select(_POWER).collect().sort(_POWER),
    )
