"""Community Alignment: both releases, every quirk, and the cells back as they were."""

from __future__ import annotations

import functools
import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.core.errors import PrefdataError, SourceDriftError
from prefdata.fetch.cards import card
from prefdata.protocols import Context, NoParams, RawFile
from prefdata.schema import polars_schema, table_schema
from prefdata.schema.checks import check
from prefdata.sources._community_alignment.example import encode_csv
from prefdata.sources._community_alignment.shape import (
    ANNOTATOR_CELLS,
    COMMON,
    LETTERS,
    TURNS,
    turn_cells,
)
from prefdata.sources.community_alignment import community_alignment
from prefdata.tables.bundle import concat_rejects
from prefdata.tables.identity import hash_messages

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

    from prefdata.tables.bundle import Bundle

__all__: list[str] = []

V11 = "community_alignment.csv"
FULL = "data/full_community_alignment.csv"
FILTERED = "data/filtered_community_alignment.csv"
EXAMPLE = community_alignment.example

Row = dict[str, str | None]


def _offer(folder: Path, files: Mapping[str, bytes]) -> list[RawFile]:
    raws = []
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        raws.append(RawFile(path, name, revision="97343c7"))
    return raws


def _bundles(folder: Path, files: Mapping[str, bytes]) -> list[Bundle]:
    chosen = community_alignment.select(_offer(folder, files))
    return list(community_alignment.read(chosen, NoParams(), Context()))


def _tables(bundles: list[Bundle]) -> dict[str, pl.DataFrame]:
    names = dict.fromkeys(name for bundle in bundles for name in bundle.tables)
    return {
        name: pl.concat([b.tables[name] for b in bundles if name in b.tables]) for name in names
    }


def _account(bundles: list[Bundle]) -> tuple[int, int, int]:
    """Return rows in, raw rows behind canonical rows, and rejects."""
    kept = {
        place
        for bundle in bundles
        for name, table in bundle.tables.items()
        if name != "flags"
        for place in table.select("file", "row").iter_rows()
    }
    rejects = concat_rejects(bundle.rejects for bundle in bundles)
    assert not kept & set(rejects.select("file", "row").iter_rows())
    return sum(bundle.rows_in for bundle in bundles), len(kept), rejects.height


def _flags(tables: Mapping[str, pl.DataFrame], flag: str) -> list[str]:
    return tables["flags"].filter(pl.col("flag") == flag)["id"].sort().to_list()


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pl.DataFrame]:
    return _tables(_bundles(tmp_path_factory.mktemp("ca"), {V11: EXAMPLE[V11]}))


def _key(rest: str) -> str:
    return f"community-alignment:90071992547{rest}"


def _one(frame: pl.DataFrame, column: str, value: str) -> dict[str, Any]:
    return frame.filter(pl.col(column) == value).row(0, named=True)


def test_a_choice_is_a_judgment_of_four_responses_in_the_order_shown(
    example: dict[str, pl.DataFrame],
) -> None:
    judgment = _one(example["judgments"], "judgment_id", _key("40993/0/9001/overall"))
    assert judgment["response_ids"] == [_key(f"40993/0/{letter}") for letter in "abcd"]
    assert judgment["chosen"] == [False, True, False, False]
    assert judgment["raw_values"] == ["response_b"] * 4
    assert judgment["annotator_id"] == "community-alignment:9001"
    assert judgment["is_order_known"]
    assert (judgment["protocol"], judgment["outcome"]) == ("best_of_k", "chosen")
    assert judgment["comment"] == "Clear, and short."
    response = _one(example["responses"], "response_id", _key("40993/0/b"))
    assert response["text"] == 'Go strong, "black",\nno milk.'
    assert response["position"] == 1


def test_a_later_turn_answers_the_history_of_preferred_responses(
    example: dict[str, pl.DataFrame],
) -> None:
    prompt = _one(example["prompts"], "prompt_id", _key("40993/1"))
    assert prompt["messages"] == [
        {"role": "user", "content": "How should I serve tea?"},
        {"role": "assistant", "content": 'Go strong, "black",\nno milk.'},
        {"role": "user", "content": "And cake?"},
    ]
    assert prompt["conversation_id"] == _key("40993")
    assert (prompt["turn"], prompt["language"], prompt["license"]) == (1, "en", "CC-BY-4.0")


