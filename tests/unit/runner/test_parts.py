from __future__ import annotations

import json
import pickle

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.catalog import Catalog
from prefdata.protocols import RawFile
from prefdata.recipes import Recipe
from prefdata.runner import ingest, run, steps
from prefdata.runner.parts import Part, _assigned, cut

_STEPS = [
    "flag-quality",
    "flag-pii",
    {"stage": "make-pairs", "params": {"aggregate": "majority"}},
    {"stage": "dedup", "params": {"subject": "pairs", "method": "exact"}},
    "select-pairs",
]
_WRITTEN = ("pairs", "flags", "decisions", "rejects")


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """One source whose prompts come again, near and far."""
    folder = tmp_path_factory.mktemp("parts")
    made = Catalog.create(folder / "w")
    said = [
        {
            "prompt": f"q {i % 40 if i % 3 else i}? mail{i}@example.org",
            "chosen": f"yes {i % 7}",
            "rejected": "no" if i % 11 else f"yes {i % 7}",
        }
        for i in range(120)
    ]
    said += [{**row, "prompt": f"q {i % 5}?"} for i, row in enumerate(said[:30])]
    path = folder / "mine.jsonl"
    path.write_text("\n".join(map(json.dumps, said)))
    ingest(made, "trl", [RawFile(path, path.name)], params={"name": "mine"})
    return made


def _cut(catalog: Catalog, size: int) -> list[Part]:
    keys = (("mine",),)
    tables = dict.fromkeys(("prompts", "responses", "judgments", "annotators"), keys)
    return list(cut(catalog.workspace, catalog.head().state, tables, keys, size=size))


def test_a_small_source_is_one_part_of_everything(catalog: Catalog) -> None:
    (part,) = _cut(catalog, 100)
    assert part.frames()["prompts"].collect().height == 150


def test_parts_hold_every_row_once_and_what_belongs_together(catalog: Catalog) -> None:
    parts = [
        {name: frame.collect() for name, frame in part.frames().items()}
        for part in _cut(catalog, 20)
    ]
    assert len(parts) > 3
    whole = {name: catalog.scan(name).collect() for name in parts[0]}
    for name in ("prompts", "responses", "judgments"):
        key = f"{name.removesuffix('s')}_id"
        together = pl.concat([part[name] for part in parts])
        assert together.sort(key).equals(whole[name].sort(key), null_equal=True)
    words = [set(part["prompts"]["content_hash"]) for part in parts]
    assert sum(map(len, words)) == len(set().union(*words))
    for part in parts:
        assert part["annotators"].equals(whole["annotators"], null_equal=True)
        assert set(part["responses"]["prompt_id"]) == set(part["prompts"]["prompt_id"])
        assert set(part["judgments"]["prompt_id"]) == set(part["prompts"]["prompt_id"])


def test_a_part_can_be_sent_to_another_process(catalog: Catalog) -> None:
    part = _cut(catalog, 20)[-1]
    sent: Part = pickle.loads(pickle.dumps(part))  # noqa: S301 - our own bytes
    assert sent.frames()["prompts"].collect().equals(part.frames()["prompts"].collect())


def test_stages_write_the_same_rows_part_by_part(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = Recipe.model_validate({"name": "r", "steps": _STEPS})
    whole = run(catalog, recipe, is_forced=True)
    expected = {name: catalog.scan(name).collect() for name in _WRITTEN}
    monkeypatch.setattr(steps, "PART_PROMPTS", 20)
    parted = run(catalog, recipe, is_forced=True)
    for one, other in zip(whole.steps, parted.steps, strict=True):
        assert (one.rows_in, one.rows_out, one.reasons) == (
            other.rows_in,
            other.rows_out,
            other.reasons,
        )
        assert one.notes == other.notes
    for name, frame in expected.items():
        assert frame.height
        found = catalog.scan(name).collect()
        order = [c for c, kind in frame.schema.items() if not kind.is_nested()]
        assert found.sort(order, nulls_last=True).equals(
            frame.sort(order, nulls_last=True), null_equal=True
        ), name


@given(st.lists(st.integers(0, 30), min_size=1, max_size=60), st.integers(1, 9))
def test_equal_words_are_in_one_part_and_numbers_have_no_gap(words: list[int], size: int) -> None:
    part = _assigned(np.array(words, np.uint64), size)
    pairs = set(zip(words, part.tolist(), strict=True))
    assert len(pairs) == len(set(words))
    assert set(part.tolist()) == set(range(part.max() + 1))
