from __future__ import annotations

import hashlib
import json
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefdata.core.errors import PrefdataError, SourceDriftError
from prefdata.protocols import Context, NoParams, RawFile
from prefdata.schema import polars_schema, table_schema
from prefdata.schema.checks import check, check_keys
from prefdata.sources._prism.shapes import ATTRIBUTES, SURVEY
from prefdata.sources.prism import prism

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__: list[str] = []

Rows = dict[str, list[dict[str, Any]]]
EXAMPLE: Rows = {
    name: [json.loads(line) for line in content.splitlines()]
    for name, content in prism.example.items()
}
OWN_ROWS = ("survey.jsonl", "conversations.jsonl", "utterances.jsonl")


@dataclass(frozen=True)
class Outcome:
    tables: dict[str, pl.DataFrame]
    rejects: pl.DataFrame
    rows_in: dict[str, int]

    def row(self, table: str, key: str) -> dict[str, Any]:
        column = table_schema(table).primary_key[0]
        return self.tables[table].row(by_predicate=pl.col(column) == key, named=True)

    def raw(self, table: str, key: str) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.row(table, key)["raw"])
        return parsed

    def flagged(self, flag: str) -> list[tuple[str, str]]:
        found = self.tables["flags"].filter(pl.col("flag") == flag)
        return sorted(zip(found["subject"], found["id"], strict=True))

    def rejected(self) -> list[tuple[str, int, str, str]]:
        return self.rejects.select("file", "row", "rule", "field").rows()


def example() -> Rows:
    copied: Rows = json.loads(json.dumps(EXAMPLE))
    return copied


def encoded(rows: list[dict[str, Any]]) -> bytes:
    return "".join(f"{json.dumps(row)}\n" for row in rows).encode()


def ingest(files: Mapping[str, bytes]) -> Outcome:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, content in files.items():
            (folder / file).write_bytes(content)
        offered = [RawFile(folder / file, file, revision="r1") for file in files]
        bundles = list(prism.read(prism.select(offered), NoParams(), Context()))
    tables = {
        table: pl.concat(bundle.tables[table] for bundle in bundles if table in bundle.tables)
        for table in dict.fromkeys(table for bundle in bundles for table in bundle.tables)
    }
    tables.setdefault("flags", pl.DataFrame(schema=polars_schema(table_schema("flags"))))
    return Outcome(
        tables=tables,
        rejects=pl.concat(bundle.rejects for bundle in bundles),
        rows_in={bundle.file: bundle.rows_in for bundle in bundles},
    )


def ingested(rows: Rows) -> Outcome:
    return ingest({file: encoded(some) for file, some in rows.items()})


def canonical(value: Any, *, is_nested: bool = False) -> Any:
    """Make equal what is equal: NaN with NaN; inside objects, null with absent."""
    if isinstance(value, dict):
        return {
            key: canonical(item, is_nested=True)
            for key, item in value.items()
            if item is not None or not is_nested
        }
    if isinstance(value, list):
        return [canonical(item, is_nested=True) for item in value]
    return "not a number" if isinstance(value, float) and value != value else value  # noqa: PLR0124


def assert_rebuilt(outcome: Outcome, rows: Mapping[str, list[Any]]) -> None:
    """Hold the rebuilt rows against the raw rows that were not rejected."""
    back = prism.rebuild(outcome.tables)
    lost = {(file, row) for file, row, _, _ in outcome.rejected()}
    for file, some in rows.items():
        kept = [row for spot, row in enumerate(some) if (file, spot) not in lost]
        assert canonical(back.get(file, [])) == canonical(kept), file


def assert_accounted(outcome: Outcome) -> None:
    kept: Counter[str] = Counter()
    for table, frame in outcome.tables.items():
        if table == "flags":
            continue
        own = frame if table not in {"judgments", "prompts"} else frame.clear()
        kept.update(own["file"].to_list())
        places = set(frame.select("file", "row").rows())
        assert not places & set(outcome.rejects.select("file", "row").rows())
    back = prism.rebuild(outcome.tables)
    kept.update({file: len(back.get(file, [])) for file in outcome.rows_in if file not in OWN_ROWS})
    lost = Counter(outcome.rejects["file"].to_list())
    assert {file: kept[file] + lost[file] for file in outcome.rows_in} == outcome.rows_in
    assert outcome.rejects.select("file", "row").is_unique().all()


