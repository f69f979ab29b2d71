"""The eight dimensions of each prompt: from a chat model, or from rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from prefdata.core.fingerprint import canonical_json
from prefdata.routing.features.by_rules import rule_tags
from prefdata.routing.features.names import DIMENSIONS
from prefdata.routing.features.rules import rules_digest
from prefdata.stages._route_features.reading import readable_tags, reader
from prefdata.stages._route_features.wording import instructions_digest, request_of
from prefdata.tables.messages import with_system
from prefdata.texts.views import texts_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prefdata.protocols import Chat, ChatAnswer, ChatParams

__all__ = ["Tagged", "prompt_texts", "tag_by_model", "tag_by_rules"]

_LISTS = {name: pl.List(pl.String()) for name in DIMENSIONS}


@dataclass(frozen=True, slots=True)
class Tagged:
    """What was found of prompts."""

    rows: pl.DataFrame
    """Column ``prompt_id``, and one for each dimension."""
    tagger: str
    settings: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def prompt_texts(prompts: pl.LazyFrame) -> pl.DataFrame:
    """Return the texts of prompts in which tags are looked for, sorted by id.

    Args:
        prompts: Rows of ``prompts``.

    Returns:
        Columns ``prompt_id``, ``conversation`` (each message under its role, the system prompt
        first), ``user`` (all that the user said) and ``last`` (the last message).
    """
    element = pl.element().struct
    turn = pl.concat_str(pl.lit("["), element["role"], pl.lit("]\n"), element["content"])
    frame = prompts.select(
        "prompt_id", conversation=with_system().list.eval(turn).list.join("\n\n")
    )
    for view in ("user", "last"):
        texts = texts_of(prompts, "prompts", view).select(prompt_id="id", **{view: pl.col("text")})
        frame = frame.join(texts, on="prompt_id", how="left")
    return frame.sort("prompt_id").collect()


def tag_by_rules(texts: pl.DataFrame) -> Tagged:
    """Tag prompts by words and forms.

    Args:
        texts: As `prompt_texts` returns them.
    """
    distinct = texts.select("user", "last").unique(maintain_order=True)
    found = pl.concat([distinct, rule_tags(distinct)], how="horizontal")
    rows = texts.join(found, on=["user", "last"], how="left", maintain_order="left")
    return Tagged(rows.select("prompt_id", *DIMENSIONS), "rules", {"rules": rules_digest()})


def tag_by_model(
    texts: pl.DataFrame, chat: Chat, model: ChatParams, step: str, *, is_per_dimension: bool
) -> Tagged:
    """Have a chat model tag prompts; prompts with the same words are asked about once.

    Args:
        texts: As `prompt_texts` returns them.
        chat: Where answers come from.
        model: The model.
        step: The step that asks.
        is_per_dimension: Whether each dimension is asked for by itself.
    """
    distinct = texts["conversation"].unique().sort()
    groups: list[tuple[str, ...]] = [DIMENSIONS]
    if is_per_dimension:
        groups = [(name,) for name in DIMENSIONS]
    columns: dict[str, list[list[str] | None]] = {}
    faults: dict[str, int] = {}
    name = ""
    for group in groups:
        # A loop over rows: each may be a call of a model.
        requests = [request_of(text, group) for text in distinct]
        answers = chat.get(
            requests,
            model=model,
            purpose="tag-prompts" if len(group) > 1 else "tag-prompts-singly",
            step=step,
            read=reader(group),
        )
        name = f"{answers.model}@{answers.chat}"
        read = [_read(answer, group) for answer in answers.answers]
        columns |= {dimension: [said.get(dimension) for said in read] for dimension in group}
        for answer in answers.answers:
            if answer.status != "ok":
                faults[answer.status] = faults.get(answer.status, 0) + 1
    found = pl.DataFrame({"conversation": distinct, **columns}, schema_overrides=_LISTS)
    rows = texts.join(found, on="conversation", how="left", maintain_order="left")
    settings = {
        "instructions": instructions_digest(is_per_dimension=is_per_dimension),
        "wording": canonical_json(model.wording()),
    }
    return Tagged(
        rows.select("prompt_id", *DIMENSIONS),
        name,
        settings,
        tuple(_fault_notes(faults, found, len(groups))),
    )


def _read(answer: ChatAnswer, dimensions: Sequence[str]) -> dict[str, list[str]]:
    """Return what can be read of an answer; of one that could not be read, the parts that can."""
    if answer.status not in {"ok", "unreadable"} or answer.text is None:
        return {}
    return readable_tags(answer.text, dimensions)


def _fault_notes(faults: dict[str, int], found: pl.DataFrame, n_each: int) -> list[str]:
    if not faults:
        return []
    told = ", ".join(f"{status} {n:,}" for status, n in sorted(faults.items()))
    missing = ", ".join(f"{name} {n:,}" for name in DIMENSIONS if (n := found[name].null_count()))
    n_faults, n_all = sum(faults.values()), found.height * n_each
    note = (
        f"{n_faults:,} of {n_all:,} answers of the tagger are not what was asked for ({told}); "
        f"unknown therefore: {missing or 'nothing'}"
    )
    return [note]
