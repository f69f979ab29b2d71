"""One object against a schema: numbers widen exactly, the rest fits or is refused by name."""

from __future__ import annotations

import json
import math
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.tables.coerce import EXACT_FLOAT, Misfit, coerce_row, to_json

__all__: list[str] = []

_INNER = pa.struct([("x", pa.int64()), ("y", pa.list_(pa.string()))])
_SCHEMA = pa.schema(
    [
        ("s", pa.string()),
        ("i", pa.int64()),
        ("f", pa.float64()),
        ("b", pa.bool_()),
        ("o", _INNER),
        ("l", pa.list_(_INNER)),
    ]
)
_NOTHING: dict[str, Any] = dict.fromkeys([*_SCHEMA.names, "extra"])


def _fit(**value: Any) -> dict[str, Any]:
    fitted = coerce_row(value, _SCHEMA, required=())
    return {key: item for key, item in fitted.items() if item is not None}


def test_an_absent_field_is_null() -> None:
    assert coerce_row({}, _SCHEMA, required=()) == _NOTHING


@pytest.mark.parametrize(
    ("given", "fitted"),
    [
        ({"i": 3.0}, {"i": 3}),
        ({"i": -(2**63)}, {"i": -(2**63)}),
        ({"i": 2**53 + 1}, {"i": 2**53 + 1}),
        ({"f": 3}, {"f": 3.0}),
        ({"f": -(2**53)}, {"f": -float(2**53)}),
        ({"f": math.nan}, {}),
        ({"f": math.inf}, {"f": math.inf}),
        ({"s": "\x00"}, {"s": "\x00"}),
        ({"o": {"x": 1.0}}, {"o": {"x": 1, "y": None}}),
        ({"l": [None, {"y": [None, "a"]}]}, {"l": [None, {"x": None, "y": [None, "a"]}]}),
        ({"l": []}, {"l": []}),
    ],
)
def test_a_value_is_kept_or_widened_exactly(given: dict[str, Any], fitted: dict[str, Any]) -> None:
    found = _fit(**given)
    assert found == fitted
    assert [type(item) for item in found.values()] == [type(item) for item in fitted.values()]


@pytest.mark.parametrize(
    ("field", "value", "path"),
    [
        ("s", 1, "s"),
        ("s", True, "s"),
        ("s", "\ud83d", "s"),
        ("i", "1", "i"),
        ("i", 0.5, "i"),
        ("i", 2**63, "i"),
        ("i", float(2**53 + 2), "i"),
        ("i", math.nan, "i"),
        ("i", math.inf, "i"),
        ("i", False, "i"),
        ("f", 2**53 + 1, "f"),
        ("f", "0.5", "f"),
        ("f", True, "f"),
        ("b", 1, "b"),
        ("b", "true", "b"),
        ("o", [], "o"),
        ("o", {"x": "a"}, r"o\.x"),
        ("l", {}, "l"),
        ("l", [{"y": ["a", 2]}], r"l\[0\]\.y\[1\]"),
        ("l", [1], r"l\[0\]"),
    ],
)
def test_what_does_not_fit_is_named_by_its_path(field: str, value: object, path: str) -> None:
    with pytest.raises(Misfit, match=f"^{path} is .*, expected ") as caught:
        _fit(**{field: value})
    assert (caught.value.field, caught.value.rule) == (field, "wrong-type")
    reject = caught.value.reject(7, raw="{}")
    assert (reject.row, reject.rule, reject.field) == (7, "wrong-type", field)
    assert (reject.reason, reject.raw) == (caught.value.reason, "{}")


@pytest.mark.parametrize(
    ("kind", "least", "most"),
    [
        (pa.int8(), -128, 127),
        (pa.int32(), -(2**31), 2**31 - 1),
        (pa.uint8(), 0, 255),
        (pa.uint64(), 0, 2**64 - 1),
    ],
)
def test_an_integer_fits_its_width(kind: pa.DataType, least: int, most: int) -> None:
    schema = pa.schema([("n", kind)])
    for value in (least, most):
        assert coerce_row({"n": value}, schema, required=())["n"] == value
        assert pa.scalar(value, kind).as_py() == value
    for value in (least - 1, most + 1):
        with pytest.raises(Misfit):
            coerce_row({"n": value}, schema, required=())


def test_a_type_that_json_does_not_have_takes_nothing() -> None:
    with pytest.raises(Misfit):
        coerce_row({"t": "2020-01-01"}, pa.schema([("t", pa.date32())]), required=())


@pytest.mark.parametrize("row", [{"i": 1}, {"i": 1, "s": None}])
def test_a_required_field_must_be_there(row: dict[str, Any]) -> None:
    with pytest.raises(Misfit, match=r"'s' is missing or null; the row has: i") as caught:
        coerce_row(row, _SCHEMA, required=("s",))
    assert (caught.value.field, caught.value.rule) == ("s", "missing-field")


def test_unknown_fields_are_kept_in_extra() -> None:
    fitted = _fit(i=1, new={"a": [1, None]}, extra="mine", row=3)
    assert json.loads(fitted["extra"]) == {"new": {"a": [1, None]}, "extra": "mine", "row": 3}


def test_a_field_with_unknown_parts_is_kept_in_extra_whole() -> None:
    nested = [{"x": 1, "z": "new"}, {"x": 2}]
    fitted = _fit(l=nested, o={"x": 1})
    assert fitted["l"] == [{"x": 1, "y": None}, {"x": 2, "y": None}]
    assert json.loads(fitted["extra"]) == {"l": nested}


_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from([*_SCHEMA.names, "z"]), _VALUES))
def test_what_fits_is_what_arrow_takes(row: dict[str, Any]) -> None:
    try:
        fitted = coerce_row(row, _SCHEMA, required=())
    except Misfit:
        return
    full = _SCHEMA.append(pa.field("extra", pa.string()))
    assert pa.Table.from_pylist([fitted], schema=full).to_pylist() == [fitted]


@given(_VALUES)
def test_json_can_be_written_to_a_file_and_read_by_all(value: object) -> None:
    text = to_json(value)
    text.encode()
    read = json.loads(text, parse_constant=pytest.fail)
    assert text == to_json(value)
    if not any(word in repr(value) for word in ("nan", "inf")):
        assert read == value


def test_json_without_a_number_for_it_has_null_and_words() -> None:
    value = {"a": [math.nan, -math.inf, 1.5], "b": {"c": math.inf}}
    assert json.loads(to_json(value)) == {"a": [None, "-Infinity", 1.5], "b": {"c": "Infinity"}}
    assert to_json("\ud800ä") == '"\\ud800\\u00e4"'
    assert to_json("ä") == '"ä"'


def test_doubles_are_exact_up_to_the_limit() -> None:
    assert float(EXACT_FLOAT - 1) != float(EXACT_FLOAT) == float(EXACT_FLOAT + 1)
