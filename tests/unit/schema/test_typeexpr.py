from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.schema.typeexpr import SCALARS, ListOf, Scalar, StructOf, TypeTree, parse_type

_SCALARS = st.sampled_from(SCALARS).map(Scalar)
_NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,5}", fullmatch=True)
TREES: st.SearchStrategy[TypeTree] = st.recursive(
    _SCALARS,
    lambda inner: (
        inner.map(ListOf)
        | st.dictionaries(_NAMES, inner, min_size=1, max_size=3).map(
            lambda parts: StructOf(tuple(parts.items()))
        )
    ),
    max_leaves=6,
)


@given(TREES)
def test_a_type_is_read_as_it_was_written(tree: TypeTree) -> None:
    assert parse_type(str(tree)) == tree


@given(TREES)
def test_white_space_means_nothing(tree: TypeTree) -> None:
    text = str(tree).replace("<", " < ").replace(",", ", ").replace(":", " : ")
    assert parse_type(text) == tree


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "needs a type after position 0, not the end"),
        ("text", "unknown type 'text'"),
        ("list<string", "needs '>' after position 11, not the end"),
        ("list<>", "needs a type after position 5, not '>'"),
        ("struct<a:string,a:bool>", "the field 'a' twice"),
        ("struct<a string>", "needs ':' after position 8, not 'string'"),
        ("struct<:string>", "needs a field name"),
        ("string string", "needs the end"),
        ("string?", "unexpected '?' at position 6"),
        ("timestamp[ns]", "unknown type 'timestamp[ns]'"),
    ],
)
def test_a_fault_names_its_place(text: str, part: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        parse_type(text)
    assert part in str(caught.value)
