"""The adapter `mapped`: tables under a mapping, to canonical tables and back."""

from __future__ import annotations

import contextlib
import copy
import json
import pickle
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from prefdata.core.errors import PrefdataError, SourceDriftError, UserError
from prefdata.protocols import Context, RawFile
from prefdata.schema import table_schema
from prefdata.schema.checks import check, check_keys
from prefdata.sources._generic.mapping import load_mapping
from prefdata.sources.mapped import MappedParams, mapped

if TYPE_CHECKING:
    from random import Random

__all__: list[str] = []

_ROOT = Path(__file__).resolve().parents[3]
_ROWS = [json.loads(line) for line in mapped.example["table.jsonl"].splitlines()]
_PAIR: dict[str, Any] = {
    "prompt": "q",
    "responses": {"a": {"text": "x"}, "b": {"text": "y"}},
    "judgments": [{"choice": {"column": "w", "values": {"A": "a", "B": "b", "=": "tie"}}}],
}


def _read(
    files: dict[str, bytes], mapping: Any = None, path: Path | None = None
) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """Return tables and rejects of some files; no row is lost and every contract is kept."""
    with tempfile.TemporaryDirectory() as folder:
        if mapping is not None:
            files = {"mapping.yaml": yaml.safe_dump(mapping).encode(), **files}
        raws = []
        for name, data in files.items():
            (Path(folder) / name).write_bytes(data)
            raws.append(RawFile(Path(folder) / name, name))
        settings = MappedParams(name="mine", mapping=path)
        bundles = list(mapped.read(mapped.select(raws), settings, Context()))
    tables: dict[str, list[pl.DataFrame]] = {}
    for bundle in bundles:
        kept = {
            (file, row)
            for name, frame in bundle.tables.items()
            if name != "flags"
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
    assert set(whole["judgments"]["annotator_id"]) <= set(whole["annotators"]["annotator_id"])
    return whole, pl.concat([bundle.rejects for bundle in bundles])


def _lines(*rows: Any) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def _one(row: dict[str, Any], mapping: Any) -> dict[str, pl.DataFrame]:
    tables, rejects = _read({"t.jsonl": _lines(row)}, mapping)
    assert not rejects.height
    assert mapped.rebuild(tables) == {"t.jsonl": [row]}
    return tables


def test_the_example_comes_back_as_it_was() -> None:
    tables, rejects = _read(dict(mapped.example))
    assert not rejects.height
    assert mapped.rebuild(tables) == {"table.jsonl": _ROWS}


def test_the_example_of_the_docs_does_what_the_docs_say() -> None:
    text = (_ROOT / "docs" / "mapped.md").read_text(encoding="utf-8")
    [rows] = re.findall(r"```json\n(.*?)```", text, flags=re.DOTALL)
    [mapping] = re.findall(r"```yaml\n(.*?)```", text, flags=re.DOTALL)
    files = {"votes.jsonl": rows.encode(), "mapping.yaml": mapping.encode()}
    tables, rejects = _read(files)
    judgments = tables["judgments"].filter(pl.col("prompt_id") == "mine:7")
    assert judgments.select("annotator_id", "aspect", "outcome", "chosen", "scores").rows() == [
        ("mine:r9", "overall", "chosen", [True, False], None),
        ("mine:r9", "helpfulness", None, None, [5.0, 2.0]),
        ("mine:s1", "safety", "tie", [False, False], None),
        ("mine:s2", "safety", "chosen", [True, False], None),
    ]
    odd = tables["judgments"].filter(pl.col("prompt_id") == "mine:8")
    assert odd["outcome"].to_list() == ["both_bad", None]
    assert odd["scores"].to_list() == [None, [1.0, None]]
    assert odd["raw_values"].to_list()[1] == ["1", "n/a"]
    assert rejects.select("row", "field", "rule").rows() == [(2, "winner", "unknown-value")]
    assert tables["annotators"].select("annotator_id", "country").rows()[0] == ("mine:r9", "Kenya")
    assert set(tables["prompts"]["license"]) == {"CC-BY-4.0"}
    assert tables["responses"]["position"].to_list() == [0, 1, 0, 1]
    assert mapped.rebuild(tables)["votes.jsonl"] == [
        json.loads(row) for row in rows.splitlines()[:2]
    ]


def test_every_field_of_the_mapping_is_in_the_docs() -> None:
    from prefdata.sources._generic import mapping

    text = (_ROOT / "docs" / "mapped.md").read_text(encoding="utf-8")
    for model in (mapping.Mapping, mapping.Judgment, mapping.Annotator, mapping.Rating):
        missing = [name for name in model.model_fields if f"`{name}`" not in text]
        assert not missing


def test_responses_in_a_list_of_objects() -> None:
    mapping = {
        "prompt": "q",
        "response_list": {"column": "answers", "text": "say", "model": "bot"},
        "judgments": [
            {"choice": {"column": "best", "first": 1}, "aspect": "overall"},
            {"rating": {"field": "score"}, "aspect": "style"},
            {"rating": {"column": "likes", "min": 0, "max": 9}, "aspect": "fun"},
        ],
    }
    row = {
        "q": "?",
        "answers": [
            {"say": "x", "bot": "m", "score": 1, "tags": [None]},
            {"say": "y", "score": None},
            {"say": [{"role": "assistant", "content": "z"}], "score": 0.5},
        ],
        "best": 3,
        "likes": ["2", 4, None],
    }
    tables = _one(row, mapping)
    assert tables["responses"]["text"].to_list() == ["x", "y", "z"]
    assert tables["responses"]["model"].to_list() == ["m", None, None]
    chosen, style, fun = tables["judgments"].to_dicts()
    assert chosen["protocol"] == "best_of_k"
    assert chosen["chosen"] == [False, False, True]
    assert style["scores"] == [1.0, None, 0.5]
    assert fun["scores"] == [2.0, 4.0, None]
    assert fun["raw_values"] == ["2", "4", None]


def test_responses_in_a_list_of_texts() -> None:
    mapping = {"prompt": "q", "response_list": {"column": "answers"}}
    row = {"q": [{"from": "human", "value": "?"}], "answers": ["x", ""]}
    tables = _one(row, mapping)
    assert tables["responses"]["text"].to_list() == ["x", ""]
    assert not tables["judgments"].height


def test_annotators_in_parallel_lists() -> None:
    mapping = copy.deepcopy(_PAIR)
    mapping["judgments"][0] |= {
        "each": {"w": "votes", "who": "workers", "how": "notes"},
        "annotator": {"id": "who", "kind": "model", "languages": "langs"},
        "comment": "how",
    }
    row = {"q": "?", "x": "1", "y": "2", "votes": ["A", "=", "A"], "workers": ["m1", "m2", "m1"]}
    tables = _one({**row, "langs": ["en"]}, mapping)
    assert tables["judgments"]["judgment_id"].str.split("/").list.get(1).to_list() == [
        "m1",
        "m2",
        "m1",
    ]
    assert tables["judgments"]["judgment_id"].n_unique() == 3
    assert tables["annotators"].select("annotator_id", "kind", "model", "languages").rows() == [
        ("mine:m1", "model", "m1", ["en"]),
        ("mine:m2", "model", "m2", ["en"]),
    ]
    _, rejects = _read({"t.jsonl": _lines(row, {**row, "votes": ["A"]})}, mapping)
    assert rejects["rule"].to_list() == ["wrong-length"]


@pytest.mark.parametrize(
    ("cell", "outcome"),
    [("A", "chosen"), ("=", "tie"), (None, "not_given"), ("", "not_given")],
)
def test_a_choice_becomes_an_outcome(cell: Any, outcome: str) -> None:
    tables = _one({"q": "?", "x": "1", "y": "2", "w": cell}, _PAIR)
    assert tables["judgments"]["outcome"].to_list() == [outcome]
    assert tables["annotators"].select("annotator_id", "kind").rows() == [
        ("mine:annotators", "group")
    ]


@pytest.mark.parametrize("cell", [True, "true", 2, "2", 2.0, None])
def test_keys_that_yaml_reads_as_other_types_still_match(cell: Any) -> None:
    mapping = copy.deepcopy(_PAIR)
    mapping["judgments"][0]["choice"]["values"] = {True: "a", 2: "b", None: "tie"}
    tables = _one({"q": "?", "x": "1", "y": "2", "w": cell}, mapping)
    assert tables["judgments"]["outcome"].to_list() == ["tie" if cell is None else "chosen"]


def test_cells_of_a_csv_are_numbers_where_ratings_are_asked() -> None:
    mapping = {
        **_PAIR,
        "id": "n",
        "judgments": [{"rating": {"columns": {"a": "ra", "b": "rb"}, "min": 1, "max": 5}}],
    }
    data = b"n,q,x,y,ra,rb\n1,?,u,v,4,1.5\n2,?,u,v,,\n3,?,u,v,9,1\n1,?,u,v,1,1\n,?,u,v,1,1\n"
    tables, rejects = _read({"t.csv": data}, mapping)
    assert tables["prompts"]["prompt_id"].to_list() == ["mine:1", "mine:2"]
    assert tables["judgments"]["scores"].to_list() == [[4.0, 1.5]]
    assert rejects.select("row", "rule").rows() == [
        (2, "off-scale"),
        (3, "duplicate-id"),
        (4, "missing-field"),
    ]


def test_an_annotator_of_whom_rows_tell_different_things_is_flagged() -> None:
    mapping = {**_PAIR, "annotator": {"id": "who", "country": "land"}}
    row = {"q": "?", "x": "1", "y": "2", "w": "A", "who": "r", "land": "Chile"}
    other = {**row, "land": "Peru"}
    tables, _ = _read({"t.jsonl": _lines(row, {**row, "land": None}, other, other)}, mapping)
    assert tables["annotators"]["country"].to_list() == ["Chile"]
    assert tables["flags"].select("id", "flag").rows() == [("mine:r", "differing-country")]


def test_equal_rows_have_different_ids() -> None:
    row = {"q": "?", "x": "1", "y": "2", "w": "A"}
    tables, _ = _read({"t.jsonl": _lines(row, row)}, _PAIR)
    assert tables["prompts"]["prompt_id"].n_unique() == 2


def test_a_mapping_may_lie_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(yaml.safe_dump(_PAIR), encoding="utf-8")
    row = {"q": "?", "x": "1", "y": "2", "w": "A"}
    tables, _ = _read({"train.jsonl": _lines(row)}, path=path)
    assert tables["prompts"]["split"].to_list() == ["train"]


def test_an_edited_mapping_counts_as_another_parameter(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    dumps = []
    for text in ("prompt: q\n", "prompt: p\n"):
        path.write_text(text, encoding="utf-8")
        dumps.append(MappedParams(name="mine", mapping=path).model_dump(mode="json"))
    assert dumps[0] != dumps[1]
    path.unlink()
    assert MappedParams(name="mine", mapping=path).mapping_digest is None


def test_no_mapping_is_an_error_that_says_so() -> None:
    with pytest.raises(UserError, match="no mapping"):
        _read({"t.jsonl": _lines({"q": "?"})})


def test_a_table_of_other_columns_is_an_error() -> None:
    with pytest.raises(SourceDriftError, match="'q' is missing"):
        _read({"t.jsonl": _lines({"other": 1})}, _PAIR)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("prompt: q\n", "responses"),
        ("prompt: [q]\nresponse_list: {column: r}\n", "prompt"),
        ("response_list: {column: r}\nextra: 1\n", "extra"),
        ("responses: {a: {text: x}, tie: {text: y}}\n", "tie"),
        ("responses: {a/b: {text: x}}\n", "responses.a/b"),
        ("responses: {a: {text: x}}\njudgments: [{aspect: s}]\n", "judgments.0"),
        (
            "responses: {a: {text: x}}\njudgments: [{choice: {column: w, values: {A: c}}}]\n",
            "judgments.0.choice.values",
        ),
        ("responses: {a: {text: x}}\njudgments: [{choice: {column: w}}]\n", "judgments.0.choice"),
        (
            "responses: {a: {text: x}}\njudgments: [{rating: {columns: {b: s}}}]\n",
            "judgments.0.rating.columns",
        ),
        (
            "responses: {a: {text: x}}\njudgments: [{rating: {column: s, min: 2, max: 1}}]\n",
            "judgments.0.rating",
        ),
        ("responses: {a: {text: x}}\njudgments: [{rating: {field: s}}]\n", "rating.field"),
        ("a: [\n", "line 2"),
        ("- 1\n", ""),
    ],
)
def test_a_wrong_mapping_names_the_file_and_the_field(
    text: str, field: str, tmp_path: Path
) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as caught:
        load_mapping(path)
    assert str(path) in str(caught.value.where)
    assert field in str(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301


def test_a_mapping_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        load_mapping(tmp_path / "mapping.yaml")


_TEXT = st.text(max_size=5)
_CELL = _TEXT | st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "assistant"]), "content": _TEXT}, optional={"n": _TEXT}
    ),
    min_size=1,
    max_size=2,
)
_NUMBER = st.none() | st.integers(1, 5) | st.floats(1, 5) | st.sampled_from(["", "n/a", "3"])
_ROW = st.fixed_dictionaries(
    {"case": st.integers(), "question": _CELL, "answer_a": _CELL, "answer_b": _CELL},
    optional={
        "winner": st.none() | st.sampled_from(["", "A", "B", "tie", "neither", "skipped"]),
        "rater": st.none() | _TEXT,
        "rater_country": st.none() | _TEXT | st.integers(),
        "help_a": _NUMBER,
        "help_b": _NUMBER,
        "why": st.none() | _TEXT,
        "style_votes": st.none()
        | st.lists(
            st.fixed_dictionaries(
                {"vote": st.sampled_from(["A", "B"])}, optional={"worker": _TEXT}
            ),
            max_size=3,
        ),
        "prefdata": _TEXT,
        "other": st.none() | st.dictionaries(_TEXT, st.none() | st.booleans(), max_size=2),
    },
)


