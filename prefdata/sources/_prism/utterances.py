"""PRISM's utterances: one rated response per row, to prompts, responses and judgments.

A prompt is an interaction: what the participant wrote at one turn, after the earlier turns along
the chosen responses. Several responses of a turn may be chosen, because later turns were marked by
equal text. The source numbers the responses of a turn, but does not say that this is where they
stood on the screen, so no order is known.
"""

from __future__ import annotations

import json
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
from prefdata.sources._prism.shapes import UTTERANCE, UTTERANCE_REQUIRED
from prefdata.tables.identity import hash_messages
from prefdata.tables.messages import message, messages_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from prefdata.protocols import RawFile

__all__ = [
    "flags",
    "interactions",
    "judgments",
    "prompts",
    "read",
    "rebuild",
    "responses",
]

_SCALE = (1, 100)
_MAX_INT32 = 2**31 - 1
_SENTINEL = "EMPTY STRING"
_OF_CONVERSATION = ("included_in_balanced_subset", "conversation_type")
"""Fields that repeat those of the conversation; kept where they differ."""


def read(raw: RawFile, conversations: pl.DataFrame) -> Part:
    """Read the utterances of known conversations.

    Args:
        raw: The file.
        conversations: Rows of ``conversations.jsonl`` that stand.

    Returns:
        The rows in file order, with ``owner`` and ``of_<field>``: what the conversation says.
    """
    part = read_part(raw, UTTERANCE, required=UTTERANCE_REQUIRED)
    owners = conversations.select(
        "conversation_id",
        owner="user_id",
        **{f"of_{name}": pl.col(name) for name in _OF_CONVERSATION},
    )
    frame = part.frame.join(owners, on="conversation_id", how="left", maintain_order="left")
    part = Part(raw, frame, part.rejects, part.rows_in)
    # Each step looks only at what the steps before let stand.
    return part.screened(_own_rules()).screened(_rules_of_one_prompt()).screened(_rules_of_turns())


def _own_rules() -> list[Rule]:
    low, high = _SCALE
    score = pl.col("score")
    numbers = ("turn", "within_turn_id")
    return [
        Rule(
            "duplicate-id",
            "utterance_id",
            ~pl.col("utterance_id").is_first_distinct(),
            pl.format("an earlier row is the utterance '{}'", "utterance_id"),
        ),
        Rule(
            "broken-reference",
            "conversation_id",
            pl.col("owner").is_null(),
            pl.format("there is no conversation '{}', or it was rejected", "conversation_id"),
        ),
        Rule(
            "broken-reference",
            "user_id",
            pl.col("owner") != pl.col("user_id"),
            pl.format("the participant is '{}', of the conversation '{}'", "user_id", "owner"),
        ),
        Rule(
            "out-of-range",
            "score",
            ~score.is_between(low, high),
            pl.format(f"the score is {{}}, and the scale is {low} to {high}", score),
        ),
        *(
            Rule(
                "out-of-range",
                name,
                ~pl.col(name).is_between(0, _MAX_INT32),
                pl.format(f"{name} is {{}}", name),
            )
            for name in numbers
        ),
    ]


def _rules_of_one_prompt() -> list[Rule]:
    return [
        Rule(
            "inconsistent-interaction",
            name,
            pl.col(name) != pl.col(name).first().over("interaction_id"),
            pl.format(
                f"an earlier row of the interaction '{{}}' has another {name}", "interaction_id"
            ),
        )
        for name in ("conversation_id", "turn", "user_prompt")
    ]


def _rules_of_turns() -> list[Rule]:
    first = pl.col("interaction_id").first().over("conversation_id", "turn")
    return [
        Rule(
            "duplicate-turn",
            "turn",
            pl.col("interaction_id") != first,
            pl.format("turn {} of the conversation is the interaction '{}'", "turn", first),
        )
    ]


