"""Why a pair is in a dataset or out of it: every finding and decision, with stage and rule."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prefdata.core.errors import UnknownNameError, UserError

if TYPE_CHECKING:
    from prefdata.catalog import Catalog, Session

__all__ = ["Why", "why"]

_PAIR = """
SELECT pairs.*, prompts.messages AS prompt, prompts.file, prompts.row,
       chosen.text AS chosen, rejected.text AS rejected,
       chosen.model AS chosen_model, rejected.model AS rejected_model
FROM pairs
JOIN prompts USING (prompt_id)
JOIN responses AS chosen ON chosen.response_id = pairs.chosen_id
JOIN responses AS rejected ON rejected.response_id = pairs.rejected_id
WHERE starts_with(pairs.pair_id, $id)
QUALIFY row_number() OVER (PARTITION BY pairs.pair_id ORDER BY pairs.stage) = 1
ORDER BY pairs.pair_id
LIMIT 2
"""
_FLAGS = """
SELECT subject, flag, value, reason, stage FROM flags
WHERE list_contains($ids, id) ORDER BY subject, flag, stage
"""
_DECISIONS = """
SELECT stage, is_kept, reason, reasons FROM decisions WHERE pair_id = $id ORDER BY stage
"""
_SPLITS = "SELECT stage, split, spot FROM splits WHERE prompt_id = $id ORDER BY stage"
# A rationale that two steps wrote alike is one; one that two gates saw is told of twice.
_RATIONALES = """
SELECT rationales.kind, origin, rationales.attempt, rationales.status, preferred, is_kept, failed,
       coalesce(rationale_gates.stage, rationales.stage) AS stage, text
FROM rationales LEFT JOIN rationale_gates USING (rationale_id)
WHERE rationales.pair_id = $id
QUALIFY row_number() OVER (
    PARTITION BY rationale_id, rationale_gates.stage ORDER BY rationales.stage
) = 1
ORDER BY rationales.kind, origin, rationales.attempt, stage, rationale_id
"""
_STEP = """
SELECT run_steps.stage, stage_version, params, run_steps.run_id, runs.started_at
FROM run_steps JOIN runs USING (run_id)
WHERE step = $step ORDER BY runs.started_at DESC LIMIT 1
"""
_REJECTED = """
SELECT stage, subject, id, rule, reason FROM rejects
WHERE starts_with(id, $id) ORDER BY stage LIMIT 20
"""


@dataclass(frozen=True, slots=True)
class Why:
    """The story of one pair, or of one id that became no pair."""

    pair: dict[str, Any] | None
    made_by: dict[str, Any] | None
    flags: list[dict[str, Any]]
    decisions: list[dict[str, Any]]
    splits: list[dict[str, Any]]
    rationales: list[dict[str, Any]]
    """What was said of the pair, and what the gate found; texts call the responses X and Y."""
    rejects: list[dict[str, Any]]


def why(catalog: Catalog, identifier: str, *, at: str | None = None) -> Why:
    """Explain one pair.

    Args:
        catalog: Where it is.
        identifier: A pair id, its first digits, or the id of a judgment that yielded no pair.
        at: Snapshot or tag.

    Raises:
        UserError: If nothing has that id.
        UnknownNameError: If the digits fit several pairs.
    """
    with catalog.session(at) as session:
        found = _rows(session, _PAIR, id=identifier)
        if len(found) > 1:
            raise UnknownNameError("single pair", identifier, known=[r["pair_id"] for r in found])
        if not found:
            rejects = _rows(session, _REJECTED, id=identifier)
            if not rejects:
                raise UserError(
                    f"There is no pair named {identifier!r}, and no judgment without one.",
                    fix="Ids are in the tables: prefdata sql 'SELECT pair_id FROM pairs LIMIT 5'",
                )
            return Why(None, None, [], [], [], [], rejects)
        pair = found[0]
        ids = [
            pair[key]
            for key in (
                "pair_id",
                "prompt_id",
                "chosen_id",
                "rejected_id",
                "judgment_id",
                "annotator_id",
            )
            if pair[key] is not None
        ]
        steps = _rows(session, _STEP, step=f"{pair['stage']}/{pair['source']}")
        return Why(
            pair=pair,
            made_by=_unpacked(steps[0]) if steps else None,
            flags=_rows(session, _FLAGS, ids=ids),
            decisions=_rows(session, _DECISIONS, id=pair["pair_id"]),
            splits=_rows(session, _SPLITS, id=pair["prompt_id"]),
            rationales=_rows(session, _RATIONALES, id=pair["pair_id"]),
            rejects=[],
        )


def _rows(session: Session, query: str, **values: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (
        session.connection.sql(query, params=values).to_arrow_table().to_pylist()
    )
    return rows


def _unpacked(step: dict[str, Any]) -> dict[str, Any]:
    return {**step, "params": json.loads(step["params"])}
