"""A state is a value: it reads back, and its name comes from content alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from prefdata.catalog.state import CatalogState, FileEntry, TableState

_WORDS = st.text("abc/-_é", min_size=1, max_size=6)
_FILES = st.lists(
    st.builds(
        FileEntry, path=_WORDS, digest=_WORDS, rows=st.integers(0, 9), bytes=st.integers(0, 9)
    ),
    max_size=3,
).map(tuple)
_TABLES = st.sampled_from(["prompts", "responses", "source_files"])
_STATES = st.dictionaries(
    _TABLES,
    st.builds(
        TableState,
        metadata=_WORDS,
        partitions=st.dictionaries(_WORDS.map(lambda word: (word,)), _FILES, max_size=3),
    ),
).map(CatalogState)


@given(_STATES)
def test_a_state_reads_back_as_it_was(state: CatalogState) -> None:
    assert CatalogState.from_json(state.to_json()) == state


@given(_STATES, _WORDS)
def test_where_the_metadata_is_does_not_matter_to_the_name(state: CatalogState, word: str) -> None:
    moved = {name: TableState(word, table.partitions) for name, table in state.tables.items()}
    assert CatalogState(moved).name == state.name


def test_logs_and_empty_partitions_do_not_matter_to_the_name() -> None:
    entry = FileEntry("p", "d", 1, 1)
    bare = CatalogState({"prompts": TableState("m", {("a",): (entry,)})})
    full = CatalogState(
        {
            **bare.tables,
            "runs": TableState("m", {(): (entry,)}),
            "responses": TableState("m", {("a",): ()}),
        }
    )
    assert full.name == bare.name
    assert full.sources() == ["a"]


def test_other_content_has_another_name() -> None:
    one = CatalogState({"prompts": TableState("m", {("a",): (FileEntry("p", "d", 1, 1),)})})
    two = CatalogState({"prompts": TableState("m", {("a",): (FileEntry("p", "e", 1, 1),)})})
    other_source = CatalogState(
        {"prompts": TableState("m", {("b",): (FileEntry("p", "d", 1, 1),)})}
    )
    assert len({one.name, two.name, other_source.name}) == 3


def test_a_partition_digest_is_none_without_rows() -> None:
    table = TableState("m", {("a",): (FileEntry("p", "d", 2, 1),)})
    assert table.partition_digest(("b",)) is None
    assert table.partition_digest(("a",))
    assert table.rows == 2