def assert_kept_contracts(outcome: Outcome) -> None:
    for table, frame in outcome.tables.items():
        schema = table_schema(table)
        assert check(frame, schema).rejects.is_empty(), table
        assert check_keys(frame, schema).rejects.is_empty(), table
        for column, target in schema.references.items():
            other, key = target.split(".")
            found = frame[column].explode() if frame[column].dtype == pl.List else frame[column]
            assert found.drop_nulls().is_in(outcome.tables[other][key].implode()).all()


# --- the example ----------------------------------------


def test_the_example_is_kept_whole_and_rebuilt_exactly() -> None:
    outcome = ingest(prism.example)
    assert outcome.rejects.is_empty()
    assert outcome.rows_in == {file: len(rows) for file, rows in EXAMPLE.items()}
    assert_accounted(outcome)
    assert_kept_contracts(outcome)
    assert_rebuilt(outcome, EXAMPLE)
    # Not even the convention on nulls inside objects is needed for rows of the published shape.
    assert repr(
        prism.rebuild(outcome.tables)["conversations.jsonl"][0]["conversation_history"]
    ) == (repr(EXAMPLE["conversations.jsonl"][0]["conversation_history"]))


# --- files ----------------------------------------


def offered(*names: str) -> list[RawFile]:
    return [RawFile(Path(name), name) for name in names]


def test_files_are_chosen_in_the_order_they_build_on_each_other() -> None:
    names = (
        "README.md",
        "d/utterances.jsonl.gz",
        ".gitattributes",
        "survey.jsonl",
        "metadata.jsonl",
    )
    chosen = prism.select(offered(*names, "conversations.json"))
    assert [raw.name for raw in chosen] == [
        "survey.jsonl",
        "conversations.json",
        "d/utterances.jsonl.gz",
        "metadata.jsonl",
    ]


def test_a_missing_file_is_named() -> None:
    with pytest.raises(
        SourceDriftError, match=r"conversations\.jsonl, utterances\.jsonl"
    ) as caught:
        prism.select(offered("survey.jsonl", "notes.txt"))
    assert "metadata.jsonl and models.jsonl are optional" in caught.value.what
    with pytest.raises(SourceDriftError, match="Given: nothing"):
        prism.select([])


def test_two_files_of_one_kind_are_refused() -> None:
    names = ("survey.jsonl", "old/survey.jsonl", "conversations.jsonl", "utterances.jsonl")
    with pytest.raises(SourceDriftError, match="Several files are the survey"):
        prism.select(offered(*names))


def test_the_optional_files_may_be_missing() -> None:
    rows = {file: EXAMPLE[file] for file in OWN_ROWS}
    outcome = ingested(rows)
    assert outcome.rejects.is_empty()
    assert outcome.row("prompts", "prism:int0")["raw"] is None
    assert outcome.tables["responses"]["system"].null_count() == len(rows["utterances.jsonl"])
    assert_rebuilt(outcome, rows)


# --- quirks ----------------------------------------


def reorder(rows: Rows) -> None:
    for some in rows.values():
        some[:] = [dict(reversed(row.items())) for row in some]


def number_as_float(rows: Rows) -> None:
    for row in rows["utterances.jsonl"]:
        row |= {"score": float(row["score"]), "turn": float(row["turn"])}


def forget_flags(rows: Rows) -> None:
    for name in ("included_in_US_REP", "included_in_UK_REP", "included_in_balanced_subset"):
        for row in rows["survey.jsonl"]:
            del row[name]
    for row in rows["utterances.jsonl"][1:3]:
        del row["included_in_balanced_subset"]
    rows["utterances.jsonl"][3]["included_in_balanced_subset"] = None
    del rows["metadata.jsonl"][0]["pii_manual_flag"]


def add_fields(rows: Rows) -> None:
    for some in rows.values():
        some[-1] |= {"new": {"a": [1, None, float("nan")]}, "absent": ["x"], "not_json": 1}
    rows["survey.jsonl"][0]["religion"]["gpt4_categorised"] = "Non-religious"
    rows["conversations.jsonl"][0]["conversation_history"][1]["new"] = "b"
    rows["conversations.jsonl"][0]["choice_attributes"]["new"] = 5


