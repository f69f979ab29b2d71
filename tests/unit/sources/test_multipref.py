"""MultiPref: comparisons from Parquet and JSON Lines, binarized choices, features, and back."""

from __future__ import annotations

import datetime as dt
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.core.errors import PrefdataError, SourceDriftError
from prefdata.fetch.cards import card
from prefdata.protocols import Context, RawFile
from prefdata.schema import polars_schema, table_schema
from prefdata.schema.checks import check
from prefdata.sources._multipref.example import (
    BINARIZED,
    COMPARISONS,
    FEATURES,
    encode_lines,
    encode_parquet,
)
from prefdata.sources._multipref.shape import LABELS
from prefdata.sources.multipref import MultiprefParams, multipref
from prefdata.tables.bundle import concat_rejects
from prefdata.tables.identity import hash_messages

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prefdata.tables.bundle import Bundle

__all__: list[str] = []

DATA = "data/train-00000-of-00001.parquet"
LINES = "MultiPref-Train.jsonl"
GPT4 = "gpt4_overall_binarized/train-00000-of-00001.parquet"
PEOPLE = "human_overall_binarized/train-00000-of-00001.parquet"
FEATURE_FILE = "features/multipref-features.jsonl"

Tables = dict[str, pl.DataFrame]


def _offer(folder: Path, files: Mapping[str, bytes]) -> list[RawFile]:
    raws = []
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        raws.append(RawFile(path, name, revision="1291023"))
    return raws


def _bundles(folder: Path, files: Mapping[str, bytes], **params: bool) -> list[Bundle]:
    chosen = multipref.select(_offer(folder, files))
    return list(multipref.read(chosen, MultiprefParams(**params), Context()))


def _tables(bundles: list[Bundle]) -> Tables:
    names = dict.fromkeys(name for bundle in bundles for name in bundle.tables)
    return {
        name: pl.concat([b.tables[name] for b in bundles if name in b.tables]) for name in names
    }


def _account(bundles: list[Bundle]) -> tuple[int, int, int]:
    """Return rows in, raw rows behind canonical rows, and rejects."""
    kept = {
        place
        for bundle in bundles
        for table in bundle.tables.values()
        for place in table.select("file", "row").iter_rows()
    }
    rejects = _rejects(bundles)
    assert not kept & set(rejects.select("file", "row").iter_rows())
    return sum(bundle.rows_in for bundle in bundles), len(kept), rejects.height


def _rejects(bundles: list[Bundle]) -> pl.DataFrame:
    return concat_rejects(bundle.rejects for bundle in bundles)


