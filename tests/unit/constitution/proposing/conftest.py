"""Tables of a small data set, with labels of comparisons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from prefdata.schema import polars_schema, table_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__: list[str] = []

Tables = dict[str, pl.LazyFrame]
_READ = ("pairs", "annotators", "prompts", "responses")


def _tables(
    texts: Mapping[str, tuple[str, ...]],
    labels: Mapping[str, str] | None = None,
    **openings: str,
) -> Tables:
    """Make tables of prompts with responses.

    Args:
        texts: Texts of the responses, by prompt; the first is preferred by one annotator.
        labels: For some prompts who prefers which, such as ``0 1 1`` for three annotators.
        openings: First message of some prompts; others open with their names.
    """
    said = dict.fromkeys(texts, "0") | dict(labels or {})
    rows: dict[str, list[dict[str, Any]]] = {table: [] for table in _READ}
    for name, given in texts.items():
        opening = openings.get(name, f"About {name}?")
        messages = [{"role": "user", "content": opening}]
        rows["prompts"].append({"prompt_id": name, "messages": messages, "content_hash": name})
        for n, text in enumerate(given):
            rows["responses"].append(
                {
                    "response_id": f"{name}/{n}",
                    "prompt_id": name,
                    "text": text,
                    "messages": [{"role": "assistant", "content": text}],
                    "content_hash": f"h {text}",
                }
            )
        for who, best in enumerate(said[name].split()):
            rows["pairs"].append(
                {
                    "pair_id": f"{name} {who}",
                    "prompt_id": name,
                    "chosen_id": f"{name}/{best}",
                    "rejected_id": f"{name}/{1 - int(best)}",
                    "annotator_id": f"ann {who}",
                    "judgment_id": f"{name} {who}",
                    "aspect": "overall",
                    "rule": "choice",
                    "stage": "make-pairs",
                }
            )
    return {
        table: pl.LazyFrame(
            [{"source": "s", **row} for row in made], schema=polars_schema(table_schema(table))
        )
        for table, made in rows.items()
    }


@pytest.fixture(scope="session")
def tables() -> Callable[..., Tables]:
    """Make tables of texts and labels."""
    return _tables
