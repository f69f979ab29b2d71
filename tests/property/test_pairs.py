"""What must hold of flags, pairs, splits and decisions whatever the rows are."""

from __future__ import annotations

import itertools
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from prefdata.protocols import Context, NoParams
from prefdata.schema import check, check_keys, conform, polars_schema, table_schema
from prefdata.stages.flag_quality import flag_quality
from prefdata.stages.make_pairs import MakePairs, make_pairs
from prefdata.stages.select_pairs import SelectPairs, select_pairs
from prefdata.stages.split_by_prompt import SplitByPrompt, split_by_prompt
from prefdata.tables.identity import hash_messages
from prefdata.testing.strategies import rows_for

__all__: list[str] = []

_TEXTS = st.sampled_from(["", " ", "one", "two", "Human: one", "x</s>", "\n\nAssistant"])
_ROLES = st.sampled_from(["user", "assistant", "system", "tool"])
_PARAMS: st.SearchStrategy[MakePairs] = st.builds(
    MakePairs,
    rule=st.sampled_from(["auto", "pairs", "choice", "ratings", "labels"]),
    aspect=st.sampled_from([None, "overall", ["honesty"]]),
    tie_band=st.sampled_from([0.0, 1.0]),
    several_chosen=st.sampled_from(["each-over-unchosen", "skip"]),
    tie=st.sampled_from(["skip", "both-orders"]),
    both_bad=st.sampled_from(["skip", "as-tie"]),
    identical=st.sampled_from(["skip", "keep"]),
    empty=st.sampled_from(["skip", "keep"]),
) | st.builds(
    MakePairs,
    rule=st.sampled_from(["auto", "ratings"]),
    ratings_from=st.sampled_from(["scores", "mean-aspects"]),
    aggregate=st.sampled_from(["annotator", "majority"]),
)


@st.composite
def _catalogs(draw: st.DrawFn) -> dict[str, pl.DataFrame]:
    """Draw prompts with their responses, and judgments of some of them, rules of tables kept."""
    prompts: list[dict[str, Any]] = []
    responses: list[dict[str, Any]] = []
    judgments: list[dict[str, Any]] = []
    for number in range(draw(st.integers(0, 3))):
        name = f"p{number}"
        prompts.append({"prompt_id": name, "turn": 0, "messages": draw(_messages(0))})
        keys = [f"{name}/{key}" for key in range(draw(st.integers(1, 4)))]
        for key in keys:
            messages = draw(_messages(1))
            row = {"response_id": key, "prompt_id": name, "messages": messages}
            responses.append(row | {"text": messages[-1]["content"]})
        for annotator, aspect in itertools.product("xy", ["overall", "honesty"]):
            shown = draw(st.lists(st.sampled_from(keys), min_size=1, unique=True))
            judgments.append(
                {
                    "judgment_id": f"{name}/{annotator}/{aspect}",
                    "prompt_id": name,
                    "annotator_id": annotator,
                    "aspect": aspect,
                    "is_order_known": True,
                    "response_ids": shown,
                    **draw(_sayings(len(shown))),
                }
            )
    rows = {"prompts": prompts, "responses": responses, "judgments": judgments}
    return {table: _frame(table, drawn) for table, drawn in rows.items()}


def _messages(least: int) -> st.SearchStrategy[list[dict[str, str]]]:
    message = st.fixed_dictionaries({"role": _ROLES, "content": _TEXTS})
    return st.lists(message, min_size=least, max_size=3)


@st.composite
def _sayings(draw: st.DrawFn, size: int) -> dict[str, Any]:
    scores = st.lists(st.none() | st.sampled_from([1.0, 2.0, 5.0]), min_size=size, max_size=size)
    marks = draw(st.none() | st.lists(st.booleans(), min_size=size, max_size=size))
    undecided = st.sampled_from([None, "tie", "both_bad", "not_given"])
    return {
        "protocol": draw(st.sampled_from(["pairwise", "best_of_k", "rating", "likert"])),
        "outcome": "chosen" if marks and any(marks) else draw(undecided),
        "chosen": marks,
        "scores": draw(st.none() | scores),
    }


