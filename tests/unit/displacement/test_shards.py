"""Prompts stay whole, and what is known does not move where shards are cut."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from prefdata.displacement import shards as module
from prefdata.displacement.shards import KEYS, shards

__all__: list[str] = []

_PAIRS = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 5), st.integers(0, 5)), min_size=1, unique=True
)


def _frame(rows: list[tuple[int, int, int]]) -> pl.DataFrame:
    named = [(f"p{p:02}", f"r{a}", f"r{b}") for p, a, b in rows]
    return pl.DataFrame(named, schema=list(KEYS), orient="row").sort(KEYS)


def _chars(asked: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    prompts = asked.select("prompt_hash").unique().with_columns(n_chars=pl.lit(37_500, pl.Int64))
    responses = pl.DataFrame({"response_hash": [f"r{i}" for i in range(6)]})
    return prompts, responses.with_columns(n_chars=pl.lit(5_000, pl.Int64))


@given(rows=_PAIRS)
def test_every_pair_is_in_one_shard_with_all_of_its_prompt(
    rows: list[tuple[int, int, int]],
) -> None:
    asked = _frame(rows)
    parts = list(shards(asked, asked, *_chars(asked)))
    assert pl.concat(parts).sort(KEYS).equals(asked)
    of_prompt = [set(part["prompt_hash"]) for part in parts]
    assert sum(map(len, of_prompt)) == len(set().union(*of_prompt))


@given(rows=_PAIRS, data=st.data())
def test_what_is_known_moves_no_pair_to_another_shard(
    rows: list[tuple[int, int, int]], data: st.DataObject
) -> None:
    asked = _frame(rows)
    missing = asked.filter(pl.Series([data.draw(st.booleans()) for _ in range(asked.height)]))
    whole = list(shards(asked, asked, *_chars(asked)))
    for part in shards(asked, missing, *_chars(asked)):
        assert sum(part.join(w, on=KEYS, how="semi").height > 0 for w in whole) == 1


def test_shards_cost_about_the_same_and_are_not_too_many() -> None:
    asked = _frame([(i, 0, 1) for i in range(31)])
    parts = list(shards(asked, asked, *_chars(asked)))
    assert {part.height for part in parts[:-1]} <= {2, 3}  # 47,500 characters each, 100,000 wanted
    huge = asked.select("prompt_hash").with_columns(n_chars=pl.lit(10**9, pl.Int64))
    many = pl.concat([asked.with_columns(pl.col("prompt_hash") + str(i)) for i in range(40)])
    sizes = pl.concat([huge.with_columns(pl.col("prompt_hash") + str(i)) for i in range(40)])
    n_shards = len(list(shards(many, many, sizes, _chars(asked)[1])))
    assert n_shards <= module._MAX_SHARDS