def interactions(utterances: pl.DataFrame) -> pl.DataFrame:
    """Gather the rows of each interaction, in order of first rows.

    Within one, responses come in the order of ``within_turn_id``. ``followed`` is the text that
    the conversation goes on from: that of the first chosen response.
    """
    followed = pl.col("model_response").filter("if_chosen")
    is_followed = (pl.col("n_followed") == 1).cast(pl.Int64)
    return (
        utterances.with_columns(first=pl.col("row").min().over("interaction_id"))
        .sort("first", "within_turn_id", "row")
        .group_by("interaction_id", maintain_order=True)
        .agg(
            pl.col("conversation_id", "user_id", "turn", "user_prompt", "first").first(),
            "utterance_id",
            "if_chosen",
            "score",
            followed=followed.first(),
            n_chosen=pl.col("if_chosen").sum().cast(pl.Int64),
            n_followed=followed.n_unique().cast(pl.Int64),
        )
        # Turn t has a whole history when t earlier turns are each followed by one text.
        .with_columns(is_whole=is_followed.cum_sum().over("conversation_id", order_by="turn"))
        .with_columns(is_whole=pl.col("is_whole") - is_followed == pl.col("turn"))
    )


def _messages(asked: pl.DataFrame) -> pl.DataFrame:
    """Make the messages of each prompt: ``interaction_id`` and ``messages``."""
    spoken = asked.select("conversation_id", at="turn", part=pl.lit(0), said="user_prompt")
    answered = asked.filter(pl.col("followed").is_not_null()).select(
        "conversation_id", at="turn", part=pl.lit(1), said="followed"
    )
    role = pl.when(pl.col("part") == 0).then(pl.lit("user")).otherwise(pl.lit("assistant"))
    is_before = (pl.col("at") < pl.col("turn")) | (
        (pl.col("at") == pl.col("turn")) & (pl.col("part") == 0)
    )
    return (
        asked.lazy()
        .select("interaction_id", "conversation_id", "turn")
        .join(pl.concat([spoken, answered]).lazy(), on="conversation_id")
        .filter(is_before)
        .sort("interaction_id", "at", "part")
        .group_by("interaction_id", maintain_order=True)
        .agg(messages=message(role, "said"))
        .collect()
    )


def prompts(raw: RawFile, asked: pl.DataFrame) -> pl.DataFrame:
    """Make the prompts.

    Args:
        raw: The file.
        asked: What `interactions` gives, with ``language`` and ``metadata`` (JSON or null).
    """
    frame = asked.join(_messages(asked), on="interaction_id", how="left", maintain_order="left")
    made = frame.select(
        prompt_id=native("interaction_id"),
        source=pl.lit(SOURCE),
        conversation_id=native("conversation_id"),
        turn="turn",
        messages="messages",
        language="language",
        license=pl.lit("CC-BY-4.0"),
        content_hash=hash_messages(frame["messages"]),
        raw=json_object(json_member("metadata", "metadata")),
        revision=pl.lit(raw.revision, pl.String),
        file=pl.lit(raw.name),
        row="first",
    )
    return conform(made, table_schema("prompts"))


def responses(raw: RawFile, utterances: pl.DataFrame) -> pl.DataFrame:
    """Make the responses.

    Args:
        raw: The file.
        utterances: Rows with ``system``, ``metadata`` and ``model`` (JSON or null).
    """
    messages = messages_of(message("assistant", "model_response"))
    made = utterances.select(
        response_id=native("utterance_id"),
        prompt_id=native("interaction_id"),
        source=pl.lit(SOURCE),
        position=pl.lit(None, pl.Int32),
        messages=messages,
        text="model_response",
        model="model_name",
        system="system",
        license=pl.lit("CC-BY-NC-4.0"),
        content_hash=hash_messages(utterances.select(messages=messages).to_series()),
        raw=json_object(
            member("within_turn_id", "within_turn_id"),
            member("model_provider", "model_provider"),
            *(
                member(name, name, when=pl.col(name).ne_missing(pl.col(f"of_{name}")))
                for name in _OF_CONVERSATION
            ),
            json_member("metadata", "metadata"),
            json_member("model", "model"),
            *leftovers(),
        ),
        revision=pl.lit(raw.revision, pl.String),
        file=pl.lit(raw.name),
        row="row",
    )
    return conform(made, table_schema("responses"))