def spell_missing(rows: Rows) -> None:
    nan = float("nan")
    rows["survey.jsonl"][0]["lm_usecases"]["research"] = nan
    rows["survey.jsonl"][1]["timing_duration_s"] = float("inf")
    rows["conversations.jsonl"][0]["performance_attributes"]["values"] = nan
    rows["metadata.jsonl"][0]["moderation_flag"]["category_scores"]["hate"] = nan
    rows["metadata.jsonl"][1]["moderation_flag"] = None
    rows["metadata.jsonl"][2]["pii_manual_flag"] = None


def null_objects(rows: Rows) -> None:
    gone = dict.fromkeys(("performance_attributes", "conversation_history", "open_feedback"))
    for row in rows["conversations.jsonl"]:
        row.update(gone)
    rows["survey.jsonl"][0] |= dict.fromkeys(("stated_prefs", "location", "lm_usecases", "age"))


def write_time_otherwise(rows: Rows) -> None:
    rows["conversations.jsonl"][0]["generated_datetime"] = "2023-11-22T15:55:46"
    rows["conversations.jsonl"][1]["generated_datetime"] = "2023-11-22 15:55:46.5"


def shuffle(rows: Rows) -> None:
    for some in rows.values():
        some.sort(key=lambda row: hashlib.sha256(repr(row).encode()).digest())


def contradict_ids(rows: Rows) -> None:
    rows["metadata.jsonl"][0] |= {"user_id": "user1", "interaction_id": None}


@pytest.mark.parametrize(
    "change",
    [
        reorder,
        number_as_float,
        forget_flags,
        add_fields,
        spell_missing,
        null_objects,
        write_time_otherwise,
        shuffle,
        contradict_ids,
    ],
)
def test_rows_of_another_revision_are_kept_and_rebuilt(change: Callable[[Rows], None]) -> None:
    rows = example()
    change(rows)
    outcome = ingested(rows)
    assert outcome.rejected() == []
    assert_kept_contracts(outcome)
    assert_accounted(outcome)
    assert_rebuilt(outcome, rows)


def test_a_field_that_is_absent_is_not_a_null() -> None:
    rows = example()
    forget_flags(rows)
    back = prism.rebuild(ingested(rows).tables)["utterances.jsonl"]
    assert "included_in_balanced_subset" not in back[1]
    assert back[3]["included_in_balanced_subset"] is None
    assert back[4]["included_in_balanced_subset"] is False


def test_ids_do_not_depend_on_the_order_of_rows() -> None:
    rows = example()
    shuffle(rows)
    tables, others = ingested(rows).tables, ingest(prism.example).tables
    for table in ("annotators", "conversations", "prompts", "judgments", "responses"):
        key = table_schema(table).primary_key[0]
        columns = ("file", "row", "raw", "chosen", "scores", "raw_values", "response_ids")
        given = tables[table].drop(columns, strict=False).sort(key)
        assert given.equals(others[table].drop(columns, strict=False).sort(key)), table


def set_field(file: str, row: int, **said: Any) -> Callable[[Rows], None]:
    def change(rows: Rows) -> None:
        rows[file][row] |= said

    return change


def repeat(file: str, row: int) -> Callable[[Rows], None]:
    def change(rows: Rows) -> None:
        rows[file].append(dict(rows[file][row]))

    return change


