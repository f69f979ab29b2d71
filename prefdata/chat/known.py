"""Answers that are known: in the table ``answers``, or in the journal on their way to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.chat.kept import AnswerRow

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from prefdata.catalog import Catalog
    from prefdata.chat.journal import Journal
    from prefdata.protocols import ChatAnswer

__all__ = ["chat_folder", "has_answered", "known_answers", "tokens_beyond"]

_UTF8_BYTES = 4


def chat_folder(catalog: Catalog) -> Path:
    """Return where a workspace keeps its journal, and the files of requests that users see."""
    return catalog.workspace.root / "chat"


def known_answers(
    catalog: Catalog, journal: Journal | None, chat: str, asked: Collection[str]
) -> dict[str, ChatAnswer]:
    """Return the known answers among those that are asked for, by digest of the request."""
    wanted = set(asked)
    # The journal first: what goes to the table meanwhile is then seen twice, and not never.
    here = journal.answers_of(chat) if journal is not None else []
    requests = pl.LazyFrame({"request": sorted(wanted)}, schema={"request": pl.String})
    found = (
        catalog.scan("answers", (chat,))
        .select(AnswerRow._fields)
        .join(requests, on="request", how="semi")
        # Two runs at the same time may have asked the same: the first commit counts.
        .unique("request", keep="first", maintain_order=True)
        .collect()
    )
    known = {row.request: row.answer() for row in here if row.request in wanted}
    # A loop over rows: stages take answers one by one.
    known |= {row[0]: AnswerRow(*row).answer() for row in found.iter_rows()}
    return known


def has_answered(catalog: Catalog, chat: str) -> bool:
    """Tell whether a chat model is known to have answered any request."""
    rows = catalog.scan("answers", (chat,)).filter(pl.col("status") != "failed")
    return rows.select("request").head(1).collect().height > 0


def tokens_beyond(catalog: Catalog, chat: str) -> int:
    """Return the tokens beyond its bytes that a request is sure to have taken; see `Bounds`."""
    beyond = pl.col("prompt_tokens") - _UTF8_BYTES * pl.col("prompt_chars")
    most = catalog.scan("answers", (chat,)).select(beyond.max()).collect().item()
    return max(int(most or 0), 0)
