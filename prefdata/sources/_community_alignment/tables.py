"""Rows of Community Alignment as conversations, prompts, responses and judgments."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import polars as pl

from prefdata.schema import conform, table_schema
from prefdata.sources._community_alignment.shape import (
    CHOICES,
    COMMON,
    FACTS,
    LETTERS,
    SOURCE,
    TURNS,
    Layout,
    turn_cells,
)
from prefdata.tables.identity import encode, hash_messages, hash_texts
from prefdata.tables.leftover import json_object
from prefdata.tables.messages import message, messages_of

if TYPE_CHECKING:
    from prefdata.protocols import RawFile

__all__ = ["flag_rows", "tables_of"]

_DEBRIS = "<|end_of_text|>"
_LICENSE = "CC-BY-4.0"


def tables_of(
    rows: pl.DataFrame, conflicts: pl.Series, raw: RawFile, shape: Layout
) -> dict[str, pl.DataFrame]:
    """Make the canonical tables of kept rows, and what is known to be odd about them.

    Args:
        rows: Raw rows with all columns of `COMMON`, ``row`` and ``extra``.
        conflicts: Per row the cells that contradict an earlier row of its annotator, as a JSON
            object; null where there is no contradiction.
        raw: The file.
        shape: Its header.
    """
    rows = _with_answers(rows.with_columns(conflicts.alias("conflict")))
    prompts = _in_row_order([_prompts(rows, turn, raw, shape) for turn in range(len(TURNS))])
    responses = _in_row_order([_responses(rows, turn, raw) for turn in range(len(TURNS))]).pipe(
        lambda frame: frame.with_columns(content_hash=_hash_answers(frame))
    )
    judgments = _in_row_order([_judgments(rows, turn, raw) for turn in range(len(TURNS))])
    prompts = prompts.with_columns(content_hash=hash_messages(prompts["messages"]))
    flags = _flags(rows, prompts, responses, judgments)
    return {
        "conversations": conform(_conversations(rows, raw, shape), table_schema("conversations")),
        "prompts": conform(prompts.drop("is_broken"), table_schema("prompts")),
        "responses": conform(responses, table_schema("responses")),
        "judgments": conform(judgments.drop("is_dangling"), table_schema("judgments")),
        "flags": flags,
    }


def flag_rows(rows: pl.DataFrame) -> pl.DataFrame:
    """Bring findings (id, subject, flag, value, reason) into the contract of `flags`."""
    return conform(
        rows.with_columns(source=pl.lit(SOURCE), stage=pl.lit("ingest")), table_schema("flags")
    )


def _with_answers(rows: pl.DataFrame) -> pl.DataFrame:
    """Add per turn ``asked_<t>`` (it has a prompt) and ``answer_<t>`` (the preferred text)."""
    added = []
    for index, turn in enumerate(TURNS):
        preferred = pl.col(f"{turn}_turn_preferred_response")
        asked = pl.col(f"{turn}_turn_prompt").is_not_null()
        answer = pl.coalesce(
            pl.when(asked & (preferred == choice)).then(f"{turn}_turn_{choice}")
            for choice in CHOICES
        )
        added += [asked.alias(f"asked_{index}"), answer.alias(f"answer_{index}")]
    return rows.with_columns(added)


def _origin(raw: RawFile) -> dict[str, pl.Expr]:
    return {
        "source": pl.lit(SOURCE),
        "revision": pl.lit(raw.revision, pl.String),
        "file": pl.lit(raw.name),
        "row": pl.col("row"),
    }


def _conversation_id() -> pl.Expr:
    return pl.lit(f"{SOURCE}:") + pl.col("conversation_id")


def _annotator_id() -> pl.Expr:
    return pl.lit(f"{SOURCE}:") + pl.col("annotator_id")


def _prompt_id(turn: int) -> pl.Expr:
    return _conversation_id() + f"/{turn}"


def _language() -> pl.Expr:
    return pl.when(pl.col("assigned_lang") != "").then("assigned_lang")


def _in_row_order(frames: list[pl.DataFrame]) -> pl.DataFrame:
    """Put what belongs to one raw row next to each other, in the order of the turns."""
    return pl.concat(frames).sort("row", maintain_order=True)


def _conversations(rows: pl.DataFrame, raw: RawFile, shape: Layout) -> pl.DataFrame:
    return rows.select(
        conversation_id=_conversation_id(),
        subset=pl.lit(shape.release, pl.String),
        split=pl.lit(shape.split, pl.String),
        annotator_id=_annotator_id(),
        language=_language(),
        n_turns=pl.sum_horizontal(f"asked_{turn}" for turn in range(len(TURNS))).cast(pl.Int32),
        raw=_left_over(rows, raw, shape),
        **_origin(raw),
    )


def _left_over(rows: pl.DataFrame, raw: RawFile, shape: Layout) -> pl.Series:
    """Write what has no column elsewhere, under the names of the source."""
    fixed = [name for name in shape.columns if name in FACTS or name not in COMMON]
    sparse = {"assigned_lang": pl.when(pl.col("assigned_lang") == "").then("assigned_lang")}
    for index, turn in enumerate(TURNS):
        prompt, *answers, preferred, feedback = turn_cells(turn)
        del prompt
        is_shown = pl.any_horizontal(pl.col(name).is_not_null() for name in answers)
        for name in answers:
            sparse[name] = pl.when(~pl.col(f"asked_{index}")).then(name)
        for name in (preferred, feedback):
            sparse[name] = pl.when(~pl.col(f"asked_{index}") | ~is_shown).then(name)
    absent = json.dumps(shape.absent) if shape.absent else None
    frame = rows.select(
        *fixed,
        "extra",
        pl.col("conflict").alias("annotator"),
        pl.lit(absent, pl.String).alias("absent"),
        **sparse,
    )
    nested = ["extra", "annotator", "absent"]
    return json_object(frame, fixed=fixed, sparse=list(sparse), nested=nested, file=raw.name)


def _prompts(rows: pl.DataFrame, turn: int, raw: RawFile, shape: Layout) -> pl.DataFrame:
    turns: list[pl.Expr] = []
    for earlier in range(turn):
        asked, answer = pl.col(f"asked_{earlier}"), f"answer_{earlier}"
        turns.append(pl.when(asked).then(message("user", f"{TURNS[earlier]}_turn_prompt")))
        turns.append(pl.when(pl.col(answer).is_not_null()).then(message("assistant", answer)))
    turns.append(message("user", f"{TURNS[turn]}_turn_prompt"))
    lost = [pl.col(f"answer_{earlier}").is_null() for earlier in range(turn)]
    return rows.filter(f"asked_{turn}").select(
        prompt_id=_prompt_id(turn),
        subset=pl.lit(shape.release, pl.String),
        split=pl.lit(shape.split, pl.String),
        conversation_id=_conversation_id(),
        turn=pl.lit(turn, pl.Int32),
        # Unknown turns of the history are left out; the others follow each other.
        messages=pl.concat_list(turns).list.drop_nulls() if turn else messages_of(*turns),
        language=_language(),
        license=pl.lit(_LICENSE),
        is_broken=pl.any_horizontal(lost) if lost else pl.lit(value=False),
        **_origin(raw),
    )


def _responses(rows: pl.DataFrame, turn: int, raw: RawFile) -> pl.DataFrame:
    candidates = []
    for position, letter in enumerate(LETTERS):
        text = f"{TURNS[turn]}_turn_response_{letter}"
        candidates.append(
            rows.filter(pl.col(f"asked_{turn}") & pl.col(text).is_not_null()).select(
                response_id=_prompt_id(turn) + f"/{letter}",
                prompt_id=_prompt_id(turn),
                position=pl.lit(position, pl.Int32),
                messages=messages_of(message("assistant", text)),
                text=text,
                license=pl.lit(_LICENSE),
                **_origin(raw),
            )
        )
    return pl.concat(candidates)


def _hash_answers(responses: pl.DataFrame) -> pl.Series:
    """Return what `hash_messages` returns of one assistant message, without unpacking lists."""
    return hash_texts(responses.select(encode(pl.lit("assistant"), "text")).to_series())


def _judgments(rows: pl.DataFrame, turn: int, raw: RawFile) -> pl.DataFrame:
    name = TURNS[turn]
    preferred = pl.col(f"{name}_turn_preferred_response")
    shown = [pl.col(f"{name}_turn_{choice}").is_not_null() for choice in CHOICES]
    is_chosen = pl.col(f"answer_{turn}").is_not_null()

    def listed(values: list[pl.Expr]) -> pl.Expr:
        parts = [pl.when(is_there).then(v) for is_there, v in zip(shown, values, strict=True)]
        return pl.concat_list(parts).list.drop_nulls()

    return rows.filter(pl.col(f"asked_{turn}") & pl.any_horizontal(shown)).select(
        judgment_id=_prompt_id(turn) + "/" + pl.col("annotator_id") + "/overall",
        prompt_id=_prompt_id(turn),
        annotator_id=_annotator_id(),
        aspect=pl.lit("overall"),
        protocol=pl.lit("best_of_k"),
        outcome=pl.when(is_chosen).then(pl.lit("chosen")).otherwise(pl.lit("not_given")),
        response_ids=listed([_prompt_id(turn) + f"/{letter}" for letter in LETTERS]),
        is_order_known=pl.lit(value=True),
        chosen=pl.when(is_chosen).then(listed([preferred == choice for choice in CHOICES])),
        # The source answers once for all candidates; the answer stands beside each.
        raw_values=pl.when(preferred.is_not_null()).then(listed([preferred] * len(CHOICES))),
        comment=pl.col(f"{name}_turn_feedback"),
        is_dangling=~is_chosen & preferred.is_in(CHOICES).fill_null(value=False),
        **_origin(raw),
    )


def _flags(
    rows: pl.DataFrame, prompts: pl.DataFrame, responses: pl.DataFrame, judgments: pl.DataFrame
) -> pl.DataFrame:
    copies = pl.len().over("prompt_id", "content_hash")
    repeated = responses.select("response_id", copies=copies).filter(pl.col("copies") > 1)
    debris = responses.filter(pl.col("text").str.contains(_DEBRIS, literal=True))
    dangling = judgments.filter("is_dangling")
    nothing_shown = [_dangling_prompts(rows, turn) for turn in range(len(TURNS))]
    promptless = rows.filter(_has_turn_without_prompt())
    return flag_rows(
        pl.concat(
            [
                _found(
                    repeated["response_id"],
                    "responses",
                    "duplicate-response",
                    "Another response of the same set has the same words.",
                    repeated["copies"],
                ),
                _found(
                    debris["response_id"],
                    "responses",
                    "template-debris",
                    f"The text holds {_DEBRIS}, which is not the model's answer.",
                ),
                _found(
                    prompts.filter("is_broken")["prompt_id"],
                    "prompts",
                    "broken-history",
                    "An earlier turn is missing or has no preferred response; messages skip it.",
                ),
                _found(
                    dangling["judgment_id"],
                    "judgments",
                    "dangling-choice",
                    "The preferred response is not among those of the file.",
                ),
                _found(
                    pl.concat(nothing_shown),
                    "prompts",
                    "dangling-choice",
                    "A response is preferred, and the file has none for this turn.",
                ),
                _found(
                    promptless.select(_conversation_id()).to_series(),
                    "conversations",
                    "turn-without-prompt",
                    "A turn has responses or a choice and no prompt; its cells are in `raw`.",
                ),
            ]
        )
    )


def _dangling_prompts(rows: pl.DataFrame, turn: int) -> pl.Series:
    shown = [pl.col(f"{TURNS[turn]}_turn_{choice}").is_not_null() for choice in CHOICES]
    preferred = pl.col(f"{TURNS[turn]}_turn_preferred_response")
    is_bare = pl.col(f"asked_{turn}") & ~pl.any_horizontal(shown)
    return rows.filter(is_bare & preferred.is_in(CHOICES)).select(_prompt_id(turn)).to_series()


def _has_turn_without_prompt() -> pl.Expr:
    return pl.any_horizontal(
        ~pl.col(f"asked_{index}") & pl.col(cell).is_not_null()
        for index, turn in enumerate(TURNS)
        for cell in turn_cells(turn)[1:]
    )


def _found(
    ids: pl.Series, subject: str, flag: str, reason: str, value: pl.Series | None = None
) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "id": ids,
            "value": pl.repeat(None, ids.len(), dtype=pl.Float64, eager=True)
            if value is None
            else value,
        },
        schema_overrides={"id": pl.String(), "value": pl.Float64()},
    ).with_columns(subject=pl.lit(subject), flag=pl.lit(flag), reason=pl.lit(reason))
