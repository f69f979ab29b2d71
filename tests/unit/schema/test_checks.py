from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from prefdata.core.errors import InternalError, SchemaMismatchError
from prefdata.schema import (
    check,
    check_keys,
    conform,
    empty_frame,
    quarantine,
    shipped_schemas,
    table_schema,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from prefdata.schema import TableSchema

    Votes = Callable[..., TableSchema]


def _frame(schema: TableSchema, **columns: list[Any]) -> pl.DataFrame:
    return conform(pl.DataFrame(columns), schema)


@pytest.mark.parametrize("schema", shipped_schemas(), ids=lambda schema: str(schema.id))
def test_the_rules_of_every_shipped_contract_can_be_evaluated(schema: TableSchema) -> None:
    nulls = empty_frame(schema).clear(n=1)
    result = check(nulls, schema)
    broken = {f"not-null:{c.name}" for c in schema.columns.values() if not c.nullable}
    assert set(result.rejects["rule"].explode()) == broken


def test_a_frame_without_bad_rows_comes_back_as_it_is(votes: Votes) -> None:
    schema = votes()
    frame = _frame(schema, vote_id=["v"], side=["a"], share=[0.5])
    result = check(frame, schema)
    assert result.good is frame
    assert result.rejects.columns == [*frame.columns, "rule", "reason"]
    assert result.rejects.is_empty()


def test_a_bad_row_names_all_its_rules_and_the_values_seen(votes: Votes) -> None:
    rule = {"name": "side_has_share", "sql": "side <> 'share' OR share > 0", "why": "Odd."}
    never = {"name": "not_b", "sql": "side <> 'c'", "why": "No c here."}
    schema = votes(rules=[rule, never])
    frame = conform(
        pl.DataFrame({"vote_id": ["v1", None, "v3"], "side": ["c", "a", "b"], "share": [2, 1, -1]}),
        votes(
            {"vote_id": {"type": "string", "nullable": True, "description": "Key."}}, primary_key=[]
        ),
    )
    result = check(frame, schema)
    assert result.good.is_empty()
    assert result.rejects["rule"].to_list() == [
        ["enum:side", "max:share", "not_b"],
        ["not-null:vote_id"],
        ["min:share"],
    ]
    assert result.rejects["reason"].to_list() == [
        "side is 'c', not one of a, b; share is 2.0, and the maximum is 1; No c here",
        "vote_id is null",
        "share is -1.0, and the minimum is 0",
    ]


def test_nan_is_outside_every_range_and_null_inside(votes: Votes) -> None:
    schema = votes()
    frame = _frame(schema, vote_id=["a", "b"], share=[math.nan, None])
    result = check(frame, schema)
    assert result.good["vote_id"].to_list() == ["b"]
    assert result.rejects["rule"].to_list() == [["min:share", "max:share"]]


def test_a_rule_that_is_null_passes(votes: Votes) -> None:
    schema = votes(rules=[{"name": "r", "sql": "share > 0.5", "why": "Why."}])
    frame = _frame(schema, vote_id=["a", "b"], share=[0.4, None])
    assert check(frame, schema).good["vote_id"].to_list() == ["b"]


def test_good_rows_keep_their_order(votes: Votes) -> None:
    schema = votes()
    sides = ["a", "x", "b", "x", "a"]
    frame = _frame(schema, vote_id=list("12345"), side=sides)
    result = check(frame, schema)
    assert result.good["vote_id"].to_list() == ["1", "3", "5"]
    assert result.rejects["vote_id"].to_list() == ["2", "4"]


def test_columns_named_rule_and_reason_are_kept_beside_ours() -> None:
    schema = table_schema("decisions")
    frame = _frame(schema, pair_id=["p"], source=["s"], is_kept=[False], stage=["t"], reason=[None])
    rejects = check(frame, schema).rejects
    assert rejects["rule"].to_list() == [["what_is_out_has_a_reason"]]
    assert rejects["own_reason"].to_list() == [None]
    assert rejects["reason"].to_list() == [
        "A pair that is out without a reason cannot be explained"
    ]


def test_a_frame_of_another_form_is_an_error(votes: Votes) -> None:
    frame = pl.DataFrame({"vote_id": [1], "share": [0.5], "x": [1]})
    with pytest.raises(
        SchemaMismatchError, match=r"missing side; unknown x; vote_id is Int64, not String"
    ):
        check(frame, votes())


def test_a_contract_without_rules_passes_everything(votes: Votes) -> None:
    schema = votes({"side": None, "share": None})
    frame = _frame(schema, vote_id=["a"])
    assert check(frame, schema).good is frame


def test_a_rule_that_cannot_be_evaluated_names_the_contract(votes: Votes) -> None:
    schema = votes(rules=[{"name": "r", "sql": "no_such_column > 0", "why": "Why."}])
    frame = _frame(schema, vote_id=["a"])
    with pytest.raises(InternalError, match=r"rules of votes.v1 cannot be evaluated"):
        check(frame, schema)
    assert check(frame, votes()).good is frame


def test_a_rule_may_name_no_column(votes: Votes) -> None:
    never = {"name": "never", "sql": "false", "why": "Never."}
    schema = votes({"side": None, "share": None}, rules=[never])
    frame = _frame(schema, vote_id=["a", "b"])
    assert check(frame, schema).rejects["rule"].to_list() == [["never"], ["never"]]


def test_threads_check_side_by_side(votes: Votes) -> None:
    schema = votes()
    found: dict[int, int] = {}

    def work(n: int) -> None:
        frame = _frame(
            schema, vote_id=[str(i) for i in range(100)], side=["x"] * n + ["a"] * (100 - n)
        )
        found[n] = check(frame, schema).rejects.height

    threads = [threading.Thread(target=work, args=(n,)) for n in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {n: n for n in range(1, 9)}


def test_the_first_row_with_a_key_stays() -> None:
    schema = table_schema("flags")
    frame = _frame(
        schema,
        id=["1", "1", "1", "2"],
        source=["s"] * 4,
        subject=["pairs"] * 4,
        flag=["f", "g", "f", "f"],
        value=[1.0, 2.0, 3.0, 4.0],
        stage=["t"] * 4,
    )
    result = check_keys(frame, schema)
    assert result.good["value"].to_list() == [1.0, 2.0, 4.0]
    assert result.rejects["value"].to_list() == [3.0]
    assert result.rejects["rule"].to_list() == [["primary-key"]]
    assert result.rejects["reason"].to_list() == [
        "an earlier row has the same key: id 1, subject pairs, flag f, stage t"
    ]


def test_distinct_keys_and_tables_without_keys_pass(votes: Votes) -> None:
    schema = votes()
    frame = _frame(schema, vote_id=["a", "b"])
    assert check_keys(frame, schema).good is frame
    again = pl.concat([frame.head(1), frame.head(1)])
    assert check_keys(again, schema).good.height == 1
    assert check_keys(again, votes(primary_key=[])).good is again


def test_rejects_go_to_the_quarantine_with_file_row_field_and_text() -> None:
    schema = table_schema("responses")
    frame = _frame(
        schema,
        response_id=["r"],
        prompt_id=["p"],
        source=["s"],
        position=[-1],
        messages=[[{"role": "assistant", "content": "x" * 5000}]],
        text=["x"],
        content_hash=["h"],
        file=["a.jsonl"],
        row=[7],
    )
    (row,) = quarantine(check(frame, schema).rejects, schema).to_dicts()
    raw = row.pop("raw")
    assert raw.startswith('{"response_id":"r"')
    assert len(raw) == 4096
    assert row == {
        "file": "a.jsonl",
        "row": 7,
        "subject": "responses",
        "id": "r",
        "field": "position",
        "rule": "min:position",
        "reason": "position is -1, and the minimum is 0",
    }


def test_the_quarantine_takes_tables_without_key_or_provenance() -> None:
    schema = table_schema("rejects")
    frame = _frame(schema, source=["s"], stage=["t"], rule=["r"], reason=["x"], row=[-1])
    (row,) = quarantine(check(frame, schema).rejects, schema).to_dicts()
    assert row["id"] is None
    assert row["field"] == "row"
    pairs = table_schema("pairs")
    columns = {name: ["x"] for name, column in pairs.columns.items() if not column.nullable}
    (row,) = quarantine(check(_frame(pairs, **columns), pairs).rejects, pairs).to_dicts()
    assert row["file"] is None
    assert row["row"] is None
    assert row["field"] is None
    assert row["rule"] == "two_different_responses"
    assert '"own_rule":"x"' in row["raw"]
