"""One small world for all tests of it, and the skeletons of the published size."""

from __future__ import annotations

import gzip
import json
import re
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from prefdata.testing.world import World, WorldSpec, write_world
from prefdata.testing.world.community_structure import Structure as Community
from prefdata.testing.world.community_structure import build_structure as build_community
from prefdata.testing.world.counts import generator
from prefdata.testing.world.prism_structure import Structure as Prism
from prefdata.testing.world.prism_structure import build_structure as build_prism

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__: list[str] = []


def _refuse(token: str) -> None:
    raise ValueError(f"{token} is not JSON")


def _read(path: Path, *, nan: bool = False) -> list[dict[str, Any]]:
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8")
    constant = None if nan else _refuse
    if text.startswith("["):
        rows: list[dict[str, Any]] = json.loads(text, parse_constant=constant)
        return rows
    return [json.loads(line, parse_constant=constant) for line in text.splitlines() if line]


@pytest.fixture(scope="session")
def rows_of() -> Callable[..., list[dict[str, Any]]]:
    """Read a JSON or JSON Lines file strictly: NaN only where it is asked for."""
    return _read


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Write a world of two per cent of the published size."""
    return write_world(tmp_path_factory.mktemp("world"), WorldSpec(seed=7, scale=0.02))


@pytest.fixture(scope="session")
def first_prompts(world: World) -> dict[tuple[str, str, int], str]:
    """Read what is asked first in each row that has a prompt, by source, file and row."""
    texts: dict[tuple[str, str, int], str] = {}
    for name, source in world.sources.items():
        for file in source.rows:
            path = source.folder / file
            said: list[str | None] = []
            match name:
                case "hh-rlhf" if "red-team" not in file:
                    chosen = [row["chosen"] for row in _read(path)]
                    said = [re.split(r"\n\n(?:Human|Assistant): ?", text)[1] for text in chosen]
                case "ultrafeedback":
                    said = [row["instruction"] for row in _read(path)]
                case "prism" if file == "conversations.jsonl":
                    said = [row["opening_prompt"] for row in _read(path)]
                case "community-alignment":
                    said = pl.read_csv(path)["first_turn_prompt"].to_list()
                case "multipref":
                    said = pl.read_parquet(path)["text"].to_list()
                case _:
                    pass
            texts |= {(name, file, row): text for row, text in enumerate(said) if text is not None}
    return texts


@pytest.fixture(scope="session")
def prism() -> Prism:
    """Build the skeleton of PRISM at the published size."""
    return build_prism(generator(0, "prism", "structure"), 1.0)


@pytest.fixture(scope="session")
def community() -> Community:
    """Build the skeleton of Community Alignment at the published size."""
    return build_community(generator(0, "community", "structure"), 1.0)
