"""Rationales and what a gate said of them, without a model: made up, from the pairs alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.runner.lineage import RunRecord
from prefdata.schema import conform, table_schema
from prefdata.tables.identity import hash_texts

if TYPE_CHECKING:
    from prefdata.catalog import Catalog

__all__ = ["gated_rows", "put_gated"]

_WRITER, _GATE = "write-rationales", "gate-rationales"
_FAILS = ("length", "label-leak", "stance")
_CONTROLS = ("clean", "altered-quote", "label-leak", "permuted")
_N_CONTROLS = 200


def gated_rows(
    pairs: pl.DataFrame, *, writer: str = _WRITER, gate: str = _GATE
) -> dict[str, pl.DataFrame]:
    """Return rows of ``rationales``, ``rationale_checks``, ``rationale_gates`` and ``gate_power``.

    Every pair has a general rationale. By chance of its id, about a fifth fail one check each, and
    one in twenty has no text, because its writer disagreed.

    Args:
        pairs: pair_id, source, prompt_id, chosen_id and rejected_id.
        writer: The step that is said to have written.
        gate: The step that is said to have checked.
    """
    chance = hash_texts(pairs["pair_id"]).str.slice(0, 6).str.to_integer(base=16) % 100
    rows = pairs.with_columns(chance=chance).with_columns(
        rationale_id=pl.concat_str(pl.lit("r:"), "pair_id"),
        is_x=pl.col("chance") % 2 == 0,
        failed=pl.when(pl.col("chance") < 5)  # noqa: PLR2004
        .then(pl.lit("no-text"))
        .when(pl.col("chance") < 25)  # noqa: PLR2004
        .then(
            (pl.col("chance") % 3).replace_strict(dict(enumerate(_FAILS)), return_dtype=pl.String)
        ),
    )
    has_text = pl.col("failed").ne_missing("no-text")
    x, y = (
        pl.when("is_x").then(one).otherwise(other)
        for one, other in (("chosen_id", "rejected_id"), ("rejected_id", "chosen_id"))
    )
    said = pl.when("is_x").then(pl.lit("X")).otherwise(pl.lit("Y"))
    rationales = rows.select(
        "rationale_id",
        "source",
        "pair_id",
        "prompt_id",
        scope=pl.lit("pair"),
        response_ids=pl.concat_list("chosen_id", "rejected_id"),
        x_id=x,
        y_id=y,
        preferred=said.str.to_lowercase(),
        kind=pl.lit("general"),
        origin=pl.lit("given"),
        status=pl.when(has_text).then(pl.lit("ok")).otherwise(pl.lit("disagrees")),
        text=pl.when(has_text).then(
            pl.concat_str(said, pl.lit(" answers what was asked, and says why."))
        ),
        language=pl.lit("en"),
        generator=pl.lit("made up"),
        attempt=pl.lit(1),
        sample=pl.lit(0),
        stage=pl.lit(writer),
    )
    is_passed = pl.col("failed").is_null()
    gates = rows.select(
        "rationale_id",
        "source",
        "pair_id",
        kind=pl.lit("general"),
        attempt=pl.lit(1),
        is_passed=is_passed,
        is_kept=is_passed,
        failed=pl.when(is_passed).then([]).otherwise(pl.concat_list("failed")),
        abstained=pl.lit([], pl.List(pl.String)),
        stage=pl.lit(gate),
    )
    checks = pl.concat(
        rows.filter(has_text).select(
            "rationale_id",
            "source",
            check_name=pl.lit(name),
            value=pl.col("chance") / 100,
            is_passed=pl.col("failed").ne_missing(name),
            detail=pl.when(pl.col("failed") == name).then(pl.lit("made up to fail")),
            stage=pl.lit(gate),
        )
        for name in _FAILS
    )
    frames = {
        "rationales": rationales,
        "rationale_checks": checks,
        "rationale_gates": gates,
        "gate_power": _power(pairs, gate),
    }
    return {name: conform(frame, table_schema(name)) for name, frame in frames.items()}


def put_gated(catalog: Catalog, *, pairs: str = "make-pairs") -> None:
    """Commit made-up rationales of all pairs of a step, with their lineage."""
    found = catalog.scan("pairs").filter(pl.col("stage") == pairs).collect().sort("pair_id")
    frames = gated_rows(found)
    record = RunRecord(command="rationales")
    for step in (_WRITER, _GATE):
        record.written(
            step=f"{step}/all",
            by=step,
            version=1,
            params={},
            files={},
            rows=found.height,
            seconds=0.0,
        )
    with catalog.write() as write:
        for table, frame in frames.items():
            parts = frame.partition_by(["source", "stage"], as_dict=True, maintain_order=True)
            for (source, step), part in parts.items():
                write.put(table, (str(source), str(step)), part)
        record.write(write)
        write.commit("rationales", run_id=record.run_id)


def _power(pairs: pl.DataFrame, gate: str) -> pl.DataFrame:
    sources = pairs["source"].unique().sort()
    rows = [
        {
            "source": source,
            "kind": "general",
            "control": control,
            "check_name": check,
            "n": _N_CONTROLS,
            "n_rejected": _rejected(control, check),
            "n_abstained": 0,
            "required": (0.05 if control == "clean" else 0.95) if check == "any" else None,
            "is_met": control != "permuted" if check == "any" else None,
            "stage": gate,
        }
        for source in sources
        for control in _CONTROLS
        for check in ("any", *_FAILS)
    ]
    return pl.DataFrame(rows)


def _rejected(control: str, check: str) -> int:
    """Return how many a check rejects: `permuted` is what this gate cannot see."""
    if control == "clean":
        return 4
    if control == "permuted":
        return 60 if check in {"any", "stance"} else 0
    return 198 if check in {"any", control} else 2
