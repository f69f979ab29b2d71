"""What fuzzing found, each with the shortest input that showed it; none may come back."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import pytest
import yaml

from prefdata.catalog import Catalog
from prefdata.catalog.session import Session
from prefdata.core.errors import QueryError, RecipeError
from prefdata.core.strict_yaml import load_strict, load_tree
from prefdata.recipes import load_recipe
from prefdata.testing.rows import prompt_rows
from tests.fuzz.targets import targets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__: list[str] = []

# Of each: the target, and the input. The target raises where its promise is broken.
_FOUND: dict[str, tuple[str, bytes]] = {
    "a-recipe-with-an-empty-number": ("recipe", b"a: !!int\n"),
    "a-recipe-with-a-date-that-is-none": ("recipe", b"a: !!timestamp x\n"),
    "a-recipe-that-nests-too-deeply": ("recipe", b"a: " + b"[" * 2000),
    "a-recipe-with-a-character-that-yaml-forbids": ("recipe", b"name: x\nsteps: \x00\n"),
    "a-recipe-that-is-no-utf-8": ("recipe", b"name: x\nsteps: \xff\n"),
    "a-recipe-that-refers-to-itself": ("recipe", b"name: x\ninputs: {}\nsteps: &a [*a]\n"),
    "a-recipe-with-a-number-for-an-input": (
        "recipe",
        b"name: x\ninputs: {1: a, b: c}\nsteps: [$x]\n",
    ),
    "an-override-with-an-empty-number": ("recipe-set", b"seed=!!int"),
    "an-override-that-nests-too-deeply": ("recipe-set", b"seed=" + b"[" * 2000),
    "settings-that-nest-too-deeply": ("workspace", b"a = " + b"[" * 2000),
    "settings-with-an-address-that-no-file-has": (
        "workspace",
        b'[catalog]\nuri = "\\u0000"\nwarehouse = "w"\n',
    ),
    "settings-that-are-no-utf-8": ("workspace", b"# \xff\n"),
    "a-card-that-is-no-utf-8": ("source-card", b"\xff\xfe"),
    "a-card-with-a-character-that-yaml-forbids": ("source-card", b"source: \x00\n"),
    "a-card-with-a-date-that-is-none": ("source-card", b"published: !!timestamp x\n"),
    "yaml-with-an-empty-truth-value": ("strict-yaml", b"!!bool ''\n"),
    "yaml-with-a-float-that-is-none": ("strict-yaml", b"!!float x\n"),
    "yaml-with-a-mapping-that-is-a-list": ("strict-yaml", b"!!map [a]\n"),
    "a-constitution-with-an-empty-number": ("constitution-file", b"principles: [!!int '']\n"),
    "a-published-card-with-an-empty-number": ("published-card", b"---\na: !!int ''\n---\n"),
    "a-published-card-with-an-empty-truth-value": ("published-card", b"---\na: !!bool x\n---\n"),
    "a-list-of-removals-with-an-empty-number": ("removals", b"\x00- !!int ''\n"),
    "a-list-of-removals-that-nests-too-deeply": ("removals", b"\x01" + b"[" * 100_000),
    "a-mapping-with-an-empty-number": ("source-mapped", b"\x00id: !!int ''\n"),
    "a-query-with-half-a-character": ("sql-gate", b"SELECT '\xff'"),
    "an-interval-as-csv": ("sql-gate", b"SELECT INTERVAL 1 DAY AS xy"),
    "a-copy-behind-spaces-that-are-not-ascii": (
        "sql-gate",
        b"EXPLAIN\xc2\xa0ANALYZE\xc2\xa0COPY (SELECT 1) TO '@data' (USE_TMP_FILE false)",
    ),
}


@pytest.fixture(scope="module")
def feed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, bytes], None]:
    @functools.cache
    def opened(name: str) -> Callable[[bytes], None]:
        return targets()[name].open(tmp_path_factory.mktemp(name))

    return lambda name, data: opened(name)(data)


@pytest.mark.parametrize("case", _FOUND)
def test_what_was_found_stays_away(case: str, feed: Callable[[str, bytes], None]) -> None:
    feed(*_FOUND[case])


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    catalog = Catalog.create(tmp_path_factory.mktemp("locked") / "w")
    with catalog.write() as write:
        write.put("prompts", ("a",), prompt_rows("a", 1))
        write.commit("one")
    state = catalog.snapshot(None).state
    with Session(catalog.workspace, state, is_locked=True, has_views=False) as session:
        yield session


@pytest.mark.parametrize("space", ["\u00a0", "\u2003", "\u200b", "\u3000", "\ufeff", "\x0b"])
def test_no_space_hides_a_word_from_the_gate(space: str, locked: Session) -> None:
    # DuckDB's parser takes them for spaces, its tokenizer for letters.
    statement = space.join(["EXPLAIN", "ANALYZE", "CREATE", "TABLE", "t", "AS", "SELECT", "1"])
    with pytest.raises(QueryError, match="CREATE"):
        locked.sql(statement)
    assert locked.sql(f"SELECT{space}count(*) FROM{space}prompts").fetchall() == [(1,)]


@pytest.mark.parametrize("call", ['"query"', "query", "system.main.query", "QUERY /* x */"])
def test_no_spelling_hides_a_call_from_the_gate(call: str, locked: Session) -> None:
    with pytest.raises(QueryError, match="QUERY"):
        locked.sql(f"FROM {call} ('SELECT 1')")


@pytest.mark.parametrize(
    "statement", ["BEGIN", "COMMIT", "FROM destroy_external_resource('query', 'SELECT 1')"]
)
def test_what_asks_nothing_is_refused(statement: str, locked: Session) -> None:
    with pytest.raises(QueryError, match="read-only"):
        locked.sql(statement)


def test_a_column_may_be_called_as_a_function_is(locked: Session) -> None:
    assert locked.sql("SELECT 1 AS query, 2 AS write_log").fetchall() == [(1, 2)]


def test_a_few_lines_of_references_stand_for_no_gigabytes() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    for load in (load_strict, load_tree):
        with pytest.raises(yaml.MarkedYAMLError, match="stand for more"):
            load("\n".join(lines))


def test_an_input_that_is_not_declared_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text("name: x\ninputs: {a: 1}\nsteps:\n- stage: make-pairs\n  params: {band: $b}\n")
    with pytest.raises(RecipeError) as caught:
        load_recipe(path)
    assert caught.value.where == f"{path}:5"
