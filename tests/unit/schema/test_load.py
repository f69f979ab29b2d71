from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from prefdata.core.errors import UnknownNameError, UserError
from prefdata.core.shipped import shipped_folder
from prefdata.schema import load, load_schema, shipped_schemas, table_names, table_schema

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_VOTES = """\
table: votes
version: 1
kind: derived
grain: one vote
description: Votes.
columns:
  vote_id: {type: string, description: Key.}
"""


@pytest.fixture
def no_cache() -> Iterator[None]:
    load._files.cache_clear()
    yield
    load._files.cache_clear()


@pytest.mark.parametrize("path", sorted(shipped_folder("schemas").glob("*.yaml")), ids=str)
def test_every_shipped_contract_loads(path: Path) -> None:
    assert f"{load_schema(path).id}.yaml" == path.name


def test_references_point_to_keys_of_shipped_tables() -> None:
    for schema in shipped_schemas():
        for target in schema.references.values():
            table, column = target.split(".")
            assert table_schema(table).primary_key == (column,)


def test_tables_are_listed_by_kind() -> None:
    assert "prompts" in table_names("canonical")
    assert "prompts" not in table_names("derived")
    assert set(table_names()) == {schema.table for schema in shipped_schemas()}


def test_an_unknown_table_suggests_a_known_one() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'prompts'"):
        table_schema("prompt")


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        (_VOTES + "kind: log\n", 8, "the key 'kind' is given twice"),
        (_VOTES + "rules: [{name: a, sql: x, sql: y, why: z}]\n", 8, "'sql' is given twice"),
        (_VOTES + "owner: me\n", 8, "owner: Extra inputs"),
        (_VOTES.replace("type: string", "type: strin"), 7, "columns.vote_id.type: "),
        (_VOTES.replace("kind: derived", "kind: odd"), 3, "kind: Input should be"),
        (_VOTES + "rules:\n  - {name: a, sql: x}\n", 9, "rules.0.why: Field required"),
        (_VOTES + "primary_key: [x]\n", 1, "primary_key names 'x'"),
        (_VOTES + "primary_key: [\n", 9, "node content"),
        (_VOTES.replace("version: 1", "version: 2"), 1, "votes.v2 belongs in votes.v2.yaml"),
        ("", 1, "Input should be"),
    ],
)
def test_a_fault_names_file_line_and_key(
    tmp_path: Path, text: str, line: int, problem: str
) -> None:
    path = tmp_path / "votes.v1.yaml"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        load_schema(path)
    assert problem in caught.value.what
    assert caught.value.where == f"{path}:{line}"


@pytest.mark.usefixtures("no_cache")
def test_the_newest_version_of_a_table_is_its_contract(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for version in (2, 10, 1):
        text = textwrap.dedent(_VOTES).replace("version: 1", f"version: {version}")
        (tmp_path / f"votes.v{version}.yaml").write_text(text)
    monkeypatch.setattr(load, "shipped_folder", lambda _: tmp_path)
    assert table_schema("votes").version == 10
    assert [schema.version for schema in shipped_schemas()] == [1, 2, 10]


@pytest.mark.usefixtures("no_cache")
def test_a_file_with_another_kind_of_name_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "votes.yaml").write_text(_VOTES)
    monkeypatch.setattr(load, "shipped_folder", lambda _: tmp_path)
    with pytest.raises(UserError, match="the name of a contract"):
        table_names()
