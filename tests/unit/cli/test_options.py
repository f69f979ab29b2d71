"""Settings of the command line: a name, an equals sign, a value in YAML."""

from __future__ import annotations

from typing import Any

import pytest

from prefdata.cli._options import parse_settings
from prefdata.core.errors import UserError

__all__: list[str] = []


@pytest.mark.parametrize(
    ("item", "value"),
    [
        ("a=1", 1),
        ("a=true", True),
        ("a=", None),
        ("a=x=y", "x=y"),
        ("a=[1, b]", [1, "b"]),
        ("a={b: 2}", {"b": 2}),
        ("a='1'", "1"),
    ],
)
def test_a_value_is_yaml(item: str, value: Any) -> None:
    assert parse_settings([item]) == {"a": value}


def test_no_settings_are_an_empty_mapping_and_the_last_of_a_name_counts() -> None:
    assert parse_settings(None) == {}
    assert parse_settings(["a=1", "b=2", "a=3"]) == {"a": 3, "b": 2}


@pytest.mark.parametrize("item", ["a", "=1", "", "a=[", "a={b"])
def test_what_is_no_setting_is_refused(item: str) -> None:
    with pytest.raises(UserError) as refused:
        parse_settings([item])
    assert refused.value.where is not None
    assert refused.value.where.startswith("--set")
    assert refused.value.fix
