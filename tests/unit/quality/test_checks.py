from __future__ import annotations

import pytest

from prefdata.quality.checks import checks_of, quoted
from prefdata.schema import table_names, table_schema

__all__: list[str] = []


@pytest.mark.parametrize("table", table_names())
def test_all_that_a_contract_says_becomes_a_check_with_a_name_of_its_own(table: str) -> None:
    schema = table_schema(table)
    wanted = {"primary-key"} if schema.primary_key else set()
    wanted |= {f"reference:{column}" for column in schema.references}
    wanted |= {rule.name for rule in schema.rules}
    for column in schema.columns.values():
        wanted |= {f"not-null:{column.name}"} if not column.nullable else set()
        limits = ("enum", "min", "max")
        wanted |= {f"{x}:{column.name}" for x in limits if getattr(column, x) is not None}
    rules = [check.rule for check in checks_of(schema)]
    assert sorted(rules) == sorted(wanted)


@pytest.mark.parametrize("table", table_names())
def test_texts_and_lists_reach_the_projection_as_lengths(table: str) -> None:
    schema = table_schema(table)
    for check in checks_of(schema):
        for name, sql in check.columns.items():
            column = schema.columns.get(name)
            if column is not None and sql == quoted(name):
                assert column.type in {"bool", "int32", "int64", "timestamp[us]"}


def test_the_why_of_a_rule_is_kept() -> None:
    checks = {check.rule: check for check in checks_of(table_schema("pairs"))}
    assert checks["margin_has_a_unit"].why == "A number without its unit cannot be compared."


def test_a_name_is_quoted_whatever_it_holds() -> None:
    assert quoted('a "b"') == '"a ""b"""'
