from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from prefdata.core.errors import UserError
from prefdata.protocols import Context, StageResult
from prefdata.schema import conform, polars_schema, table_schema
from prefdata.stages.flag_removals import FlagRemovals, flag_removals

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []


def _run(build: Any, path: Path, text: str) -> StageResult:
    import polars as pl

    path.write_text(text)
    contract = table_schema("conversations")
    conversations = conform(pl.DataFrame(schema=polars_schema(contract)), contract).lazy()
    tables = build.lazy() | {"conversations": conversations}
    params = FlagRemovals(list=str(path))
    assert params.outside().files == (str(path),)
    return flag_removals.run(tables, params, Context(files={str(path): path}))


@pytest.fixture
def build(build: Any) -> Any:
    for name in ("p1", "p2"):
        build.prompt(name, "Well?", file="f.jsonl", row=0)
        build.response(f"{name}/a", "Yes.")
        build.response(f"{name}/b", "No.")
    build.choose("p1/ann/overall", "ab", "a")
    build.choose("p2/bob/overall", "ab", "b")
    return build


def test_what_is_asked_for_and_what_hangs_on_it_is_flagged(build: Any, tmp_path: Path) -> None:
    result = _run(build, tmp_path / "list.csv", "subject,id,reason\nprompts,p1,secret words\n")
    flags = result.tables["flags"]
    assert flags.select("subject", "id", "value").rows() == [
        ("prompts", "p1", 1.0),
        ("responses", "p1/a", 0.0),
        ("responses", "p1/b", 0.0),
        ("judgments", "p1/ann/overall", 0.0),
    ]
    assert set(flags["flag"]) == {"removal-asked"}
    assert "secret" not in flags.write_ndjson()
    assert result.rows_in == result.rows_out == 8
    assert result.notes == ("Of 1 removals 1 rows are named here, 4 go.",)


def test_a_list_that_names_nothing_here_flags_nothing(build: Any, tmp_path: Path) -> None:
    result = _run(build, tmp_path / "list.csv", "subject,id\nprompts,elsewhere\n")
    assert result.tables["flags"].is_empty()


def test_a_broken_list_stops_the_step(build: Any, tmp_path: Path) -> None:
    with pytest.raises(UserError):
        _run(build, tmp_path / "list.csv", "subject,id\npeople,x\n")
