"""PRISM's conversations: one per row, with ratings and feedback on the whole of it.

``conversation_history`` repeats the utterances. It is kept only where it cannot be made again
from them; ``history`` in ``raw`` then says ``differs``. Where nothing is said, the responses of
a turn stand in the order of ``within_turn_id``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.schema import conform, table_schema
from prefdata.sources._prism.rows import (
    SOURCE,
    Part,
    Rule,
    flags_of,
    json_member,
    json_object,
    leftovers,
    member,
    native,
    read_part,
    restore,
)
from prefdata.sources._prism.shapes import (
    ATTRIBUTES,
    CONVERSATION,
    CONVERSATION_REQUIRED,
    HISTORY_MODEL,
    HISTORY_USER,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prefdata.protocols import RawFile

__all__ = ["conversations", "flags", "read", "rebuild", "with_history_kept"]

_GROUPS = {"performance": "performance_attributes", "choice": "choice_attributes"}
_WRITTEN = "%Y-%m-%d %H:%M:%S"
_IN_RAW = (
    "included_in_balanced_subset",
    "timing_duration_mins",
    "opening_prompt",
    "conversation_turns",
)
_ORDERS = {"within_turn_id": ("within_turn_id", "row"), "row": ("row",)}
"""Orders in which the responses of a turn may stand in the history, by name."""
_USUAL = "within_turn_id"


def read(raw: RawFile, participants: pl.Series) -> Part:
    """Read the conversations of known participants.

    Args:
        raw: The file.
        participants: Native ids of the participants that stand.
    """
    rules = [
        Rule(
            "duplicate-id",
            "conversation_id",
            ~pl.col("conversation_id").is_first_distinct(),
            pl.format("an earlier row is the conversation '{}'", "conversation_id"),
        ),
        Rule(
            "broken-reference",
            "user_id",
            ~pl.col("user_id").is_in(participants.implode()),
            pl.format("the survey has no participant '{}', or it was rejected", "user_id"),
        ),
        Rule(
            "out-of-range",
            "timing_duration_s",
            pl.col("timing_duration_s") < 0,
            pl.format("the duration is {} seconds", "timing_duration_s"),
        ),
    ]
    return read_part(raw, CONVERSATION, required=CONVERSATION_REQUIRED).screened(rules)


def with_history_kept(part: Part, utterances: pl.DataFrame) -> pl.DataFrame:
    """Null each history that the utterances tell; the column ``history`` says how they tell it.

    Args:
        part: The conversations.
        utterances: Rows of ``utterances.jsonl`` that stand.

    Returns:
        The rows, with ``history``: a name in the order of responses, ``absent`` where there was
        none, and ``differs`` where it is kept.
    """
    given = pl.col("conversation_history")
    state = pl.when(given.is_null()).then(pl.lit("absent")).otherwise(pl.lit("differs"))
    frame = part.frame.with_columns(history=state)
    for name, order in _ORDERS.items():
        if not (frame["history"] == "differs").any():
            break
        told = _history_of(utterances, order)
        is_told = (pl.col("history") == "differs") & pl.col("told").is_not_null()
        frame = (
            frame.join(told, on="conversation_id", how="left", maintain_order="left")
            .with_columns(is_told=is_told & given.eq_missing(pl.col("told")))
            .with_columns(
                conversation_history=pl.when(~pl.col("is_told")).then(given),
                history=pl.when("is_told").then(pl.lit(name)).otherwise("history"),
            )
            .drop("told", "is_told")
        )
    return frame


def _history_of(utterances: pl.DataFrame, order: Sequence[str]) -> pl.DataFrame:
    """Make the histories that utterances tell: ``conversation_id`` and the list ``told``."""
    spoken = utterances.unique("interaction_id", keep="first", maintain_order=True).select(
        "conversation_id",
        "turn",
        "within_turn_id",
        "row",
        is_model=pl.lit(0),
        item=_item(HISTORY_USER, "user", "user_prompt"),
    )
    answered = utterances.select(
        "conversation_id",
        "turn",
        "within_turn_id",
        "row",
        is_model=pl.lit(1),
        item=_item(HISTORY_MODEL, "model", "model_response"),
    )
    return (
        pl.concat([spoken, answered])
        .sort("conversation_id", "turn", "is_model", *order)
        .group_by("conversation_id", maintain_order=True)
        .agg(told="item")
    )


def _item(fields: Sequence[str], role: str, text: str) -> pl.Expr:
    own = {"role": pl.lit(role), "content": pl.col(text)}
    types = {
        "turn": pl.Int64,
        "score": pl.Int64,
        "within_turn_id": pl.Int64,
        "if_chosen": pl.Boolean,
    }
    return pl.struct(
        own.get(name, pl.col(name)).alias(name)
        if name in fields
        else pl.lit(None, types.get(name, pl.String)).alias(name)
        for name in HISTORY_MODEL
    )


def conversations(raw: RawFile, frame: pl.DataFrame) -> pl.DataFrame:
    """Make the conversations.

    Args:
        raw: The file.
        frame: Rows after `with_history_kept`, with ``n_turns`` and ``metadata`` (JSON or null).
    """
    started = pl.col("generated_datetime").str.to_datetime(_WRITTEN, strict=False, time_unit="us")
    is_exact = started.dt.strftime(_WRITTEN) == pl.col("generated_datetime")
    missing = _missing()
    made = frame.select(
        conversation_id=native("conversation_id"),
        source=pl.lit(SOURCE),
        annotator_id=native("user_id"),
        kind=pl.col("conversation_type"),
        n_turns=pl.col("n_turns").fill_null(0),
        feedback=pl.col("open_feedback"),
        ratings=_ratings(),
        started_at=started,
        duration_seconds=pl.col("timing_duration_s"),
        missing=pl.when(missing.list.len() > 0).then(missing),
        raw=json_object(
            *(member(name, name) for name in _IN_RAW),
            member(
                "generated_datetime", "generated_datetime", when=~is_exact.fill_null(value=False)
            ),
            member("history", "history", when=pl.col("history") != _USUAL),
            member("conversation_history", "conversation_history"),
            json_member("metadata", "metadata"),
            *leftovers(),
        ),
        revision=pl.lit(raw.revision, pl.String),
        file=pl.lit(raw.name),
        row=pl.col("row"),
    )
    return conform(made, table_schema("conversations"))


def _ratings() -> pl.Expr:
    blocks = {}
    for group, field in _GROUPS.items():
        rated = [
            pl.struct(
                pl.lit(group).alias("group"),
                pl.lit(name).alias("name"),
                pl.col(field).struct.field(name).alias("value"),
            )
            for name in ATTRIBUTES
        ]
        blocks[field] = pl.concat_list(rated)
    first, second = (pl.col(field).is_not_null() for field in blocks)
    one, two = blocks.values()
    return (
        pl.when(first & second)
        .then(pl.concat_list(one, two))
        .when(first)
        .then(one)
        .when(second)
        .then(two)
    )


def _missing() -> pl.Expr:
    entries = []
    for group, field in _GROUPS.items():
        for name in ATTRIBUTES:
            is_missing = pl.col(field).is_not_null() & pl.col(field).struct.field(name).is_null()
            entries.append(_entry(f"ratings.{group}.{name}", "not_applicable", is_missing))
    entries.append(_entry("duration_seconds", "sentinel", pl.col("timing_duration_s").is_null()))
    return pl.concat_list(entries).list.drop_nulls()


def _entry(field: str, reason: str, condition: pl.Expr) -> pl.Expr:
    entry = pl.struct(pl.lit(field).alias("field"), pl.lit(reason).alias("reason"))
    return pl.when(condition).then(entry)


def flags(frame: pl.DataFrame) -> list[pl.DataFrame]:
    """Make the flags of conversations whose history is not what the utterances tell."""
    differs = frame.filter(pl.col("history") == "differs")
    return [
        flags_of(
            differs,
            "conversations",
            "history-differs",
            identity=native("conversation_id"),
            reason="conversation_history is not what utterances.jsonl tells; it is kept in raw",
        )
    ]


def rebuild(
    row: Mapping[str, Any], raw: dict[str, Any], utterances: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Reassemble one row of ``conversations.jsonl``.

    Args:
        row: The conversation.
        raw: Its parsed ``raw``.
        utterances: The rebuilt utterances of the conversation, each with ``row``.
    """
    started = row["started_at"]
    history = raw.get("conversation_history")
    if history is not None:
        history = [{k: v for k, v in item.items() if v is not None} for item in history]
    elif raw.get("history") != "absent":
        history = _rebuilt_history(utterances, _ORDERS[raw.get("history", _USUAL)])
    back: dict[str, Any] = {name: raw.get(name) for name in CONVERSATION.names}
    back |= {
        "conversation_id": row["conversation_id"].removeprefix(f"{SOURCE}:"),
        "user_id": row["annotator_id"].removeprefix(f"{SOURCE}:"),
        "timing_duration_s": row["duration_seconds"],
        "conversation_type": row["kind"],
        "open_feedback": row["feedback"],
        "conversation_history": history,
    }
    if started is not None and "generated_datetime" not in raw:
        back["generated_datetime"] = started.strftime(_WRITTEN)
    for group, field in _GROUPS.items():
        rated = [item for item in row["ratings"] or () if item["group"] == group]
        back[field] = {item["name"]: item["value"] for item in rated} or None
    return restore(back, raw)


def _rebuilt_history(
    utterances: Sequence[Mapping[str, Any]], order: Sequence[str]
) -> list[dict[str, Any]]:
    def place(utterance: Mapping[str, Any]) -> tuple[Any, ...]:
        # Nulls come first, as in the frames.
        return (
            utterance["turn"],
            *((utterance.get(k) is not None, utterance.get(k) or 0) for k in order),
        )

    history: list[dict[str, Any]] = []
    for utterance in sorted(utterances, key=place):
        turn = utterance["turn"]
        if not history or history[-1]["turn"] != turn:
            history.append({"turn": turn, "role": "user", "content": utterance["user_prompt"]})
        said = {"turn": turn, "role": "model", "content": utterance["model_response"]}
        rest = {name: utterance.get(name) for name in HISTORY_MODEL if name not in said}
        history.append(said | {name: value for name, value in rest.items() if value is not None})
    return history
