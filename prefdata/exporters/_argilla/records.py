"""Pairs as records of Argilla."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from prefdata.exporters._argilla.settings import COMMENT, METADATA, PREFERENCE, SIDES
from prefdata.exporters._files import UNASSIGNED
from prefdata.exporters._rationales import Shown, in_order, kept, renamed

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["NAMES", "Said", "columns", "records", "user_of"]

Said = Literal["suggestion", "response", "nothing"]
"""What becomes of the choice of a pair."""

NAMES = {"first": "Response A", "second": "Response B"}
"""How the two responses are called on the screen, and so in rationales."""

_USERS = uuid.UUID("5b0c2c54-7a0f-5c3c-9a53-2f1f6d0f4b8e")
"""Namespace of the users that stand for annotators; drawn once."""

_MACHINES = ("model", "rule")


def user_of(annotator: str) -> str:
    """Return the id of the user who stands for an annotator: a UUID of version 5 of the name.

    >>> user_of("toy:ann") == user_of("toy:ann")
    True
    """
    return str(uuid.uuid5(_USERS, annotator))


def columns(pairs: pl.DataFrame, *, seed: int) -> pl.DataFrame:
    """Add the two responses in the order in which they are shown, and a rationale if there is one.

    Args:
        pairs: As an exporter gets them, with kinds of annotators.
        seed: Of the order.

    Returns:
        The pairs with ``is_chosen_first``, ``response_a``, ``response_b``, ``model_a``,
        ``model_b``, ``why`` and ``who_says_why``.
    """
    rows = in_order(pairs, seed)
    is_first = pl.col("is_chosen_first")
    text = {
        side: pl.col(side).list.last().struct.field("content") for side in ("chosen", "rejected")
    }
    rows = rows.with_columns(
        split=pl.col("split").fill_null(UNASSIGNED),
        response_a=pl.when(is_first).then(text["chosen"]).otherwise(text["rejected"]),
        response_b=pl.when(is_first).then(text["rejected"]).otherwise(text["chosen"]),
        model_a=pl.when(is_first).then("chosen_model").otherwise("rejected_model"),
        model_b=pl.when(is_first).then("rejected_model").otherwise("chosen_model"),
    )
    if "rationales" not in rows.columns:
        return rows.with_columns(why=pl.lit(None, pl.String), who_says_why=pl.lit(None, pl.String))
    told = kept(rows, "any")
    why = pl.DataFrame(
        {
            "pair_id": told["pair_id"],
            "why": renamed(told, Shown(seed=seed, **NAMES)),
            "who_says_why": told["generator"],
        }
    )
    return rows.join(why, on="pair_id", how="left", maintain_order="left")


def records(
    rows: pl.DataFrame, *, said: Said, question: Literal["label", "ranking"]
) -> Iterator[dict[str, Any]]:
    """Yield each pair as `Record.to_dict` of the client 2.8.0 writes a record.

    A response has its status besides, and a suggestion its type, which `Record.from_dict` reads.

    Args:
        rows: What `columns` returns.
        said: What becomes of the choice. A choice that no person made, or nobody knows who, is a
            suggestion where responses are asked for.
        question: How the preference is asked for.
    """
    # Row by row: each is a text in a file in the end.
    for row in rows.iter_rows(named=True):
        chosen, other = SIDES if row["is_chosen_first"] else SIDES[::-1]
        value = [chosen, other] if question == "ranking" else chosen
        suggestions: dict[str, Any] = {}
        responses: dict[str, Any] = {}
        if said == "response" and _is_of_people(row):
            user = user_of(row["annotator_id"])
            responses[PREFERENCE] = [{"value": value, "user_id": user, "status": "submitted"}]
        elif said != "nothing":
            suggestions[PREFERENCE] = _suggestion(value, row["annotator_id"], row["annotator_kind"])
        if row["why"] is not None:
            suggestions[COMMENT] = _suggestion(row["why"], row["who_says_why"], None)
        yield {
            "id": row["pair_id"],
            "fields": {"prompt": row["prompt"], **{side: row[side] for side in SIDES}},
            "metadata": {name: row[name] for name in METADATA if row[name] is not None},
            "suggestions": suggestions,
            "responses": responses,
            "vectors": {},
            "status": "completed" if responses else "pending",
            "_server_id": None,
        }


def _is_of_people(row: dict[str, Any]) -> bool:
    return row["annotator_id"] is not None and row["annotator_kind"] not in _MACHINES


def _suggestion(value: Any, agent: str | None, kind: str | None) -> dict[str, Any]:
    suggestion = {"value": value, "score": None, "agent": agent}
    if kind is None:
        return suggestion
    return {**suggestion, "type": "model" if kind in _MACHINES else "human"}
