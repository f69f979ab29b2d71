"""Prompts of MultiPref: a share of them are those of HH-RLHF, and say so."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from prefdata.testing.world import World, WorldSpec, write_world
from prefdata.testing.world.edits import KINDS
from prefdata.testing.world.multipref import FILE
from prefdata.testing.world.multipref_prompts import HH_FILES, relabel

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

_LABELS = st.sampled_from("abc")


def test_one_prompt_in_ten_is_of_hh_rlhf_and_labelled_so(world: World) -> None:
    rows = pl.read_parquet(world.sources["multipref"].folder / FILE).with_row_index("row")
    cross = world.truth.table("cross_duplicates").with_columns(pl.col("row").cast(pl.UInt32))
    both = rows.join(cross.rename({"source": "from"}), on="row")
    n_prompts = rows["prompt_id"].n_unique()
    assert both["prompt_id"].n_unique() == round(n_prompts / 10)
    assert both["source"].replace_strict(HH_FILES).equals(both["of_file"], null_equal=False)
    assert set(both["kind"]) == set(KINDS)
    # Every comparison that shows a copied prompt is told.
    shown = rows.filter(pl.col("prompt_id").is_in(both["prompt_id"].unique()))
    assert shown.height == both.height


def test_copies_of_hh_rlhf_do_not_need_its_files(world: World, tmp_path: Path) -> None:
    spec = WorldSpec(world.spec.seed, world.spec.scale, ("multipref",))
    alone = write_world(tmp_path, spec)
    assert alone.truth.table("cross_duplicates").equals(world.truth.table("cross_duplicates"))
    files = [w.sources["multipref"].folder / FILE for w in (alone, world)]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_copied_prompts_are_the_whole_of_what_hh_rlhf_asks(world: World) -> None:
    cross = world.truth.table("cross_duplicates")
    for (file,), places in cross.group_by("of_file"):
        rows = pl.read_ndjson(world.sources["hh-rlhf"].folder / str(file))
        chosen = rows["chosen"].gather(places["of_row"])
        assert (chosen.str.count_matches("\n\nHuman:", literal=True) == 1).all()


@given(st.lists(_LABELS, min_size=1), st.data())
def test_labels_are_exchanged_while_there_are_enough(
    labels: list[str], data: st.DataObject
) -> None:
    rows = st.integers(0, len(labels) - 1)
    wanted = data.draw(st.dictionaries(rows, _LABELS))
    before = Counter(labels)
    relabel(labels, wanted)
    assert all(labels[row] == label for row, label in wanted.items())
    if all(n <= before[label] for label, n in Counter(wanted.values()).items()):
        assert Counter(labels) == before