def test_a_gap_leaves_a_flag_and_what_is_known_of_the_history(
    example: dict[str, pl.DataFrame],
) -> None:
    prompt = _one(example["prompts"], "prompt_id", _key("40995/3"))
    assert [m["role"] for m in prompt["messages"]] == ["user", "assistant", "user", "user"]
    assert _flags(example, "broken-history") == [
        _key("40995/2"),
        _key("40995/3"),
        _key("41001/1"),
    ]
    conversation = _one(example["conversations"], "conversation_id", _key("40995"))
    assert conversation["n_turns"] == 3


def test_no_answer_is_not_given_and_chooses_nobody(example: dict[str, pl.DataFrame]) -> None:
    judgment = _one(example["judgments"], "judgment_id", _key("40995/2/9002/overall"))
    assert judgment["outcome"] == "not_given"
    assert judgment["chosen"] is None
    assert judgment["comment"] == ""


def test_missing_candidates_are_skipped_and_keep_the_positions_of_the_others(
    example: dict[str, pl.DataFrame],
) -> None:
    judgment = _one(example["judgments"], "judgment_id", _key("40995/3/9002/overall"))
    assert judgment["response_ids"] == [_key(f"40995/3/{letter}") for letter in "abd"]
    assert judgment["chosen"] == [False, False, True]
    assert _one(example["responses"], "response_id", _key("40995/3/d"))["position"] == 3


def test_a_choice_of_nothing_is_kept_and_flagged(example: dict[str, pl.DataFrame]) -> None:
    judgment = _one(example["judgments"], "judgment_id", _key("40997/1/9001/overall"))
    assert judgment["outcome"] == "not_given"
    assert judgment["raw_values"] == ["response_d"] * 3
    assert _flags(example, "dangling-choice") == [
        _key("40997/1/9001/overall"),
        _key("40999/0"),  # no candidate at all, so there is no judgment to flag
    ]


def test_repeated_words_and_template_debris_are_flagged(example: dict[str, pl.DataFrame]) -> None:
    assert _flags(example, "duplicate-response") == [_key("40997/0/a"), _key("40997/0/b")]
    assert _flags(example, "template-debris") == [_key("40997/0/c")]
    text = _one(example["responses"], "response_id", _key("40997/0/c"))["text"]
    assert text == "Shower.<|end_of_text|>"
    assert _one(example["responses"], "response_id", _key("40997/0/d"))["text"] == ""


def test_a_turn_without_prompt_stays_in_raw(example: dict[str, pl.DataFrame]) -> None:
    assert _flags(example, "turn-without-prompt") == [_key("41001")]
    raw = _one(example["conversations"], "conversation_id", _key("41001"))["raw"]
    assert '"first_turn_preferred_response":"response_b"' in raw
    assert '"is_pregenerated_first_prompt":"True"' in raw
    assert '"wave":"1"' in raw


def test_an_annotator_is_one_row_with_all_languages_and_the_first_demographics(
    example: dict[str, pl.DataFrame],
) -> None:
    annotators = example["annotators"]
    assert annotators["annotator_id"].to_list() == [
        "community-alignment:9001",
        "community-alignment:9002",
    ]
    ada, bea = annotators.to_dicts()
    assert ada["languages"] == ["en", "it"]
    assert (ada["age_band"], ada["country"]) == ("18-34", "united states")
    assert ada["politics"] == "Middle-of-the-road, centrist"
    assert bea["gender"] is None
    assert bea["missing"] == [
        {"field": "gender", "reason": "declined"},
        {"field": "politics", "reason": "declined"},
    ]
    assert _flags(example, "inconsistent-annotator") == ["community-alignment:9001"]
    reason = _one(example["flags"], "flag", "inconsistent-annotator")["reason"]
    assert "annotator_age, annotator_country" in reason


def test_digests_are_those_of_the_messages(example: dict[str, pl.DataFrame]) -> None:
    for table in ("prompts", "responses"):
        frame = example[table]
        assert frame["content_hash"].to_list() == hash_messages(frame["messages"]).to_list()