def judgments(raw: RawFile, asked: pl.DataFrame) -> pl.DataFrame:
    """Make the judgments: which responses were chosen, and how each was rated."""
    low, high = _SCALE
    has_choice = pl.col("n_chosen") > 0
    made = asked.select(
        judgment_id=native("interaction_id"),
        prompt_id=native("interaction_id"),
        source=pl.lit(SOURCE),
        annotator_id=native("user_id"),
        aspect=pl.lit("overall"),
        protocol=pl.lit("rating"),
        outcome=pl.when(has_choice).then(pl.lit("chosen")).otherwise(pl.lit("not_given")),
        response_ids=pl.col("utterance_id").list.eval(pl.lit(f"{SOURCE}:") + pl.element()),
        is_order_known=pl.lit(value=False),
        chosen="if_chosen",
        scores=pl.col("score").cast(pl.List(pl.Float64)),
        raw_values=pl.col("score").cast(pl.List(pl.String)),
        scale_min=pl.lit(float(low)),
        scale_max=pl.lit(float(high)),
        revision=pl.lit(raw.revision, pl.String),
        file=pl.lit(raw.name),
        row="first",
    )
    return conform(made, table_schema("judgments"))


def flags(utterances: pl.DataFrame, asked: pl.DataFrame) -> list[pl.DataFrame]:
    """Make the flags of what is known to be odd in turns and responses."""
    interaction = native("interaction_id")
    return [
        flags_of(
            utterances.filter(pl.col("model_response") == _SENTINEL),
            "responses",
            "empty-sentinel",
            identity=native("utterance_id"),
            reason=f"the source writes {_SENTINEL!r} where the model gave no text",
        ),
        flags_of(
            asked.filter(pl.col("n_chosen") > 1),
            "judgments",
            "several-chosen",
            identity=interaction,
            value=pl.col("n_chosen"),
            reason="later turns are marked by equal text, so that several responses are chosen",
        ),
        flags_of(
            asked.filter(pl.col("n_chosen") == 0),
            "judgments",
            "none-chosen",
            identity=interaction,
            reason="no response of the turn is marked as chosen",
        ),
        flags_of(
            asked.filter(~pl.col("is_whole")),
            "prompts",
            "incomplete-history",
            identity=interaction,
            reason="an earlier turn is missing, or not exactly one text of it was chosen",
        ),
    ]


def rebuild(
    tables: Mapping[str, pl.DataFrame], conversations: Mapping[str, dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    """Reassemble the rows of ``utterances.jsonl``, each with ``row`` and its parsed ``raw``.

    Args:
        tables: The canonical tables.
        conversations: Conversation id to ``conversation_type`` and the parsed ``raw``.
    """
    asked = tables["prompts"].select(
        "prompt_id",
        "conversation_id",
        "turn",
        user_prompt=pl.col("messages").list.last().struct.field("content"),
    )
    said = (
        tables["judgments"]
        .select("annotator_id", response_id="response_ids", if_chosen="chosen", score="scores")
        .explode("response_id", "if_chosen", "score")
    )
    frame = (
        tables["responses"]
        .select("response_id", "prompt_id", "text", "model", "raw", "row")
        .join(asked, on="prompt_id")
        .join(said, on="response_id")
        .sort("row")
    )
    prefix = f"{SOURCE}:"
    # Row by row: the way back gives Python objects in any case.
    for row in frame.iter_rows(named=True):
        raw = json.loads(row["raw"]) if row["raw"] else {}
        of_conversation = conversations[row["conversation_id"]]
        score = row["score"]
        back = {
            "utterance_id": row["response_id"].removeprefix(prefix),
            "interaction_id": row["prompt_id"].removeprefix(prefix),
            "conversation_id": row["conversation_id"].removeprefix(prefix),
            "user_id": row["annotator_id"].removeprefix(prefix),
            "turn": row["turn"],
            "within_turn_id": raw.get("within_turn_id"),
            **{name: raw.get(name, of_conversation.get(name)) for name in _OF_CONVERSATION},
            "user_prompt": row["user_prompt"],
            "model_response": row["text"],
            "model_name": row["model"],
            "model_provider": raw.get("model_provider"),
            "score": None if score is None else int(score),
            "if_chosen": row["if_chosen"],
        }
        yield {"row": row["row"], "raw": raw, "fields": restore(back, raw)}