def _frame(table: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    types = polars_schema(table_schema(table))
    filled = [{name: row.get(name) for name in types} | {"source": "toy"} for row in rows]
    frame = pl.DataFrame(filled, schema=types, orient="row")
    if "content_hash" in types:
        frame = frame.with_columns(content_hash=hash_messages(frame["messages"]))
    return check(conform(frame, table_schema(table)), table_schema(table)).good


def _lazy(frames: dict[str, pl.DataFrame]) -> dict[str, pl.LazyFrame]:
    return {table: frame.lazy() for table, frame in frames.items()}


@given(_catalogs(), _PARAMS)
def test_every_judgment_is_behind_a_pair_or_rejected(
    catalog: dict[str, pl.DataFrame], params: MakePairs
) -> None:
    result = make_pairs.run(_lazy(catalog), params, Context())
    pairs, rejects = result.tables["pairs"], result.rejects
    assert rejects is not None
    assert result.rows_in == result.rows_out + rejects.height
    assert rejects["id"].is_unique().all()
    behind = set(pairs["judgment_id"].drop_nulls())
    assert not behind & set(rejects["id"])
    if params.aggregate == "annotator" and params.ratings_from == "scores":
        assert len(behind) == result.rows_out
    contract = table_schema("pairs")
    rows = conform(pairs.with_columns(source=pl.lit("toy"), stage=pl.lit("s")), contract)
    assert check(rows, contract).rejects.is_empty()
    assert check_keys(rows, contract).rejects.is_empty()


@given(_catalogs(), _PARAMS, st.randoms(use_true_random=False))
def test_pairs_do_not_depend_on_the_order_of_rows(
    catalog: dict[str, pl.DataFrame], params: MakePairs, random: Any
) -> None:
    seed = random.randrange(1 << 30)
    mixed = {
        name: frame.sample(fraction=1, shuffle=True, seed=seed) for name, frame in catalog.items()
    }
    first, second = (
        make_pairs.run(_lazy(frames), params, Context()).tables["pairs"].sort("pair_id")
        for frames in (catalog, mixed)
    )
    exact = ["pair_id", "prompt_id", "chosen_id", "rejected_id", "n_votes", "margin_unit"]
    assert first.select(exact).equals(second.select(exact))


@given(_catalogs(), st.sampled_from([0.0, 1.0]))
def test_pairs_are_those_of_the_double_loop(
    catalog: dict[str, pl.DataFrame], tie_band: float
) -> None:
    params = MakePairs(tie_band=tie_band, identical="keep")
    pairs = make_pairs.run(_lazy(catalog), params, Context()).tables["pairs"]
    expected = []
    for row in catalog["judgments"].iter_rows(named=True):
        ids = row["response_ids"]
        for i, j in itertools.product(range(len(ids)), repeat=2):
            if row["protocol"] == "rating":
                scores = row["scores"] or [None] * len(ids)
                is_pair = None not in (scores[i], scores[j]) and scores[i] - scores[j] > tie_band
            elif row["protocol"] == "likert":
                is_pair = False
            else:
                is_pair = bool(row["chosen"]) and row["chosen"][i] and not row["chosen"][j]
            if is_pair:
                expected.append((row["judgment_id"], ids[i], ids[j]))
    found = pairs.select("judgment_id", "chosen_id", "rejected_id").rows()
    assert found == expected


@given(_catalogs())
def test_choosing_the_other_swaps_the_pair(catalog: dict[str, pl.DataFrame]) -> None:
    two = catalog["judgments"].filter(
        pl.col("response_ids").list.len() == 2, pl.col("chosen").list.sum() == 1
    )
    other = two.with_columns(chosen=pl.col("chosen").list.reverse())
    sides = [
        make_pairs.run(
            _lazy(catalog | {"judgments": frame}), MakePairs(rule="choice"), Context()
        ).tables["pairs"]
        for frame in (two, other)
    ]
    swapped = sides[1].select(chosen_id="rejected_id", rejected_id="chosen_id")
    assert sides[0].select("chosen_id", "rejected_id").equals(swapped)


@given(_catalogs())
def test_flags_keep_their_contract_and_point_to_rows(catalog: dict[str, pl.DataFrame]) -> None:
    flags = flag_quality.run(_lazy(catalog), NoParams(), Context()).tables["flags"]
    contract = table_schema("flags")
    rows = conform(flags.with_columns(source=pl.lit("toy"), stage=pl.lit("s")), contract)
    assert check(rows, contract).rejects.is_empty()
    assert check_keys(rows, contract).rejects.is_empty()
    for (subject,), found in flags.group_by("subject"):
        key = table_schema(str(subject)).primary_key[0]
        assert set(found["id"]) <= set(catalog[str(subject)][key])


@given(_catalogs())
def test_empty_and_odd_transcripts_are_those_of_a_plain_reading(
    catalog: dict[str, pl.DataFrame],
) -> None:
    flags = flag_quality.run(_lazy(catalog), NoParams(), Context()).tables["flags"]
    asked = dict(catalog["prompts"].select("prompt_id", "messages").iter_rows())
    expected: dict[str, set[str]] = {"empty-response": set(), "repeated-role": set()}
    for row in catalog["responses"].iter_rows(named=True):
        roles, before = (
            [message["role"] for message in messages if message["role"] != "system"]
            for messages in (asked[row["prompt_id"]] + row["messages"], asked[row["prompt_id"]])
        )
        is_repeated = any(a == b for a, b in itertools.pairwise(roles))
        if is_repeated or (len(roles) % 2 and before and "tool" not in roles):
            expected["repeated-role"].add(row["response_id"])
        if not row["text"].strip():
            expected["empty-response"].add(row["response_id"])
    for flag, ids in expected.items():
        assert set(flags.filter(flag=flag)["id"]) == ids


@given(rows_for(table_schema("prompts"), min_size=1), st.integers(0, 3), st.data())
def test_adding_rows_moves_nobody_and_equal_prompts_never_part(
    prompts: pl.DataFrame, seed: int, data: st.DataObject
) -> None:
    rows = prompts.with_columns(content_hash=hash_messages(prompts["messages"]))
    params = SplitByPrompt(shares={"a": 0.5, "b": 0.5})
    whole = split_by_prompt.run({"prompts": rows.lazy()}, params, Context(seed=seed))
    splits = whole.tables["splits"].with_columns(words=rows["content_hash"])
    assert splits.group_by("words").agg(pl.col("split").n_unique())["split"].max() == 1
    part = rows.head(data.draw(st.integers(0, rows.height)))
    fewer = split_by_prompt.run({"prompts": part.lazy()}, params, Context(seed=seed))
    assert fewer.tables["splits"].equals(whole.tables["splits"].head(part.height))


@given(rows_for(table_schema("pairs")), rows_for(table_schema("flags")), st.data())
def test_every_pair_is_decided_on_once(
    pairs: pl.DataFrame, flags: pl.DataFrame, data: st.DataObject
) -> None:
    pairs = pairs.with_columns(stage=pl.lit("make-pairs"))
    known = sorted(set(flags["flag"])) or ["none"]
    excluded = data.draw(st.lists(st.sampled_from(known)))
    tables = {"pairs": pairs.lazy(), "flags": flags.lazy(), "splits": pl.LazyFrame()}
    result = select_pairs.run(tables, SelectPairs(exclude_flags=excluded), Context())
    decisions = result.tables["decisions"]
    assert decisions["pair_id"].to_list() == pairs["pair_id"].to_list()
    assert set(decisions["reasons"].drop_nulls().explode()) <= {f"flag:{flag}" for flag in excluded}
