"""The adapter `annotated-pairs`: documents and tables of pairs, and back."""

from __future__ import annotations

import contextlib
import copy
import csv
import io
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.core.errors import PrefdataError, SourceDriftError
from prefdata.protocols import Context, RawFile
from prefdata.schema import table_schema
from prefdata.schema.checks import check, check_keys
from prefdata.sources._annotated_pairs.tables import rebuild_headers
from prefdata.sources.annotated_pairs import AnnotatedPairsParams, annotated_pairs

if TYPE_CHECKING:
    from random import Random

__all__: list[str] = []

_DOCUMENT: dict[str, Any] = json.loads(annotated_pairs.example["pairs.json"])


def _read(files: dict[str, bytes], **params: Any) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """Return tables and rejects of some files; no row is lost and every contract is kept."""
    with tempfile.TemporaryDirectory() as folder:
        raws = []
        for name, data in files.items():
            (Path(folder) / name).write_bytes(data)
            raws.append(RawFile(Path(folder) / name, name))
        settings = AnnotatedPairsParams(name="mine", **params)
        bundles = list(annotated_pairs.read(annotated_pairs.select(raws), settings, Context()))
    tables: dict[str, list[pl.DataFrame]] = {}
    for bundle in bundles:
        kept = {
            (file, row)
            for name, frame in bundle.tables.items()
            if name != "annotators"
            for file, row in frame.select("file", "row").iter_rows()
        }
        lost = set(bundle.rejects.select("file", "row").iter_rows())
        assert not kept & lost
        assert bundle.rows_in == len(kept) + bundle.rejects.height
        for name, frame in bundle.tables.items():
            tables.setdefault(name, []).append(frame)
    whole = {name: pl.concat(frames) for name, frames in tables.items()}
    for name, frame in whole.items():
        assert not check(frame, table_schema(name)).rejects.height
        assert not check_keys(frame, table_schema(name)).rejects.height
    known = set(whole["annotators"]["annotator_id"])
    assert set(whole["judgments"]["annotator_id"]) <= known
    return whole, pl.concat([bundle.rejects for bundle in bundles])


def _document(*comparisons: Any, **head: Any) -> bytes:
    return json.dumps({**_DOCUMENT, "comparisons": list(comparisons), **head}).encode()


def test_the_example_comes_back_with_its_header() -> None:
    tables, rejects = _read(dict(annotated_pairs.example))
    assert not rejects.height
    text = annotated_pairs.example["pairs.csv"].decode()
    assert annotated_pairs.rebuild(tables) == {
        "pairs.json": _DOCUMENT["comparisons"],
        "pairs.csv": list(csv.DictReader(io.StringIO(text))),
    }
    head = {key: value for key, value in _DOCUMENT.items() if key != "comparisons"}
    assert rebuild_headers(tables) == {"pairs.json": head}


def test_types_of_annotators_become_kinds() -> None:
    tables, _ = _read({"pairs.json": annotated_pairs.example["pairs.json"]})
    assert tables["annotators"].select("annotator_id", "kind", "pool").rows() == [
        ("mine:f3d1c0aa", "group", "unknown"),
        ("mine:0b5e11aa", "human", "human"),
        ("mine:77aa00bb", "rule", "principle"),
        ("mine:77aa00cc", "rule", "non_preference_principle"),
    ]


