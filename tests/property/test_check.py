from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefdata.schema import Column, TableSchema, check, check_keys, quarantine, shipped_schemas
from prefdata.testing.strategies import rows_for

__all__: list[str] = []

_ALL = pytest.mark.parametrize("schema", shipped_schemas(), ids=lambda schema: str(schema.id))
_EXAMPLES = settings(max_examples=10)


def _breaks(column: Column) -> list[tuple[str, object]]:
    """Return the rules of a column, each with a value that breaks it."""
    found: list[tuple[str, object]] = []
    if not column.nullable:
        found.append((f"not-null:{column.name}", None))
    if column.enum is not None:
        found.append((f"enum:{column.name}", "".join(column.enum)))
    if column.min is not None:
        found.append((f"min:{column.name}", column.min - 1))
    if column.max is not None:
        found.append((f"max:{column.name}", column.max + 1))
    return found


def _corrupt(
    data: st.DataObject, frame: pl.DataFrame, schema: TableSchema
) -> tuple[pl.DataFrame, list[int], str]:
    """Break one rule of one column in some rows."""
    rules = [
        (column.name, *fault) for column in schema.columns.values() for fault in _breaks(column)
    ]
    field, rule, value = data.draw(st.sampled_from(rules))
    spots = sorted(data.draw(st.sets(st.integers(0, frame.height - 1), min_size=1)))
    is_hit = pl.int_range(pl.len()).is_in(spots)
    fault = pl.lit(value, dtype=frame.schema[field])
    return (
        frame.with_columns(pl.when(is_hit).then(fault).otherwise(field).alias(field)),
        spots,
        rule,
    )


@_ALL
@_EXAMPLES
@given(data=st.data())
def test_a_corrupted_field_is_found_and_no_row_is_lost(
    schema: TableSchema, data: st.DataObject
) -> None:
    # One test, since to draw rows of a table takes longer than to check them.
    frame = data.draw(rows_for(schema, min_size=1, max_size=5))
    bad, spots, rule = _corrupt(data, frame, schema)
    is_hit = pl.int_range(pl.len()).is_in(spots)
    result = check(bad, schema)
    assert result.good.equals(frame.filter(~is_hit))
    assert all(rule in rules for rules in result.rejects["rule"])
    assert result.rejects["reason"].null_count() == 0
    own = {f"own_{name}": name for name in ("rule", "reason") if name in schema.columns}
    rejected = result.rejects.drop("rule", "reason").rename(own).select(bad.columns)
    assert rejected.equals(bad.filter(is_hit))
    assert rejected.height == len(spots)
    assert result.good.height + rejected.height == bad.height
    assert quarantine(result.rejects, schema).height == rejected.height
    again = check(result.good, schema)
    assert again.good is result.good
    assert again.rejects.is_empty()


@_ALL
@_EXAMPLES
@given(data=st.data())
def test_repeated_keys_leave_the_first_rows(schema: TableSchema, data: st.DataObject) -> None:
    frame = data.draw(rows_for(schema, min_size=1, max_size=5))
    again = pl.concat([frame, frame.reverse()])
    result = check_keys(again, schema)
    assert result.good.height + result.rejects.height == again.height
    assert result.good.equals(frame if schema.primary_key else again)
