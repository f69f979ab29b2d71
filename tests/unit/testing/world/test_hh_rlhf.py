"""HH-RLHF: the planted irregular rows are found by reading the text, and no others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from prefdata.testing.world import World, WorldSpec
from prefdata.testing.world.counts import shrink
from prefdata.testing.world.hh_rlhf import ROWS, write_hh_rlhf
from prefdata.testing.world.planted import Planted
from prefdata.testing.world.tiles import Tile
from prefdata.testing.world.writing import RawFiles

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Rows = list[dict[str, Any]]

__all__: list[str] = []

_MARK = re.compile(r"\n\n(Human|Assistant):")


def _turns(text: str) -> list[tuple[str, str]]:
    parts = _MARK.split(text)[1:]
    return list(zip(parts[::2], (part.strip() for part in parts[1::2]), strict=True))


def _is_regular(row: dict[str, str]) -> bool:
    chosen, rejected = _turns(row["chosen"]), _turns(row["rejected"])
    alternate = [("Human", "Assistant")[i % 2] for i in range(len(chosen))]
    return (
        [role for role, _ in chosen] == alternate
        and len(chosen) == len(rejected)
        and len(chosen) % 2 == 0
        and chosen[:-1] == rejected[:-1]
        and chosen[-1] != rejected[-1]
        and all(text for _, text in [*chosen, rejected[-1]])
    )


_IRREGULAR = {
    "chosen_longer",
    "rejected_longer",
    "consecutive_roles",
    "empty_chosen",
    "empty_rejected",
    "empty_turn",
    "identical_pair",
    "no_assistant",
}


@pytest.mark.parametrize("name", list(ROWS))
def test_irregular_rows_are_exactly_the_planted_ones(
    world: World, rows_of: Callable[..., Rows], name: str
) -> None:
    rows = rows_of(world.sources["hh-rlhf"].folder / name)
    assert len(rows) == shrink(ROWS, world.spec.scale)[name]
    assert all(list(row) == ["chosen", "rejected"] for row in rows)
    quirks = world.truth.table("quirks").filter(
        (pl.col("source") == "hh-rlhf") & (pl.col("file") == name)
    )
    expected = set(quirks.filter(pl.col("quirk").is_in(list(_IRREGULAR)))["row"])
    assert {index for index, row in enumerate(rows) if not _is_regular(row)} == expected


def test_a_file_of_the_published_size_has_the_measured_quirks(
    tmp_path: Path, rows_of: Callable[..., Rows], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The measured file alone, at its full size.
    name = "harmless-base/test.jsonl.gz"
    monkeypatch.setattr("prefdata.testing.world.hh_rlhf.ROWS", {name: ROWS[name]})
    monkeypatch.setattr("prefdata.testing.world.red_team.RED_TEAM_ROWS", 100)
    with RawFiles(tmp_path) as files:
        write_hh_rlhf(files, Tile(WorldSpec()), Planted("hh-rlhf"))
    rows = rows_of(tmp_path / name)
    pairs = [(_turns(row["chosen"]), _turns(row["rejected"])) for row in rows]
    assert sum(map(_is_regular, rows)) == 2_299
    assert sum(len(chosen) % 2 for chosen, _ in pairs) == 8
    assert sum(len(rejected) % 2 for _, rejected in pairs) == 5
    assert sum(len(chosen) != len(rejected) for chosen, rejected in pairs) == 5
    assert sum(not chosen[-1][1] for chosen, _ in pairs) == 4
    texts = [text for row in rows for text in (row["chosen"], row["rejected"])]
    assert sum("\n\nAssistant: Human:" in text for text in texts) == 62
    inside = re.compile(r"Assistant: Human:|\S  Human:")
    counts = [sum(bool(inside.search(row[s])) for row in rows) for s in ("chosen", "rejected")]
    assert counts == [40, 33]
    assert sum(not text.isascii() for text in texts[::2]) == 1_906
    cuts = [row["chosen"].rfind("\n\nAssistant:") for row in rows]
    naive = [
        row["rejected"].startswith(row["chosen"][:n]) for row, n in zip(rows, cuts, strict=True)
    ]
    assert naive.count(False) == 4


def test_every_quirk_occurs(world: World) -> None:
    found = set(world.truth.table("quirks").filter(pl.col("source") == "hh-rlhf")["quirk"])
    assert found >= {*_IRREGULAR, "marker_in_prefix", "single_newline_marker", "same_prompt"}
    assert found >= {"no_colon_chosen", "no_colon_rejected", "curly_quotes", "tagged"}
    assert "no_assistant" in found


def test_chosen_is_better_unless_the_label_is_noise(world: World) -> None:
    source = pl.col("source") == "hh-rlhf"
    responses = world.truth.table("responses").filter(source)
    noisy = world.truth.table("noisy_labels").filter(source).select("file", "row", noisy=True)
    sides = responses.filter(pl.col("file").str.starts_with("helpful")).pivot(
        on="position", index=["file", "row"], values="detail"
    )
    joined = sides.join(noisy, on=["file", "row"], how="left")
    longer = joined.with_columns(better=pl.col("0") > pl.col("1"))
    by_noise = longer.group_by(pl.col("noisy").fill_null(value=False)).agg(pl.col("better").mean())
    rates = dict(by_noise.iter_rows())
    assert rates[False] > 0.7
    assert rates[True] < 0.3