@pytest.mark.parametrize(
    ("vote", "outcome", "chosen", "said"),
    [
        ({"pref": "a"}, "chosen", [True, False], "a"),
        ({"pref": "b"}, "chosen", [False, True], "b"),
        ({"pref": None, "no_pref_reason": "both"}, "tie", [False, False], "both"),
        ({"pref": None, "no_pref_reason": "neither"}, "both_bad", [False, False], "neither"),
        ({"pref": None, "no_pref_reason": "invalid"}, "not_given", None, "invalid"),
        ({"pref": None, "no_pref_reason": "not_applicable"}, "not_given", None, "not_applicable"),
        ({"pref": None, "value": "3"}, "not_given", None, None),
    ],
)
def test_a_vote_becomes_an_outcome(
    vote: dict[str, Any], outcome: str, chosen: list[bool] | None, said: str | None
) -> None:
    row = {**_DOCUMENT["comparisons"][0], "annotations": {"f3d1c0aa": vote}}
    tables, _ = _read({"pairs.json": _document(row)})
    [judgment] = tables["judgments"].to_dicts()
    assert judgment["judgment_id"] == "mine:aa000001/f3d1c0aa/overall"
    assert (judgment["outcome"], judgment["chosen"]) == (outcome, chosen)
    assert judgment["raw_values"] == (None if said is None else [said, said])
    assert judgment["response_ids"] == ["mine:aa000001/a", "mine:aa000001/b"]
    assert annotated_pairs.rebuild(tables) == {"pairs.json": [row]}


def _changed(**changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(_DOCUMENT["comparisons"][1]), **changes}


@pytest.mark.parametrize(
    ("row", "field", "rule"),
    [
        (_changed(id="aa000001"), "id", "duplicate-id"),
        (_changed(id=None), "id", "missing-field"),
        (_changed(prompt=3), "prompt", "wrong-type"),
        (_changed(response_a=None), "response_a", "missing-field"),
        (_changed(response_b={"text": None}), "response_b", "wrong-type"),
        (_changed(annotations=[]), "annotations", "wrong-type"),
        (_changed(annotations={"nobody": {"pref": "a"}}), "annotations", "unknown-annotator"),
        (_changed(annotations={"f3d1c0aa": {"pref": "c"}}), "annotations", "unknown-value"),
        (
            _changed(annotations={"f3d1c0aa": {"pref": None, "no_pref_reason": "tired"}}),
            "annotations",
            "unknown-value",
        ),
        (_changed(metadata="\ud800"), None, "not-unicode"),
        (7, None, "wrong-type"),
    ],
)
def test_a_broken_comparison_is_rejected_by_field_and_rule(
    row: Any, field: str | None, rule: str
) -> None:
    first = _DOCUMENT["comparisons"][0]
    tables, rejects = _read({"pairs.json": _document(first, row)})
    assert rejects.select("row", "field", "rule").rows() == [(1, field, rule)]
    assert annotated_pairs.rebuild(tables) == {"pairs.json": [first]}


@pytest.mark.parametrize(
    "data",
    [
        b"{}",
        b"[]",
        _document(),
        _document(_DOCUMENT["comparisons"][0], annotators={}),
        _document(_DOCUMENT["comparisons"][0], annotators={"x": {"type": "robot"}}),
        _document({"id": "only broken ones"}),
        _document(_DOCUMENT["comparisons"][0])[:-20],
        _document(_DOCUMENT["comparisons"][0], later="a key after the comparisons"),
    ],
)
def test_another_file_is_an_error(data: bytes) -> None:
    with pytest.raises(SourceDriftError):
        _read({"pairs.json": data})


def test_the_order_of_the_keys_does_not_matter() -> None:
    turned = dict(reversed(_DOCUMENT.items()))
    tables, _ = _read({"pairs.json": json.dumps(turned).encode()})
    expected, _ = _read({"pairs.json": annotated_pairs.example["pairs.json"]})
    assert tables["judgments"].equals(expected["judgments"])
    assert rebuild_headers(tables) == rebuild_headers(expected)


def test_two_files_share_their_annotators() -> None:
    first, second = _DOCUMENT["comparisons"][:2]
    tables, rejects = _read({"a.json": _document(first), "b.json": _document(second)})
    assert tables["annotators"].height == 4
    assert not rejects.height
    other = {"f3d1c0aa": {"type": "human"}}
    with pytest.raises(SourceDriftError, match="earlier file"):
        _read({"a.json": _document(first), "b.json": _document(second, annotators=other)})