def _copy(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Copy rows so that no two of them share a part."""
    copies: list[dict[str, Any]] = json.loads(json.dumps(rows))
    return copies


def _one(frame: pl.DataFrame, column: str, value: str) -> dict[str, Any]:
    return frame.filter(pl.col(column) == value).row(0, named=True)


def _key(number: int) -> str:
    return f"multipref:{COMPARISONS[number]['comparison_id']}"


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return _tables(_bundles(tmp_path_factory.mktemp("mp"), multipref.example))


def test_an_annotation_is_a_judgment_per_aspect(example: Tables) -> None:
    key = f"{_key(0)}/normal/merry_lark"
    judgment = _one(example["judgments"], "judgment_id", f"{key}/overall")
    assert judgment["annotator_id"] == "multipref:normal/merry_lark"
    assert judgment["response_ids"] == [f"{_key(0)}/a", f"{_key(0)}/b"]
    assert judgment["chosen"] == [False, True]
    assert judgment["raw_values"] == ["B-is-slightly-better"] * 2
    assert (judgment["protocol"], judgment["strength"]) == ("pairwise", "slightly")
    assert judgment["confidence"] == "fairly-confident"
    assert judgment["seconds"] == 283.0
    assert judgment["judged_at"] == dt.datetime(2024, 5, 21, 19, 18, 25, 735159)  # noqa: DTZ001
    assert (judgment["reasons"], judgment["comment"]) == (None, None)
    helpful = _one(example["judgments"], "judgment_id", f"{key}/helpfulness")
    assert helpful["strength"] == "clearly"
    assert helpful["reasons"] == ["Is easier to follow"]
    truthful = _one(example["judgments"], "judgment_id", f"{key}/truthfulness")
    assert (truthful["outcome"], truthful["chosen"]) == ("tie", [False, False])
    assert (truthful["strength"], truthful["reasons"]) == (None, [])
    assert f"{key}/harmlessness" in example["judgments"]["judgment_id"]


@pytest.mark.parametrize("label", LABELS)
def test_the_five_labels(label: str, tmp_path: Path) -> None:
    (row,) = _copy(COMPARISONS[:1])
    row["expert_worker_annotations"][1]["overall_pref"] = label
    tables = _tables(_bundles(tmp_path, {DATA: encode_parquet([row])}))
    judgment = _one(tables["judgments"], "judgment_id", f"{_key(0)}/expert/keen_finch/overall")
    golden = {
        "A-is-clearly-better": ("chosen", [True, False], "clearly"),
        "A-is-slightly-better": ("chosen", [True, False], "slightly"),
        "Tie": ("tie", [False, False], None),
        "B-is-slightly-better": ("chosen", [False, True], "slightly"),
        "B-is-clearly-better": ("chosen", [False, True], "clearly"),
    }
    assert tuple(judgment[name] for name in ("outcome", "chosen", "strength")) == golden[label]


def test_an_evaluator_is_an_annotator_per_pool(example: Tables) -> None:
    people = example["annotators"].filter(pl.col("kind") == "human")
    assert people.select("annotator_id", "pool").rows() == [
        ("multipref:normal/merry_lark", "normal"),
        ("multipref:normal/calm_otter", "normal"),
        ("multipref:expert/wise_heron", "expert"),
        ("multipref:expert/keen_finch", "expert"),
        ("multipref:expert/calm_otter", "expert"),
    ]


def test_an_evaluator_twice_in_a_list_is_numbered(example: Tables) -> None:
    key = f"{_key(1)}/normal/merry_lark/overall"
    ids = example["judgments"]["judgment_id"]
    assert ids.filter(ids.str.starts_with(key)).to_list() == [key, f"{key}~1"]
    assert ids.is_unique().all()


def test_what_describes_the_row_stays_with_the_prompt(example: Tables) -> None:
    prompt = _one(example["prompts"], "prompt_id", _key(1))
    assert prompt["topic"] is None
    assert (prompt["subset"], prompt["split"], prompt["license"]) == (
        "default",
        "train",
        "ODC-By-1.0",
    )
    assert json.loads(prompt["raw"]) == {
        "prompt_id": COMPARISONS[1]["prompt_id"],
        "source": "example/questions",
        "subject_study": "Geography",
        "highest_level_degree": "Bachelor's degree",
        "normal_workers": ["merry_lark", "merry_lark"],
        "expert_workers": ["calm_otter"],
        "category": "",
    }
    assert _one(example["prompts"], "prompt_id", _key(0))["topic"] == "Open QA"


def test_responses_carry_model_and_position(example: Tables) -> None:
    rows = example["responses"].filter(pl.col("prompt_id") == _key(0))
    assert rows.select("response_id", "position", "model", "text").rows() == [
        (f"{_key(0)}/a", 0, "example/small-2", "The Rhine."),
        (f"{_key(0)}/b", 1, "large-2024-04-09", "The Rhine, by about 140 km."),
    ]


def test_a_binarized_choice_joins_the_comparison_it_is_about(example: Tables) -> None:
    model = _one(example["judgments"], "judgment_id", f"{_key(0)}/gpt-4-turbo-2024-04-09/overall")
    assert model["response_ids"] == [f"{_key(0)}/a", f"{_key(0)}/b"]
    assert model["chosen"] == [False, True]
    assert not model["is_order_known"]
    assert json.loads(model["raw"])["columns"]["chosen_model"] == "large-2024-04-09"
    judges = example["annotators"].filter(pl.col("kind") != "human")
    assert judges.select("annotator_id", "kind", "model").rows() == [
        ("multipref:gpt-4-turbo-2024-04-09", "model", "gpt-4-turbo-2024-04-09"),
        ("multipref:aggregated-workers", "group", None),
    ]


def test_a_binarized_choice_of_an_unknown_comparison_stands_alone(example: Tables) -> None:
    key = f"multipref:gpt4_overall_binarized/{BINARIZED[2]['comparison_id']}"
    prompt = _one(example["prompts"], "prompt_id", key)
    assert prompt["subset"] == "gpt4_overall_binarized"
    chosen = _one(example["responses"], "response_id", f"{key}/chosen")
    assert (chosen["text"], chosen["position"]) == ("Constance.", None)
    assert chosen["model"] == "example/small-2"


def test_every_table_keeps_its_contract(example: Tables) -> None:
    for name, frame in example.items():
        schema = table_schema(name)
        assert dict(frame.schema) == polars_schema(schema)
        assert check(frame, schema).rejects.is_empty()
    for name in ("prompts", "responses"):
        hashes = hash_messages(example[name]["messages"])
        assert example[name]["content_hash"].to_list() == hashes.to_list()


def test_both_formats_of_the_comparisons_give_the_same_rows(tmp_path: Path) -> None:
    one = _tables(_bundles(tmp_path, {DATA: encode_parquet(COMPARISONS)}))
    other = _tables(_bundles(tmp_path / "lines", {LINES: encode_lines(COMPARISONS)}))
    for name in ("prompts", "responses", "judgments", "annotators"):
        assert one[name].drop("file").equals(other[name].drop("file"))


def test_the_copy_in_json_lines_is_left_out_beside_parquet(tmp_path: Path) -> None:
    other = "features/helpsteer2-features.jsonl"
    files = {LINES: b"{}", FEATURE_FILE: b"{}", PEOPLE: b"x", "README.md": b"", other: b"{}"}
    names = [raw.name for raw in multipref.select(_offer(tmp_path, files | {DATA: b"x"}))]
    assert names == [DATA, PEOPLE, FEATURE_FILE]
    names = [raw.name for raw in multipref.select(_offer(tmp_path, files))]
    assert names == [LINES, PEOPLE, FEATURE_FILE]


def test_a_file_given_alone_is_known_by_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "gpt4_overall_binarized"
    folder.mkdir()
    path = folder / "train-00000-of-00001.parquet"
    path.write_bytes(encode_parquet(BINARIZED))
    raws = multipref.select([RawFile(path, path.name)])
    tables = _tables(list(multipref.read(raws, MultiprefParams(), Context())))
    assert set(tables["annotators"]["kind"]) == {"model"}
    assert multipref.rebuild(tables)[path.name] == BINARIZED


@pytest.mark.parametrize("files", [{}, {"README.md": b""}, {FEATURE_FILE: b"{}"}])
def test_nothing_to_read_is_drift(files: dict[str, bytes], tmp_path: Path) -> None:
    with pytest.raises(SourceDriftError, match=r"MultiPref-Train\.jsonl"):
        multipref.select(_offer(tmp_path, files))


def test_what_is_unknown_is_rejected_with_its_place(tmp_path: Path) -> None:
    rows = _copy([COMPARISONS[0], *COMPARISONS, *COMPARISONS[:1]])
    rows[0]["comparison_id"] = ""
    rows[1]["normal_worker_annotations"][1]["truthful_pref"] = "A-is-better"
    rows[2]["expert_worker_annotations"][0]["evaluator"] = None
    rows[4] = rows[3]
    bundles = _bundles(tmp_path, {DATA: encode_parquet(rows)})
    rejects = _rejects(bundles).sort("row")
    assert rejects.select("row", "rule", "field").rows() == [
        (0, "missing-field", "comparison_id"),
        (1, "unknown-value", "normal_worker_annotations[1].truthful_pref"),
        (2, "missing-field", "expert_worker_annotations[0].evaluator"),
        (4, "duplicate-id", "comparison_id"),
    ]
    assert "'A-is-better'" in rejects["reason"][1]
    assert _account(bundles) == (5, 1, 4)


def test_binarized_rows_without_a_comparison_are_rejected(tmp_path: Path) -> None:
    rows = _copy([*BINARIZED, *BINARIZED[:2]])
    rows[0]["chosen"] = rows[0]["chosen"][:1]
    rows[1]["rejected"][0]["content"] = "Something else?"
    rows[2]["rejected"][1]["content"] = None
    bundles = _bundles(tmp_path, {GPT4: encode_parquet([*rows, BINARIZED[0]])})
    rejects = _rejects(bundles).sort("row")
    assert rejects.select("row", "rule").rows() == [
        (0, "too-short"),
        (1, "no-common-prompt"),
        (2, "missing-field"),
        (5, "duplicate-id"),
    ]
    assert _account(bundles) == (6, 2, 4)


def test_transcripts_that_part_early_keep_their_tails(tmp_path: Path) -> None:
    asked = {"role": "user", "content": "Hi."}
    row = {
        "chosen": [asked, {"role": "assistant", "content": "Hello."}],
        "rejected": [
            asked,
            {"role": "assistant", "content": "What?"},
            {"role": "user", "content": "Hi!"},
            {"role": "assistant", "content": "Oh."},
        ],
    }
    # Without an id the row is named by content, and its repeat is numbered.
    tables = _tables(_bundles(tmp_path, {PEOPLE: encode_parquet([row, row])}))
    first, second = tables["prompts"]["prompt_id"]
    assert second == f"{first}~1"
    assert _one(tables["responses"], "response_id", f"{first}/rejected")["text"] == "Oh."
    assert multipref.rebuild(tables)[PEOPLE] == [row, row]


def test_features_are_kept_with_the_prompt_on_request(tmp_path: Path) -> None:
    lost: list[dict[str, Any]] = [{"id": "nobody", "rouge": 1.0}, {"rouge": 1.0}, FEATURES[0]]
    files = {
        DATA: encode_parquet(COMPARISONS),
        FEATURE_FILE: encode_lines([*FEATURES, *lost]),
    }
    assert {bundle.file for bundle in _bundles(tmp_path, files)} == {DATA}
    bundles = _bundles(tmp_path, files, features=True)
    tables = _tables(bundles)
    raw = json.loads(_one(tables["prompts"], "prompt_id", _key(0))["raw"])
    assert raw["features"]["values"]["rouge"] == 0.5
    assert "response_a" not in raw["features"]["values"]
    assert multipref.rebuild(tables)[FEATURE_FILE] == FEATURES
    (account,) = [bundle for bundle in bundles if bundle.file == FEATURE_FILE]
    assert account.rows_in == 5
    assert account.rejects.sort("row").select("row", "rule").rows() == [
        (2, "unknown-comparison"),
        (3, "missing-field"),
        (4, "duplicate-id"),
    ]


def test_other_types_and_columns_of_parquet_are_taken_as_they_mean(tmp_path: Path) -> None:
    table = pq.read_table(io.BytesIO(encode_parquet(COMPARISONS)))
    notes = table.column("expert_worker_annotations").to_pylist()
    for note in (one for row in notes for one in row):
        note["timestamp"] = dt.datetime.fromisoformat(note["timestamp"])
        note["time_spent"] = float(note["time_spent"])
        note["round"] = 2
    table = table.drop_columns(["expert_worker_annotations", "subject_study"])
    table = table.append_column("expert_worker_annotations", pa.array(notes))
    table = table.append_column("seed", pa.array(range(table.num_rows)))
    sink = io.BytesIO()
    pq.write_table(table, sink)
    tables = _tables(_bundles(tmp_path, {DATA: sink.getvalue()}))
    rebuilt = multipref.rebuild(tables)[DATA]
    assert [row["seed"] for row in rebuilt] == [0, 1, 2]
    assert rebuilt[0]["expert_worker_annotations"][0]["round"] == 2
    judgment = _one(tables["judgments"], "judgment_id", f"{_key(0)}/expert/keen_finch/overall")
    assert judgment["judged_at"] == dt.datetime(2024, 5, 21, 19, 18, 25)  # noqa: DTZ001
    assert judgment["seconds"] == 402.0


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("text", [1, 2, 3]),
        ("normal_worker_annotations", ["a", "b", "c"]),
        ("normal_worker_annotations", [[{"evaluator": "a", "overall_pref": 1}]] * 3),
        ("blob", [b"\xff"] * 3),
    ],
)
def test_a_column_of_another_type_is_drift(column: str, values: list[Any], tmp_path: Path) -> None:
    rows = [row | {column: value} for row, value in zip(COMPARISONS, values, strict=True)]
    with pytest.raises(SourceDriftError, match=column if column != "blob" else "bytes"):
        _bundles(tmp_path, {DATA: encode_parquet(rows)})


def test_transcripts_of_another_type_are_drift(tmp_path: Path) -> None:
    rows = [{"chosen": "yes", "rejected": "no"}]
    with pytest.raises(SourceDriftError, match="chosen"):
        _bundles(tmp_path, {GPT4: encode_parquet(rows)})


def test_the_statistics_of_the_card_are_numbers(example: Tables) -> None:
    statistics = card("multipref").expected.statistics
    with duckdb.connect() as connection:
        for table, frame in example.items():
            connection.register(table, frame.to_arrow())
        found = {item.name: connection.sql(item.sql).fetchall() for item in statistics}
    assert {name: value for name, [(value,)] in found.items()} == {
        "comparisons": 3,
        "annotations": 8,
        "distinct_prompts": 2,
        "comparisons_judged_by_each_pool_twice": 1,
    }


# --- the way back ---------------------------------------------------------------------------------

_TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
_PREFS = st.none() | st.sampled_from(list(LABELS))
_REASONS = st.none() | st.lists(st.none() | _TEXTS, max_size=2)
_TIMES = (
    st.none()
    | st.just("")
    | _TEXTS
    | st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2100, 1, 1)).map(str)  # noqa: DTZ001
)
_ANNOTATIONS = st.fixed_dictionaries(
    {
        "evaluator": st.sampled_from(["ada", "bea", "c/d", "Ü"]),
        "time_spent": st.none() | st.integers(-2, 10**6),
        "timestamp": _TIMES,
        "overall_pref": _PREFS,
        "overall_confidence": st.none() | _TEXTS,
        **{
            f"{word}_{part}": values
            for word in ("helpful", "truthful", "harmless")
            for part, values in {
                "pref": _PREFS,
                "confidence": st.none() | _TEXTS,
                "checked_reasons": _REASONS,
                "own_reason": st.none() | _TEXTS,
            }.items()
        },
    }
)
_LISTS = st.none() | st.lists(_ANNOTATIONS, max_size=3)
_ROWS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "comparison_id": st.uuids().map(lambda key: key.hex),
        "text": _TEXTS,
        "completion_a": _TEXTS,
        "completion_b": _TEXTS,
        **dict.fromkeys(
            ("prompt_id", "model_a", "model_b", "source", "category", "subject_study"),
            st.none() | _TEXTS,
        ),
        "highest_level_degree": st.none() | _TEXTS,
        "normal_worker_annotations": _LISTS,
        "expert_worker_annotations": _LISTS,
    }
)


@given(rows=st.lists(_ROWS, min_size=1, max_size=4, unique_by=lambda row: row["comparison_id"]))
def test_any_comparison_comes_back(
    rows: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("any")
    for name, encode in ((LINES, encode_lines), (DATA, encode_parquet)):
        bundles = _bundles(folder / name.split(".")[-1], {name: encode(rows)})
        assert _account(bundles) == (len(rows), len(rows), 0)
        assert multipref.rebuild(_tables(bundles))[name] == rows


def test_the_example_comes_back(example: Tables) -> None:
    assert multipref.rebuild(example) == {
        DATA: COMPARISONS,
        GPT4: BINARIZED,
        PEOPLE: BINARIZED[:2],
    }


_JUNK: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), _TEXTS, st.just([]), st.just({})
)


@given(st.data())
def test_changed_rows_are_kept_or_rejected_and_never_lost(data: st.DataObject) -> None:
    rows = _copy(COMPARISONS)
    for _ in range(data.draw(st.integers(1, 3))):
        row: dict[str, Any] = data.draw(st.sampled_from(rows))
        places = [row]
        for notes in (row.get("normal_worker_annotations"), row.get("expert_worker_annotations")):
            places += [note for note in notes or [] if isinstance(note, dict)]
        place = data.draw(st.sampled_from(places))
        key = data.draw(st.sampled_from(sorted(place)))
        match data.draw(st.integers(0, 2)):
            case 0:
                place[key] = data.draw(_JUNK)
            case 1:
                place[f"{key}_x"] = place.pop(key)
            case _:
                del place[key]
        if not row:
            rows.remove(row)
    _survives(LINES, encode_lines(rows))


@given(
    name=st.sampled_from([DATA, GPT4, LINES]),
    edits=st.lists(st.tuples(st.integers(0, 10**6), st.binary(max_size=3)), max_size=3),
)
def test_damaged_bytes_are_an_error_or_an_account(
    name: str, edits: list[tuple[int, bytes]]
) -> None:
    content = (dict(multipref.example) | {LINES: encode_lines(COMPARISONS)})[name]
    for at, put in edits:
        spot = at % len(content)
        content = content[:spot] + put + content[spot + len(put) :]
    _survives(name, content)


def _survives(name: str, content: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        try:
            bundles = _bundles(Path(folder), {name: content})
        except PrefdataError:
            return
        rows_in, kept, rejected = _account(bundles)
        assert rows_in == kept + rejected


# --- a real row -----------------------------------------------------------------------------------

_REAL = Path(__file__).parents[4] / "shared/data/multipref/card_instance_PARTIAL.json"


@pytest.mark.skipif(not _REAL.is_file(), reason="no real row here")
def test_the_instance_of_the_card_is_read(tmp_path: Path) -> None:
    row = json.loads(_REAL.read_text(encoding="utf-8"))
    fragment = row.pop("_annotation_fragment_from_same_card")
    row["expert_worker_annotations"] = [fragment]
    tables = _tables(_bundles(tmp_path, {LINES: encode_lines([row])}))
    assert tables["responses"]["model"].to_list() == ["allenai/tulu-2-70b", row["model_b"]]
    overall = tables["judgments"].filter(pl.col("aspect") == "overall").row(0, named=True)
    assert overall["annotator_id"] == "multipref:expert/jovial_shirley"
    assert (overall["outcome"], overall["seconds"]) == ("tie", 283.0)
    (rebuilt,) = multipref.rebuild(tables)[LINES]
    assert {name: rebuilt[name] for name in row if name != "expert_worker_annotations"} == {
        name: row[name] for name in row if name != "expert_worker_annotations"
    }
