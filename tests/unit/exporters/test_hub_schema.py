"""What we write of a schema is what `datasets` writes of it, without importing it."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefdata.core.errors import InternalError
from prefdata.exporters._hub_schema import hub_features, hub_schema, leaves

datasets = pytest.importorskip("datasets")

__all__: list[str] = []

_FLAT = [
    pa.null(),
    pa.bool_(),
    pa.int8(),
    pa.uint64(),
    pa.float16(),
    pa.float32(),
    pa.float64(),
    pa.time32("s"),
    pa.time64("us"),
    pa.date32(),
    pa.date64(),
    pa.timestamp("us"),
    pa.timestamp("ns", tz="Europe/Berlin"),
    pa.duration("ms"),
    pa.decimal128(10, 2),
    pa.decimal256(40, 3),
    pa.string(),
    pa.large_string(),
    pa.binary(),
    pa.large_binary(),
    pa.binary(16),
    pa.dictionary(pa.int32(), pa.large_string()),
]


def _nested(inner: st.SearchStrategy[pa.DataType]) -> st.SearchStrategy[pa.DataType]:
    fields = st.dictionaries(st.sampled_from("abc"), inner, min_size=1)
    return st.one_of(
        inner.map(pa.list_),
        inner.map(lambda kind: pa.list_(kind, 3)),
        fields.map(lambda found: pa.struct(list(found.items()))),
    )


_TYPES = st.recursive(st.sampled_from(_FLAT), _nested, max_leaves=5)


@settings(max_examples=40, deadline=None)
@given(st.lists(_TYPES, min_size=1, max_size=4))
def test_features_are_those_of_datasets(kinds: list[pa.DataType]) -> None:
    schema = pa.schema([(f"column {n}", kind) for n, kind in enumerate(kinds)])
    theirs = datasets.Features.from_arrow_schema(schema)
    assert hub_features(schema) == theirs.to_dict()
    ours = hub_schema(schema)
    again = datasets.Features.from_arrow_schema(ours)
    assert again.arrow_schema.equals(ours.remove_metadata())
    assert json.loads(again.arrow_schema.metadata[b"huggingface"]) == json.loads(
        ours.metadata[b"huggingface"]
    )


def test_every_flat_type_is_among_those_that_are_compared() -> None:
    schema = pa.schema([(str(kind), kind) for kind in _FLAT])
    assert hub_features(schema) == datasets.Features.from_arrow_schema(schema).to_dict()


def test_texts_and_lists_have_short_offsets() -> None:
    message = pa.struct([("role", pa.dictionary(pa.int8(), pa.string())), ("content", "string")])
    schema = hub_schema(
        pa.schema(
            [
                ("prompt", pa.large_list(message)),
                ("views", pa.list_(pa.string_view())),
                ("bytes", pa.binary_view()),
            ]
        )
    )
    plain = pa.struct([("role", pa.string()), ("content", pa.string())])
    assert schema.types == [pa.list_(plain), pa.list_(pa.string()), pa.binary()]


@pytest.mark.parametrize(
    "kind",
    [
        pa.map_(pa.string(), pa.string()),
        pa.uuid(),
        pa.list_view(pa.string()),
        pa.struct([]),
        pa.json_(),
        pa.month_day_nano_interval(),
    ],
    ids=str,
)
def test_what_nobody_can_load_is_refused_by_name(kind: pa.DataType) -> None:
    schema = pa.schema([("good", pa.string()), ("bad", pa.list_(pa.struct([("x", kind)])))])
    with pytest.raises(InternalError, match=r"bad\.x is of the type") as caught:
        hub_schema(schema)
    assert caught.value.where == "bad.x"


def test_leaves_are_the_columns_of_the_file() -> None:
    import io

    import pyarrow.parquet as pq

    message = pa.struct([("role", pa.string()), ("content", pa.string())])
    schema = pa.schema(
        [("prompt", pa.list_(message)), ("n", pa.int32()), ("v", pa.list_(pa.int8(), 2))]
    )
    file = io.BytesIO()
    pq.write_table(schema.empty_table(), file)
    written = pq.ParquetFile(file).schema
    assert [path for path, _ in leaves(schema)] == [
        written.column(n).path for n in range(len(written.names))
    ]
