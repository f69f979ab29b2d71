from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from prefdata.schema import Column, evolution, shipped_schemas, table_schema
from prefdata.schema.evolution import check_evolution, lock_of, lock_path, read_lock, write_lock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from prefdata.schema import TableSchema

    Votes = Callable[..., TableSchema]

_BOOL = {"type": "bool", "description": "X."}


def test_the_shipped_contracts_keep_their_promises() -> None:
    assert check_evolution(read_lock(), shipped_schemas()) == []


def test_the_lock_is_up_to_date() -> None:
    assert read_lock() == lock_of(shipped_schemas()), (
        "run `python -m prefdata.schema.evolution --write`"
    )


@pytest.mark.parametrize(
    ("columns", "parts", "problem"),
    [
        ({"side": None}, {}, "column side was removed or renamed"),
        ({"share": _BOOL | {"nullable": True}}, {}, "column share changed its type from float64"),
        ({"share": {"type": "float64", "description": "X."}}, {}, "column share became not null"),
        ({"x": _BOOL}, {}, "column x was added and may not be null"),
        (
            {"side": {"type": "string", "nullable": True, "enum": ["a"], "description": "X."}},
            {},
            "column side lost the values b",
        ),
        (
            {"vote_id": {"type": "string", "enum": ["a"], "description": "X."}},
            {},
            "column vote_id got an enum",
        ),
        ({}, {"primary_key": []}, "the primary key changed from ['vote_id']"),
    ],
)
def test_a_change_that_breaks_readers_needs_a_new_version(
    votes: Votes, columns: dict[str, Any], parts: dict[str, Any], problem: str
) -> None:
    (found,) = check_evolution(lock_of([votes()]), [votes(columns, **parts)])
    assert found.startswith(f"votes.v1: {problem}")


@pytest.mark.parametrize(
    "columns",
    [
        {"x": _BOOL | {"nullable": True}},
        {
            "side": {
                "type": "string",
                "nullable": True,
                "enum": ["c", "b", "a"],
                "description": "X.",
            }
        },
        {"side": {"type": "string", "nullable": True, "description": "X."}},
    ],
)
def test_a_change_that_breaks_nobody_is_free(votes: Votes, columns: dict[str, Any]) -> None:
    assert check_evolution(lock_of([votes()]), [votes(columns)]) == []


def test_a_new_table_or_version_is_free_and_a_lost_one_is_not(votes: Votes) -> None:
    lock = lock_of([votes()])
    assert check_evolution({}, [votes()]) == []
    assert check_evolution(lock, [votes(), votes({"side": None}, version=2)]) == []
    assert check_evolution(lock, []) == ["votes.v1: the table or version was removed"]


def test_the_digest_follows_the_meaning_and_not_the_prose(votes: Votes) -> None:
    def digest(schema: TableSchema) -> str:
        return lock_of([schema])[schema.id]["digest"]

    rule = {"name": "r", "sql": "true", "why": "Because."}
    assert digest(votes()) == digest(votes(description="Other words.", grain="other words"))
    assert digest(votes(rules=[rule])) == digest(votes(rules=[rule | {"why": "Otherwise."}]))
    assert digest(votes()) != digest(votes(rules=[rule]))


def test_a_written_lock_is_read_back(tmp_path: Path) -> None:
    path = write_lock(tmp_path / "lock.json")
    assert read_lock(path) == lock_of(shipped_schemas())
    assert path.read_text() == lock_path().read_text()
    assert read_lock(tmp_path / "absent.json") == {}


def test_the_entry_refuses_to_write_over_a_broken_promise(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    votes: Votes,
) -> None:
    path = tmp_path / "lock.json"
    monkeypatch.setattr(evolution, "lock_path", lambda: path)
    assert evolution._main([]) == 0
    assert not path.exists()
    assert evolution._main(["--write"]) == 0
    assert capsys.readouterr().out == f"{path}\n"
    before = path.read_text()
    monkeypatch.setattr(evolution, "shipped_schemas", lambda: (votes(),))
    assert evolution._main(["--write"]) == 3
    assert "prompts.v1: the table or version was removed" in capsys.readouterr().err
    assert path.read_text() == before


def test_a_new_column_stands_at_the_end() -> None:
    schema = table_schema("splits")
    new = Column(name="mood", type="string", nullable=True, description="New.")
    first = schema.model_copy(update={"columns": {"mood": new, **schema.columns}})
    last = schema.model_copy(update={"columns": {**schema.columns, "mood": new}})
    assert check_evolution(lock_of([schema]), [last]) == []
    (problem,) = check_evolution(lock_of([schema]), [first])
    assert "at the end" in problem