def test_every_table_keeps_its_contract(example: dict[str, pl.DataFrame]) -> None:
    for name, frame in example.items():
        schema = table_schema(name)
        assert dict(frame.schema) == polars_schema(schema)
        assert check(frame, schema).rejects.is_empty()


def test_ids_beyond_the_doubles_stay_apart(example: dict[str, pl.DataFrame]) -> None:
    assert _key("40993") in example["conversations"]["conversation_id"]
    assert int("9007199254740993") != int(float("9007199254740993"))


def test_releases_are_told_apart_and_a_second_copy_is_a_duplicate(tmp_path: Path) -> None:
    bundles = _bundles(tmp_path, EXAMPLE)
    assert [bundle.file for bundle in bundles] == [V11, FULL, FILTERED, FILTERED]
    places = _tables(bundles)["conversations"].select("file", "subset", "split").unique().rows()
    assert sorted(places) == [(V11, "v1.1", "train"), (FULL, "v1.0", "full")]
    rejects = concat_rejects(bundle.rejects for bundle in bundles)
    assert rejects.select("file", "rule", "field").rows() == [
        (FILTERED, "duplicate-id", "conversation_id")
    ]
    rows_in, kept, rejected = _account(bundles)
    assert rows_in == kept + rejected


def test_an_unknown_choice_and_an_empty_id_are_rejected_with_their_value(tmp_path: Path) -> None:
    rows = [_row("1", "7"), _row("2", "7"), _row("", "7"), _row("3", None)]
    rows[1]["second_turn_preferred_response"] = "response_e"
    bundles = _bundles(tmp_path, {V11: encode_csv([*rows, _row("4", "7")])})
    rejects = concat_rejects(bundle.rejects for bundle in bundles).sort("row")
    assert rejects.select("row", "rule", "field").rows() == [
        (1, "unknown-value", "second_turn_preferred_response"),
        (2, "missing-field", "conversation_id"),
        (3, "missing-field", "annotator_id"),
    ]
    assert "'response_e'" in rejects["reason"][0]
    assert _account(bundles) == (5, 2, 3)


def test_a_file_alone_may_have_any_name(tmp_path: Path) -> None:
    (raw,) = _offer(tmp_path, {"my-copy.csv": EXAMPLE[V11]})
    assert community_alignment.select([raw]) == [raw]


@pytest.mark.parametrize(
    "files", [{}, {"README.md": b"hello"}, {"a.csv": b"x,y\n", "b.csv": b"x,y\n"}]
)
def test_nothing_to_read_is_drift(files: dict[str, bytes], tmp_path: Path) -> None:
    with pytest.raises(SourceDriftError, match=r"community_alignment\.csv"):
        community_alignment.select(_offer(tmp_path, files))


def test_a_table_of_another_shape_is_drift(tmp_path: Path) -> None:
    with pytest.raises(SourceDriftError, match="first_turn_prompt"):
        _bundles(tmp_path, {V11: b"conversation_id,annotator_id,assigned_lang\n1,2,en\n"})


def test_the_order_of_rows_and_columns_changes_no_id(tmp_path: Path) -> None:
    rows = [_row(str(number), str(number % 3), number) for number in range(9)]
    names = list(rows[0])
    turned = [{name: row[name] for name in reversed(names)} for row in reversed(rows)]
    first = _tables(_bundles(tmp_path / "a", {V11: encode_csv(rows)}))
    second = _tables(_bundles(tmp_path / "b", {V11: encode_csv(turned)}))
    for table in ("conversations", "prompts", "responses", "judgments"):
        one, other = (
            tables[table].drop("row", "raw", strict=False).sort(pl.nth(0))
            for tables in (first, second)
        )
        assert one.equals(other)


def test_the_statistics_of_the_card_are_numbers(example: dict[str, pl.DataFrame]) -> None:
    statistics = card("community-alignment").expected.statistics
    with duckdb.connect() as connection:
        for table, frame in example.items():
            connection.register(table, frame.to_arrow())
        found = {item.name: connection.sql(item.sql).fetchall() for item in statistics}
    assert {name: value for name, [(value,)] in found.items()} == {
        "comparisons": 5,
        "english_comparisons": 3,
        "english_conversations": 2,
        "english_conversations_with_a_given_prompt": 2,
        "english_given_prompts": 2,
    }