def test_a_table_of_pairs_reads_the_prompt_from_either_name() -> None:
    rows = [
        {"text_a": "x", "text_b": "y", "preferred_text": "text_b", "prompt": "Why?"},
        {"text_a": "x", "text_b": "y", "preferred_text": "text_a", "input": "How?", "prompt": "?"},
        {"text_a": "x", "text_b": "y"},
        {"text_a": "x", "text_b": "y", "preferred_text": "both"},
        {"text_a": "x", "preferred_text": "text_a"},
    ]
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    tables, rejects = _read({"train.jsonl": data})
    words = [[turn["content"] for turn in turns] for turns in tables["prompts"]["messages"]]
    assert words == [["Why?"], ["How?"], []]
    assert tables["judgments"]["chosen"].to_list() == [[False, True], [True, False]]
    assert rejects.select("row", "field", "rule").rows() == [
        (3, "preferred_text", "unknown-value"),
        (4, "text_b", "missing-field"),
    ]
    assert annotated_pairs.rebuild(tables) == {"train.jsonl": rows[:3]}


_TEXT = st.text(max_size=5)
_VOTE: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.fixed_dictionaries({"pref": st.sampled_from("ab")}, optional={"value": _TEXT}),
    st.fixed_dictionaries(
        {"pref": st.none()},
        optional={
            "no_pref_reason": st.sampled_from([None, "both", "neither", "invalid"]),
            "value": st.none() | _TEXT,
        },
    ),
    st.just({}),
)
_RESPONSE = st.fixed_dictionaries({"text": _TEXT}, optional={"model": st.none() | _TEXT})
_COMPARISON = st.fixed_dictionaries(
    {
        "id": st.text("abc", min_size=1, max_size=3),
        "response_a": _RESPONSE,
        "response_b": _RESPONSE,
    },
    optional={
        "prompt": st.none() | _TEXT,
        "annotations": st.none()
        | st.dictionaries(st.sampled_from(sorted(_DOCUMENT["annotators"])), _VOTE),
        "metadata": st.dictionaries(_TEXT, _TEXT, max_size=2),
        "prefdata": _TEXT,
    },
)


@given(st.lists(_COMPARISON, min_size=1, max_size=5, unique_by=lambda row: str(row["id"])))
def test_any_comparisons_come_back_as_they_were(rows: list[dict[str, Any]]) -> None:
    tables, rejects = _read({"pairs.json": _document(*rows)})
    assert not rejects.height
    assert annotated_pairs.rebuild(tables) == {"pairs.json": rows}


_JUNK: st.SearchStrategy[Any] = st.sampled_from(
    [None, 3, 2.5, True, "", "\ud800", [], {}, [None], {"text": 1}]
)


@given(st.randoms(use_true_random=False), st.data())
def test_mutated_comparisons_are_kept_or_rejected(rng: Random, data: st.DataObject) -> None:
    rows = copy.deepcopy(_DOCUMENT["comparisons"])
    broken = copy.deepcopy(rng.choice(rows))
    broken["id"] = "new"
    place = rng.choice([broken, broken["response_a"], *broken["annotations"].values()])
    key = rng.choice(list(place))
    match rng.randrange(3):
        case 0:
            del place[key]
        case 1:
            place[key] = data.draw(_JUNK)
        case _:
            place[f"{key}x"] = place.pop(key)
    tables, _ = _read({"pairs.json": _document(*rows, broken)})
    assert annotated_pairs.rebuild(tables)["pairs.json"][:3] == rows


@given(st.sampled_from(sorted(annotated_pairs.example)), st.data())
def test_mutated_bytes_raise_only_our_errors(name: str, data: st.DataObject) -> None:
    whole = bytearray(annotated_pairs.example[name])
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(PrefdataError):
        _read({name: bytes(whole)})


def test_long_documents_come_in_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prefdata.sources.annotated_pairs._STRETCH_SIZE", 5)
    tables, _ = _read({"pairs.json": annotated_pairs.example["pairs.json"]})
    assert annotated_pairs.rebuild(tables) == {"pairs.json": _DOCUMENT["comparisons"]}
    assert tables["annotators"].height == 4