U, C, S, M = "utterances.jsonl", "conversations.jsonl", "survey.jsonl", "metadata.jsonl"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (repeat(S, 0), (S, 3, "duplicate-id", "user_id")),
        (repeat(C, 0), (C, 2, "duplicate-id", "conversation_id")),
        (repeat(U, 0), (U, 7, "duplicate-id", "utterance_id")),
        (repeat(M, 0), (M, 18, "duplicate-id", "column_id")),
        (repeat("models.jsonl", 0), ("models.jsonl", 2, "duplicate-id", "long_name")),
        (set_field(C, 1, user_id="user9"), (C, 1, "broken-reference", "user_id")),
        (set_field(U, 0, conversation_id="c9"), (U, 0, "broken-reference", "conversation_id")),
        (set_field(U, 0, user_id="user1"), (U, 0, "broken-reference", "user_id")),
        (set_field(U, 0, score=0), (U, 0, "out-of-range", "score")),
        (set_field(U, 0, score=101), (U, 0, "out-of-range", "score")),
        (set_field(U, 0, within_turn_id=-1), (U, 0, "out-of-range", "within_turn_id")),
        (set_field(U, 0, turn=2**40), (U, 0, "out-of-range", "turn")),
        (set_field(U, 0, score="17"), (U, 0, "wrong-type", "score")),
        (set_field(U, 0, if_chosen=None), (U, 0, "missing-field", "if_chosen")),
        (set_field(U, 1, user_prompt="?"), (U, 1, "inconsistent-interaction", "user_prompt")),
        (set_field(U, 3, turn=0), (U, 3, "inconsistent-interaction", "turn")),
        (set_field(U, 1, interaction_id="int9"), (U, 1, "duplicate-turn", "turn")),
        (set_field(C, 0, timing_duration_s=-1), (C, 0, "out-of-range", "timing_duration_s")),
        (set_field(M, 0, utterance_id="ut9"), (M, 0, "broken-reference", "column_id")),
        (set_field(M, 0, utterance_id=None), (M, 0, "missing-field", "column_id")),
        (set_field(M, 0, column_id="essay"), (M, 0, "unknown-value", "column_id")),
        (
            set_field("models.jsonl", 0, long_name="gpt-9"),
            ("models.jsonl", 0, "broken-reference", "long_name"),
        ),
    ],
)
def test_a_bad_row_is_rejected_by_name(
    change: Callable[[Rows], None], expected: tuple[str, int, str, str]
) -> None:
    rows = example()
    change(rows)
    outcome = ingested(rows)
    assert outcome.rejected()[0] == expected
    assert outcome.rejects["raw"].null_count() == 0
    assert_kept_contracts(outcome)
    assert_accounted(outcome)
    assert_rebuilt(outcome, rows)


def test_what_points_to_a_rejected_row_is_rejected_with_it() -> None:
    rows = example()
    rows["survey.jsonl"][1]["age"] = 7
    outcome = ingested(rows)
    assert Counter(file for file, *_ in outcome.rejected()) == {S: 1, C: 1, U: 3, M: 7}
    assert_accounted(outcome)
    assert_rebuilt(outcome, rows)


# --- properties ----------------------------------------

TEXTS = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    ["EMPTY STRING", "Prefer not to say", '"turn":', "NaN", "\u2028\x00\\", ""]
)
SLIDERS = st.integers(1, 100)


@st.composite
def worlds(draw: st.DrawFn) -> Rows:
    """Draw rows of the published shape: interleaved turns, several chosen, missing numbers."""
    template = example()
    rows: Rows = {S: [], C: [], U: [], M: []}
    n_people = draw(st.integers(1, 3))
    for number in range(n_people):
        person = dict(template["survey.jsonl"][draw(st.integers(0, 2))])
        person |= {"user_id": f"user{number}", "age": draw(TEXTS), "self_description": draw(TEXTS)}
        person["timing_duration_s"] = draw(st.sampled_from([3, 2.5, None, float("nan")]))
        rows[S].append(person)
    for number in range(draw(st.integers(1, 3))):
        owner = f"user{draw(st.integers(0, n_people - 1))}"
        rows[C].append(_conversation(draw, template, rows, number, owner))
    rows[U] = draw(st.permutations(rows[U]))
    for row in rows[U]:
        if draw(st.booleans()):
            found = json.loads(json.dumps(template["metadata.jsonl"][draw(st.integers(0, 9))]))
            ids = ("user_id", "conversation_id", "interaction_id", "utterance_id")
            found |= {name: row[name] for name in ids} | {"column_id": "model_response"}
            found["pii_manual_flag"] = draw(st.sampled_from([0.0, None, float("nan")]))
            rows[M].append(found)
    if not rows[M]:
        del rows[M]
    return rows


