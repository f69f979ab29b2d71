"""A small catalog in memory, built row by row, and the real rows where they are at hand."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from prefdata.schema import conform, polars_schema, table_schema
from prefdata.tables.identity import hash_messages

__all__: list[str] = []

_REAL = os.environ.get("PREFDATA_REAL_DATA")
_TABLES = ("annotators", "prompts", "responses", "judgments", "pairs", "flags", "splits")
_USER = "user"
_ROLES = {"system", "user", "assistant", "tool"}


@dataclass
class Build:
    """Rows of canonical and derived tables, with the columns that a test does not name filled."""

    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def add(self, table: str, **row: object) -> None:
        """Add a row as it is."""
        self.rows.setdefault(table, []).append({"source": "toy", **row})

    def prompt(self, name: str, *turns: str, **more: object) -> None:
        """Add a prompt; turns are ``role|content``, and a bare text is the user's."""
        self.add("prompts", prompt_id=name, messages=_messages(turns, _USER), turn=0, **more)

    def response(self, name: str, *turns: str) -> None:
        """Add the response ``<prompt>/<key>``; a bare text is the assistant's."""
        messages = _messages(turns, "assistant")
        self.add(
            "responses",
            response_id=name,
            prompt_id=name.split("/", maxsplit=1)[0],
            messages=messages,
            text=messages[-1]["content"],
        )

    def judge(self, name: str, keys: str, **said: object) -> None:
        """Add the judgment ``<prompt>/<annotator>/<aspect>`` of the responses with these keys."""
        prompt, annotator, aspect = name.split("/")
        row = {
            "judgment_id": name,
            "prompt_id": prompt,
            "annotator_id": annotator,
            "aspect": aspect,
            "protocol": "pairwise",
            "response_ids": [f"{prompt}/{key}" for key in keys],
            "is_order_known": True,
            "file": "toy.jsonl",
            "row": len(self.rows.get("judgments", [])),
        }
        self.add("judgments", **(row | said))

    def choose(self, name: str, keys: str, chosen: str, **said: object) -> None:
        """Add a judgment that chooses the responses with the keys in ``chosen``."""
        marks = [key in chosen for key in keys]
        outcome = "chosen" if chosen else "not_given"
        self.judge(name, keys, **({"outcome": outcome, "chosen": marks} | said))

    def rate(self, name: str, keys: str, *scores: float | None, **said: object) -> None:
        """Add a judgment that rates the responses."""
        scale = {"protocol": "rating", "scale_min": 1.0, "scale_max": 10.0}
        values = [None if score is None else float(score) for score in scores]
        self.judge(name, keys, **(scale | {"scores": values} | said))

    def frames(self) -> dict[str, pl.DataFrame]:
        """Return all tables in the form of their contracts."""
        return {table: self._frame(table) for table in _TABLES}

    def lazy(self) -> dict[str, pl.LazyFrame]:
        """Return all tables as a stage gets them."""
        return {table: frame.lazy() for table, frame in self.frames().items()}

    def _frame(self, table: str) -> pl.DataFrame:
        types = polars_schema(table_schema(table))
        frame = pl.DataFrame(
            [{name: row.get(name) for name in types} for row in self.rows.get(table, [])],
            schema=types,
            orient="row",
        )
        if "content_hash" in types:
            frame = frame.with_columns(content_hash=hash_messages(frame["messages"]))
        return conform(frame, table_schema(table))


def _messages(turns: tuple[str, ...], role: str) -> list[dict[str, str]]:
    parts = [turn.partition("|") for turn in turns]
    return [
        {"role": name, "content": content} if name in _ROLES else {"role": role, "content": turn}
        for turn, (name, _, content) in zip(turns, parts, strict=True)
    ]


@pytest.fixture
def build() -> Build:
    """Return an empty catalog to add rows to."""
    return Build()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Return the folder of real rows, or skip."""
    beside = Path(__file__).resolve().parents[4] / "shared" / "data"
    folder = Path(_REAL) if _REAL else beside
    if not folder.is_dir():
        pytest.skip("no real rows here: set PREFDATA_REAL_DATA")
    return folder


@pytest.fixture(scope="session")
def harmless(real_data: Path) -> dict[str, pl.DataFrame]:
    """Return the canonical tables of HH-RLHF's ``harmless-base/test``."""
    from prefdata.protocols import Context, NoParams, RawFile
    from prefdata.sources.hh_rlhf import hh_rlhf

    name = "harmless-base/test.jsonl.gz"
    raw = RawFile(real_data / "hh-rlhf" / name, name)
    if not raw.path.is_file():
        pytest.skip(f"no {name} among the real rows")
    parts: dict[str, list[pl.DataFrame]] = {}
    for bundle in hh_rlhf.read([raw], NoParams(), Context()):
        for table, frame in bundle.tables.items():
            parts.setdefault(table, []).append(frame)
    return {table: pl.concat(frames) for table, frames in parts.items()}
