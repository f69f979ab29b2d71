from __future__ import annotations

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from prefdata.schema import TableSchema, check, check_keys, shipped_schemas, table_schema
from prefdata.testing.strategies import _rows, rows_for

__all__: list[str] = []

_FIRST = settings(phases=[Phase.generate], max_examples=200)


@pytest.mark.parametrize("schema", shipped_schemas(), ids=lambda schema: str(schema.id))
@settings(max_examples=10)
@given(data=st.data())
def test_drawn_rows_keep_every_rule(schema: TableSchema, data: st.DataObject) -> None:
    frame = data.draw(rows_for(schema, min_size=1, max_size=4))
    assert 1 <= frame.height <= 4
    assert check(frame, schema).good is frame
    assert check_keys(frame, schema).good is frame


def test_rules_of_foreign_contracts_are_kept_by_discarding() -> None:
    parts = table_schema("splits").model_dump()
    rule = {"name": "train", "sql": "spot < 0.5", "why": "Why."}
    schema = TableSchema.model_validate({**parts, "table": "foreign", "rules": [rule]})
    frame = find(rows_for(schema, min_size=1), lambda _: True, settings=_FIRST)
    assert (frame["spot"] < 0.5).all()


@pytest.mark.parametrize("outcome", [None, "chosen", "tie", "both_bad", "not_given"])
def test_every_outcome_of_a_judgment_is_drawn(outcome: str | None) -> None:
    rows = _rows(table_schema("judgments"))
    row = find(rows, lambda row: bool(row["outcome"] == outcome), settings=_FIRST)
    assert (True in (row["chosen"] or [])) == (outcome == "chosen")