# --- the way back ---------------------------------------------------------------------------------

_TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
_CELLS = st.none() | st.just("") | _TEXTS
_CHOICE = st.none() | st.sampled_from(["", *(f"response_{letter}" for letter in LETTERS)])
_COLUMNS = {
    name: _CHOICE if name.endswith("preferred_response") else _CELLS
    for name in COMMON
    if name not in {"conversation_id", "annotator_id"}
}
_DECLINED = st.sampled_from([None, "", "Prefer not to say", "prefer not to say", "55+"])
_ROWS = st.fixed_dictionaries(
    _COLUMNS
    | dict.fromkeys(ANNOTATOR_CELLS, _DECLINED)
    | {
        "conversation_id": st.integers(2**53, 2**53 + 8).map(str),
        "annotator_id": st.sampled_from(["1", "2", "ü/3"]),
    }
)


def _row(key: str | None, person: str | None, number: int = 0) -> Row:
    row: Row = dict.fromkeys(COMMON)
    row |= {cell: f"{cell} {number}" for cell in turn_cells("first")}
    row |= {"first_turn_preferred_response": f"response_{LETTERS[number % 4]}"}
    return row | {"conversation_id": key, "annotator_id": person, "assigned_lang": "en"}


def _come_back(folder: Path, name: str, rows: list[Row]) -> None:
    bundles = _bundles(folder, {name: encode_csv(rows)})
    rows_in, kept, rejected = _account(bundles)
    assert rows_in == len(rows) == kept + rejected
    lost = concat_rejects(bundle.rejects for bundle in bundles)["row"].to_list()
    rebuilt = community_alignment.rebuild(_tables(bundles))
    assert rebuilt.get(name, []) == [row for i, row in enumerate(rows) if i not in lost]


@pytest.mark.parametrize("name", [V11, FULL])
def test_the_example_comes_back_cell_by_cell(name: str, tmp_path: Path) -> None:
    bundles = _bundles(tmp_path, {name: EXAMPLE[name]})
    rebuilt = community_alignment.rebuild(_tables(bundles))[name]
    header = EXAMPLE[name].split(b"\n", 1)[0].decode().replace('"', "").split(",")
    assert [set(row) for row in rebuilt] == [set(header)] * len(rebuilt)
    again = [{column: row[column] for column in header} for row in rebuilt]
    assert encode_csv(again) == EXAMPLE[name]