def _conversation(
    draw: st.DrawFn, template: Rows, rows: Rows, number: int, owner: str
) -> dict[str, Any]:
    history: list[dict[str, Any]] = []
    for turn in range(draw(st.integers(1, 3))):
        asked = draw(TEXTS)
        history.append({"turn": turn, "role": "user", "content": asked})
        n_responses = draw(st.integers(1, 4))
        chosen = draw(st.lists(st.booleans(), min_size=n_responses, max_size=n_responses))
        for within in range(n_responses):
            said = {
                "model_provider": "cohere",
                "model_name": draw(st.sampled_from(["command", "gpt-4"])),
                "score": draw(SLIDERS),
                "if_chosen": chosen[within],
                "within_turn_id": within,
            }
            answer = draw(TEXTS)
            history.append({"turn": turn, "role": "model", "content": answer, **said})
            rows[U].append(
                {
                    "utterance_id": f"ut{len(rows[U])}",
                    "interaction_id": f"int{number}-{turn}",
                    "conversation_id": f"c{number}",
                    "user_id": owner,
                    "turn": turn,
                    "included_in_balanced_subset": draw(st.booleans()),
                    "conversation_type": "unguided",
                    "user_prompt": asked,
                    "model_response": answer,
                    **said,
                }
            )
    scores = st.none() | SLIDERS
    return dict(template["conversations.jsonl"][0]) | {
        "conversation_id": f"c{number}",
        "user_id": owner,
        "opening_prompt": draw(TEXTS),
        "open_feedback": draw(TEXTS),
        "conversation_history": history,
        "performance_attributes": {name: draw(scores) for name in ATTRIBUTES},
    }


@given(worlds())
@settings(max_examples=25)
def test_nothing_of_a_world_is_lost(rows: Rows) -> None:
    outcome = ingested(rows)
    assert outcome.rejected() == []
    assert_kept_contracts(outcome)
    assert_accounted(outcome)
    assert_rebuilt(outcome, rows)
    asked = outcome.tables["prompts"]
    assert asked["messages"].list.last().struct.field("content").to_list() == [
        next(row["user_prompt"] for row in rows[U] if f"prism:{row['interaction_id']}" == key)
        for key in asked["prompt_id"]
    ]


ODD = st.sampled_from(
    [None, True, 0, -1, 1, 2**31, 2**63, 1.5, float("nan"), float("inf"), "", "17", "\ud800"]
) | st.sampled_from(
    ["c0", "user1", "int0", "ut0", "Prefer not to say", [], [None], {}, {"turn": 1}, [{"turn": 0}]]
)
KEYS = st.sampled_from([*SURVEY.names[:3], "turn", "score", "not_json", "absent", "\ud800", "é"])


MUTATION = st.tuples(
    st.sampled_from(sorted(EXAMPLE)),
    st.integers(0, 20),
    st.sampled_from(["set", "set", "drop", "add", "nest", "repeat", "last"]),
    st.integers(0, 40),
    KEYS,
    ODD,
)


def mutate(some: list[dict[str, Any]], row: int, how: str, field: int, key: str, odd: Any) -> None:
    spot = row % len(some)
    changed = some[spot]
    known = list(changed)[field % len(changed)] if changed else key
    objects = [value for value in changed.values() if isinstance(value, dict) and value]
    match how:
        case "set":
            changed[known] = odd
        case "drop":
            changed.pop(known, None)
        case "add":
            changed[key] = odd
        case "nest" if objects:
            inner = objects[field % len(objects)]
            inner[list(inner)[field % len(inner)]] = odd
        case "repeat":
            some.insert(field % (len(some) + 1), dict(changed))
        case _:
            some.append(some.pop(spot))


@given(st.lists(MUTATION, min_size=1, max_size=6))
@settings(max_examples=20)
def test_every_mutated_row_is_kept_or_rejected(mutations: list[tuple[Any, ...]]) -> None:
    rows = example()
    for file, *mutation in mutations:
        mutate(rows[file], *mutation)
    try:
        outcome = ingested(rows)
    except PrefdataError:
        return
    assert_accounted(outcome)
    assert_kept_contracts(outcome)
    assert_rebuilt(outcome, rows)


@given(st.data())
@settings(max_examples=30)
def test_broken_bytes_break_nothing_else(data: st.DataObject) -> None:
    files = dict(prism.example)
    file = data.draw(st.sampled_from(sorted(files)))
    content = bytearray(files[file])
    for _ in range(data.draw(st.integers(1, 3))):
        spot = data.draw(st.integers(0, len(content) - 1))
        content[spot : spot + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    files[file] = bytes(content)
    try:
        outcome = ingest(files)
    except PrefdataError:
        return
    assert_accounted(outcome)
