"""Canonical tables of mapped rows."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from prefdata.schema import conform, polars_schema, table_schema
from prefdata.sources._generic.frames import frame_of_rows
from prefdata.tables.identity import hash_messages

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from prefdata.protocols import RawFile
    from prefdata.sources._generic.mapped_rows import MappedRow
    from prefdata.sources._generic.mapping import Licenses

__all__ = ["Annotators", "tables_of"]

_TURN = "turn"


class Annotators:
    """Remembers who has been written, over all files, and who is told of in two ways."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, Any]] = {}

    def new(
        self, annotators: dict[str, dict[str, Any]]
    ) -> tuple[dict[str, dict[str, Any]], list[tuple[str, str]]]:
        """Return those not seen before, and (id, column) where another value is known."""
        fresh = {key: columns for key, columns in annotators.items() if key not in self._known}
        self._known |= fresh
        differing = [
            (key, name)
            for key, columns in annotators.items()
            for name, value in columns.items()
            if value is not None and self._known[key].get(name) != value
        ]
        return fresh, differing


def tables_of(
    rows: Sequence[tuple[int, str, MappedRow]],
    raw: RawFile,
    annotators: Annotators,
    *,
    name: str,
    split: str | None,
    licenses: Licenses,
    is_order_known: bool,
) -> dict[str, pl.DataFrame]:
    """Turn rows (position, prompt id, row) into canonical tables.

    It loops over rows: a mapping may nest them in any way, so no column has one type.
    """
    made: dict[str, list[dict[str, Any]]] = {
        table: [] for table in ("annotators", "prompts", "responses", "judgments", "flags")
    }
    for position, prompt_id, row in rows:
        origin = {"source": name, "revision": raw.revision, "file": raw.name, "row": position}
        made["prompts"].append(_prompt(row, prompt_id, licenses, split) | origin)
        keys = [f"{prompt_id}/{response['key']}" for response in row.responses]
        for number, (key, response) in enumerate(zip(keys, row.responses, strict=True)):
            columns = {
                "response_id": key,
                "prompt_id": prompt_id,
                "position": number if is_order_known else None,
                "messages": response["messages"],
                "text": response["messages"][-1]["content"],
                "model": response["model"],
                "license": licenses.responses,
            }
            made["responses"].append(columns | origin)
        said: Counter[str] = Counter()
        for judgment in row.judgments:
            made["judgments"].append(
                _judgment(judgment, prompt_id, name, keys, said)
                | {"is_order_known": is_order_known}
                | origin
            )
        fresh, differing = annotators.new(row.annotators)
        for key, columns in fresh.items():
            made["annotators"].append({"annotator_id": f"{name}:{key}", **columns, **origin})
        made["flags"] += [_flag(f"{name}:{key}", column, name) for key, column in differing]
    frames = {table: _frame(table, items) for table, items in made.items()}
    frames["flags"] = frames["flags"].unique(maintain_order=True)
    return frames


def _prompt(
    row: MappedRow, prompt_id: str, licenses: Licenses, split: str | None
) -> dict[str, Any]:
    messages = row.prompt["messages"]
    n_asked = sum(turn["role"] == "user" for turn in messages)
    return {
        "prompt_id": prompt_id,
        _TURN: max(n_asked - 1, 0),
        "license": licenses.prompts,
        **row.prompt,
        "split": row.prompt["split"] or split,
    }


def _judgment(
    judgment: dict[str, Any], prompt_id: str, name: str, keys: list[str], said: Counter[str]
) -> dict[str, Any]:
    columns = {key: value for key, value in judgment.items() if key != "annotator"}
    judgment_id = f"{prompt_id}/{judgment['annotator']}/{judgment['aspect']}"
    repeat = said[judgment_id]
    said[judgment_id] += 1
    return {
        "judgment_id": f"{judgment_id}~{repeat}" if repeat else judgment_id,
        "prompt_id": prompt_id,
        "annotator_id": f"{name}:{judgment['annotator']}",
        "response_ids": keys,
        **columns,
    }


def _flag(annotator_id: str, column: str, name: str) -> dict[str, Any]:
    return {
        "id": annotator_id,
        "source": name,
        "subject": "annotators",
        "flag": f"differing-{column.replace('_', '-')}",
        "reason": f"the rows give more than one value of {column}; the first is kept",
        "stage": "ingest",
    }


def _frame(table: str, items: list[dict[str, Any]]) -> pl.DataFrame:
    schema = table_schema(table)
    types = polars_schema(schema)
    is_hashed = "content_hash" in types
    given = {column: kind for column, kind in types.items() if column != "content_hash"}
    frame = frame_of_rows(items, given)
    if is_hashed:
        frame = frame.with_columns(content_hash=hash_messages(frame["messages"]))
    return conform(frame, schema)