@given(
    rows=st.lists(_ROWS, min_size=1, max_size=6),
    extra=st.lists(st.sampled_from(["wave", "row", "extra", "raw", "first_turn_responses"])),
    absent=st.sets(st.sampled_from(["annotator_age", "in_balanced_subset", *turn_cells("third")])),
    order=st.randoms(use_true_random=False),
)
def test_any_cells_come_back(
    rows: list[Row],
    extra: list[str],
    absent: set[str],
    order: random.Random,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    names = [name for name in (*COMMON, *dict.fromkeys(extra)) if name not in absent]
    order.shuffle(names)
    shaped = [{name: row.get(name, f"x{i}") for name in names} for i, row in enumerate(rows)]
    _come_back(tmp_path_factory.mktemp("any"), V11, shaped)


@functools.cache
def _example_rows() -> tuple[Row, ...]:
    """Return the rows of the example, as the test above proves them."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        bundles = _bundles(Path(folder), {V11: EXAMPLE[V11]})
    return tuple(community_alignment.rebuild(_tables(bundles))[V11])


@given(
    changes=st.lists(
        st.tuples(
            st.integers(0, 4),
            st.sampled_from(COMMON),
            st.none() | st.sampled_from(["", "response_a", "response_e", "NaN", "0"]) | _TEXTS,
        ),
        max_size=6,
    ),
    twice=st.booleans(),
)
def test_changed_cells_are_kept_or_rejected_and_never_lost(
    changes: list[tuple[int, str, str | None]],
    twice: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    rows = [dict(row) for row in _example_rows()]
    for at, name, value in changes:
        rows[at][name] = value
    _come_back(tmp_path_factory.mktemp("changed"), V11, rows * 2 if twice else rows)


@given(
    edits=st.lists(
        st.tuples(st.integers(0, 10_000), st.integers(0, 3), st.binary(max_size=3)), max_size=4
    )
)
def test_damaged_bytes_are_an_error_or_an_account(
    edits: list[tuple[int, int, bytes]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = EXAMPLE[V11]
    for at, cut, put in edits:
        spot = at % len(content)
        content = content[:spot] + put + content[spot + cut :]
    try:
        bundles = _bundles(tmp_path_factory.mktemp("bytes"), {V11: content})
    except PrefdataError:
        return
    rows_in, kept, rejected = _account(bundles)
    assert rows_in == kept + rejected


# --- real rows ------------------------------------------------------------------------------------

_REAL = Path(__file__).parents[4] / "shared/data/community-alignment"


def _real_rows() -> tuple[list[Row], dict[tuple[str, str], int]]:
    """Make a conversation of each vote on the 200 sets; return rows and votes by set and letter.

    The counts of a pair are votes for either side, so the votes of a letter can be read off any
    pair that holds it.
    """
    options = pl.read_csv(_REAL / "first-turn-options-200sets.csv")
    pairs = pl.read_csv(_REAL / "first-turn-pairs-200sets.csv")
    votes: dict[tuple[str, str], int] = {}
    for pair in pairs.to_dicts():
        for side in (0, 1):
            place = (pair["set_id"], pair[f"action_{side}_letter"])
            count = pair[f"n_annotators_pref_{side}"]
            assert votes.setdefault(place, count) == count
    rows: list[Row] = []
    numbers = itertools.count(2**53 + 1)
    for set_id, four in options.group_by("set_id", maintain_order=True):
        texts = dict(four.select("letter", "description").iter_rows())
        cells: Row = dict.fromkeys(COMMON)
        cells |= {"assigned_lang": "en", "first_turn_prompt": four["prompt"][0]}
        cells |= {f"first_turn_response_{k.lower()}": text for k, text in texts.items()}
        for letter in texts:
            for _ in range(votes[str(set_id[0]), letter]):
                number = next(numbers)
                choice = f"response_{letter.lower()}"
                person = {"annotator_id": str(number % 977), "conversation_id": str(number)}
                rows.append(cells | person | {"first_turn_preferred_response": choice})
    return rows, votes


@pytest.mark.skipif(not _REAL.is_dir(), reason="no real rows here")
def test_real_sets_give_the_votes_that_were_counted(tmp_path: Path) -> None:
    rows, votes = _real_rows()
    content = encode_csv(rows)
    bundles = _bundles(tmp_path, {V11: content})
    assert _account(bundles) == (len(rows), len(rows), 0)
    tables = _tables(bundles)
    prompt = pl.col("messages").list.first().struct.field("content").alias("prompt")
    chosen = (
        tables["judgments"]
        .select("prompt_id", "chosen", response_id="response_ids")
        .explode("response_id", "chosen")
        .join(tables["responses"].select("response_id", "text"), on="response_id")
        .join(tables["prompts"].select("prompt_id", prompt), on="prompt_id")
        .group_by("prompt", "text")
        .agg(pl.col("chosen").sum())
    )
    counted = {(prompt, text): n for prompt, text, n in chosen.iter_rows()}
    options = pl.read_csv(_REAL / "first-turn-options-200sets.csv")
    expected: dict[tuple[str, str], int] = {}
    for option in options.to_dicts():
        if sum(votes[option["set_id"], letter] for letter in "ABCD"):
            place = (option["prompt"], option["description"])
            expected[place] = expected.get(place, 0) + votes[option["set_id"], option["letter"]]
    assert counted == expected
    assert community_alignment.rebuild(tables)[V11] == rows
    assert len(tables["judgments"]) == sum(votes.values())


def test_the_names_of_the_turns_are_those_of_the_file() -> None:
    assert turn_cells(TURNS[0])[0] == "first_turn_prompt"
    assert len(COMMON) == 40
