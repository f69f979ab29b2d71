"""Findings in the messages of prompts and responses, and in transcripts made of both.

Texts are searched once, by one expression that finds the words all patterns need; only the few
messages that hold such a word meet the patterns. Roles are compared as columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from prefdata.stages._findings import findings

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Transcripts", "flags_of_transcripts", "is_blank"]

# Words without which no pattern below can match.
_CANDIDATE = r"Human|Assistant|</s>|<\||INST\]|SYS>>|_of_turn>"
_DEBRIS = (
    r"</s>|<\|[A-Za-z_]+\|>|<\|(?:im_|end|eot|start|user|system|assistant)"
    r"|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>"
)
_IN_TRANSCRIPT = {
    "role-marker-in-text": (
        r"\b(?:Human|Assistant):",
        "{} holds a role marker: another turn may have leaked into the text.",
    ),
    "begins-with-role-marker": (
        r"^\s*(?:Human|Assistant):",
        "{} begins with a role marker: the text is likely somebody else's turn.",
    ),
    "role-marker-after-newline": (
        r"\n[ \t]*(?:Human|Assistant):",
        "{} has a line that begins with a role marker: turns may not have been split there.",
    ),
    "marker-without-colon": (
        r"\n[ \t]*\n(?:Human|Assistant)[ \t]*(?:\n|$)",
        "{} has a role marker without its colon, alone on a line.",
    ),
}


def is_blank(text: pl.Expr) -> pl.Expr:
    """Tell whether a text is empty or only white space.

    A text that begins with a printable character of ASCII is decided by its first byte.
    """
    may_be = (text < "!") | (text >= "\x80")
    return may_be & ~text.str.contains(r"\S")


@dataclass(frozen=True, slots=True)
class Transcripts:
    """Prompts and responses, and their messages one by one."""

    prompts: pl.DataFrame
    """Columns index, prompt_id, content_hash, size: how many messages there are."""
    responses: pl.DataFrame
    """Columns index, response_id, prompt_id, size."""
    prompt_turns: pl.DataFrame
    """Columns index, role, content, in order."""
    response_turns: pl.DataFrame

    @classmethod
    def of(cls, prompts: pl.DataFrame, responses: pl.DataFrame) -> Transcripts:
        """Take the frames of `flag-quality` apart."""
        sides = [frame.with_row_index() for frame in (prompts, responses)]
        flat, turns = [], []
        for side in sides:
            size = pl.col("messages").list.len().alias("size")
            flat.append(side.with_columns(size).drop("messages"))
            turns.append(
                side.filter(pl.col("messages").list.len() > 0)
                .select("index", "messages")
                .explode("messages")
                .unnest("messages")
            )
        return cls(*flat, *turns)


def flags_of_transcripts(transcripts: Transcripts) -> Iterator[pl.DataFrame]:
    """Yield the findings on prompts and responses, kind by kind."""
    yield from _marker_flags(transcripts)
    yield _repeated_roles(transcripts)
    yield from _response_flags(transcripts)
    yield from _prompt_flags(transcripts)


def _marker_flags(transcripts: Transcripts) -> Iterator[pl.DataFrame]:
    """Yield what patterns find in the texts."""
    prompts, responses = transcripts.prompts, transcripts.responses
    may_hold = pl.col("content").str.contains(_CANDIDATE)
    prompt_turns = transcripts.prompt_turns.filter(may_hold)
    response_turns = transcripts.response_turns.filter(may_hold)
    for flag, (pattern, reason) in _IN_TRANSCRIPT.items():
        in_prompt = prompts.select("index", "prompt_id").join(
            _count(prompt_turns, pattern), on="index"
        )
        own = _count(response_turns, pattern)
        found = (
            _touched(responses, own["index"], in_prompt["prompt_id"])
            .join(own.rename({"count": "own"}), on="index", how="left")
            .join(in_prompt.drop("index"), on="prompt_id", how="left")
        )
        place = (
            pl.when(pl.col("count").is_null())
            .then(pl.lit("The response"))
            .when(pl.col("own").is_null())
            .then(pl.lit("The prompt"))
            .otherwise(pl.lit("The prompt, like the response,"))
        )
        yield findings(
            found,
            key="response_id",
            subject="responses",
            flag=flag,
            reason=pl.format(reason, place),
            value=pl.sum_horizontal("own", "count"),
        )
    for subject, key, rows, turns in (
        ("prompts", "prompt_id", prompts, prompt_turns),
        ("responses", "response_id", responses, response_turns),
    ):
        yield findings(
            rows.join(_count(turns, _DEBRIS), on="index", maintain_order="left"),
            key=key,
            subject=subject,
            flag="template-debris",
            reason="The text holds tokens of a chat template, which nobody wrote as text.",
            value="count",
        )


def _count(turns: pl.DataFrame, pattern: str) -> pl.DataFrame:
    """Return how often each owner of turns has a pattern, where it has it."""
    counted = turns.select("index", count=pl.col("content").str.count_matches(pattern))
    return counted.filter(pl.col("count") > 0).group_by("index", maintain_order=True).sum()


def _touched(responses: pl.DataFrame, own: pl.Series, prompts: pl.Series) -> pl.DataFrame:
    """Return the responses that are among ``own``, or answer one of ``prompts``, in order."""
    is_own = pl.col("index").is_in(own.implode())
    is_answer = pl.col("prompt_id").is_in(prompts.implode())
    return responses.filter((is_own | is_answer) if prompts.len() else is_own)


def _shape(turns: pl.DataFrame) -> pl.DataFrame:
    """Return per owner the roles at its ends and what is odd between them, system left out."""
    if (turns["role"] == "system").any():
        turns = turns.filter(pl.col("role") != "system")
    role, owner = pl.col("role"), pl.col("index")
    is_first = (owner != owner.shift(1)).fill_null(value=True)
    spots = turns.select(spot=is_first.arg_true())["spot"]
    ends = pl.concat([spots.slice(1), pl.Series([turns.height], dtype=spots.dtype)])
    if not turns.height:
        spots, ends = spots.clear(), ends.clear()
    repeats = turns.select("index", is_repeat=(role == role.shift(1)) & ~is_first)
    repeated = repeats.filter("is_repeat")["index"].unique()
    with_tools = turns.filter(role == "tool")["index"].unique()
    return pl.DataFrame(
        {
            "index": turns["index"].gather(spots),
            "first": turns["role"].gather(spots),
            "last": turns["role"].gather(ends - 1),
            "n": ends.cast(pl.Int64) - spots.cast(pl.Int64),
        }
    ).with_columns(
        is_repeated=pl.col("index").is_in(repeated.implode()),
        has_tools=pl.col("index").is_in(with_tools.implode()),
    )


def _repeated_roles(transcripts: Transcripts) -> pl.DataFrame:
    """Find transcripts whose roles do not alternate.

    A prompt from user to user, answered by one assistant message, is regular; only where one of
    both is not so is the transcript put together.
    """
    asked = transcripts.prompts.select("index", "prompt_id").join(
        _shape(transcripts.prompt_turns), on="index", how="left", maintain_order="left"
    )
    is_asked_well = (
        (pl.col("first") == "user") & (pl.col("last") == "user") & ~pl.col("is_repeated")
    ).fill_null(value=False)
    answered = transcripts.responses.select("index", "response_id", "prompt_id").join(
        _shape(transcripts.response_turns), on="index", how="left", maintain_order="left"
    )
    is_plain = ((pl.col("n") == 1) & (pl.col("last") == "assistant")).fill_null(value=False)
    candidates = _touched(
        answered,
        answered.filter(~is_plain)["index"],
        asked.filter(~is_asked_well)["prompt_id"],
    )
    whole = candidates.join(
        asked.drop("index"), on="prompt_id", how="left", suffix="_asked", maintain_order="left"
    ).with_columns(pl.col("n", "n_asked").fill_null(0))
    total = pl.col("n") + pl.col("n_asked")
    has_tools = pl.any_horizontal(pl.col("has_tools", "has_tools_asked").fill_null(value=False))
    is_odd = (total % 2 == 1) & (pl.col("n_asked") > 0) & ~has_tools
    is_seam = (pl.col("last_asked") == pl.col("first")).fill_null(value=False)
    inside = pl.any_horizontal(pl.col("is_repeated", "is_repeated_asked").fill_null(value=False))
    neighbours = inside | is_seam
    return findings(
        whole.filter(neighbours | is_odd),
        key="response_id",
        subject="responses",
        flag="repeated-role",
        reason=pl.when(neighbours)
        .then(pl.lit("Two neighbouring messages of the transcript have the same role."))
        .otherwise(pl.lit("The transcript has an odd number of messages, so a turn is missing.")),
        value=total,
    )


def _response_flags(transcripts: Transcripts) -> Iterator[pl.DataFrame]:
    responses, turns = transcripts.responses, transcripts.response_turns
    is_last = (pl.col("index") != pl.col("index").shift(-1)).fill_null(value=True)
    last = turns.filter(is_last)
    blank = last.filter(is_blank(pl.col("content")))["index"]
    others = last.filter(pl.col("role") != "assistant")["index"]
    for flag, found, reason in (
        ("empty-response", blank, "The answer has no text."),
        ("last-turn-not-assistant", others, "The last message is not the assistant's."),
    ):
        rows = responses.filter(pl.col("index").is_in(found.implode()))
        yield findings(rows, key="response_id", subject="responses", flag=flag, reason=reason)
    long = responses.filter(pl.col("size") > 1)["prompt_id"].unique()
    parted = (
        responses.filter(pl.col("prompt_id").is_in(long.implode()))
        if long.len()
        else (responses.clear())
    )
    is_uneven = pl.col("size").n_unique().over("prompt_id") > 1
    for flag, rows, reason in (
        ("divergent-tail", parted, "The candidates part before the last turn."),
        (
            "different-turn-count",
            parted.filter(is_uneven),
            "The candidates have different numbers of messages.",
        ),
    ):
        yield findings(
            rows, key="response_id", subject="responses", flag=flag, reason=reason, value="size"
        )


def _prompt_flags(transcripts: Transcripts) -> Iterator[pl.DataFrame]:
    prompts, turns = transcripts.prompts, transcripts.prompt_turns
    is_last = (pl.col("index") != pl.col("index").shift(-1)).fill_null(value=True)
    marked = turns.select("index", is_last=is_last, is_blank=is_blank(pl.col("content")))
    blank = marked.filter("is_blank")
    unasked = blank.filter("is_last")["index"]
    earlier = blank.filter(~pl.col("is_last")).group_by("index", maintain_order=True).len("count")
    yield findings(
        prompts.filter((pl.col("size") == 0) | pl.col("index").is_in(unasked.implode())),
        key="prompt_id",
        subject="prompts",
        flag="empty-prompt",
        reason=pl.when(pl.col("size") == 0)
        .then(pl.lit("There is no message to answer."))
        .otherwise(pl.lit("The message to answer has no text.")),
    )
    yield findings(
        prompts.join(earlier, on="index", maintain_order="left"),
        key="prompt_id",
        subject="prompts",
        flag="empty-turn",
        reason="An earlier message has no text.",
        value="count",
    )
    opened = _shape(turns).filter(pl.col("first") != "user")
    yield findings(
        prompts.filter(pl.col("index").is_in(opened["index"].implode())),
        key="prompt_id",
        subject="prompts",
        flag="first-turn-not-user",
        reason="The conversation does not begin with the user.",
    )
    repeats = pl.len().over("content_hash")
    yield findings(
        prompts.with_columns(repeats=repeats).filter(pl.col("repeats") > 1),
        key="prompt_id",
        subject="prompts",
        flag="same-prompt-again",
        reason="The same messages are asked more than once in the source.",
        value="repeats",
    )