@given(st.lists(_ROW, min_size=1, max_size=5, unique_by=lambda row: str(row["case"])))
def test_any_rows_come_back_as_they_were(rows: list[dict[str, Any]]) -> None:
    files = {"mapping.yaml": mapped.example["mapping.yaml"], "t.jsonl": _lines(*rows)}
    tables, rejects = _read(files)
    assert not rejects.height
    assert mapped.rebuild(tables) == {"t.jsonl": rows}


_JUNK: st.SearchStrategy[Any] = st.sampled_from(
    [None, 3, 2.5, True, "", "\ud800", [], {}, [None], [{}], "x"]
)


@given(st.randoms(use_true_random=False), st.data())
def test_mutated_rows_are_kept_or_rejected(rng: Random, data: st.DataObject) -> None:
    broken = copy.deepcopy(rng.choice(_ROWS))
    broken["case"] = 99
    key = rng.choice(list(broken))
    match rng.randrange(3):
        case 0:
            del broken[key]
        case 1:
            broken[key] = data.draw(_JUNK)
        case _:
            broken[f"{key}x"] = broken.pop(key)
    tables, _ = _read({**mapped.example, "table.jsonl": _lines(*_ROWS, broken)})
    assert mapped.rebuild(tables)["table.jsonl"][:3] == _ROWS


@given(st.sampled_from(sorted(mapped.example)), st.data())
def test_mutated_bytes_raise_only_our_errors(name: str, data: st.DataObject) -> None:
    whole = bytearray(mapped.example[name])
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(PrefdataError):
        _read({**mapped.example, name: bytes(whole)})
