"""Damaged files: no traceback, no silent loss, `verify` names them, and ingesting repairs them."""

from __future__ import annotations

import gzip
import os
import random
import shutil
from typing import TYPE_CHECKING

import polars as pl
import pytest

from prefdata.api import ingest
from prefdata.catalog import Catalog
from prefdata.catalog.verify import verify
from prefdata.core.errors import PrefdataError
from prefdata.testing.disturb import content, flip

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.testing.disturb import Commands

_FLIPS = int(os.environ.get("PREFDATA_KILLS", "200"))
_SEED = int(os.environ.get("PREFDATA_KILL_SEED", "0"))
_STATUSES = (0, 2, 3, 4)
_ROWS = 60


def _raw(folder: Path, kind: str) -> Path:
    rows = pl.DataFrame(
        {
            "prompt": [f"What is {i} and {i}, and why — in {i % 7} words?" for i in range(_ROWS)],
            "chosen": [f"It is {2 * i}, “so to say”." for i in range(_ROWS)],
            "rejected": [f"Not {i}." for i in range(_ROWS)],
        }
    )
    path = folder / f"rows.{kind}"
    if kind == "parquet":
        rows.write_parquet(path)
    elif kind == "csv":
        rows.write_csv(path)
    else:
        text = rows.write_ndjson().encode()
        path.write_bytes(gzip.compress(text, mtime=0) if kind.endswith("gz") else text)
    return path


def _ingest(path: Path, workspace: Path) -> tuple[int, int] | PrefdataError:
    """Return rows in and out, or the error; anything else is a bug."""
    try:
        done = ingest("trl", path, workspace=workspace, params={"name": "mine"})
    except PrefdataError as told:
        error = told
    else:
        assert done.rows_in == done.rows_out + done.rejected
        return done.rows_in, done.rows_out
    assert error.exit_status in (2, 3, 4), error
    assert path.name in f"{error.what} {error.where}", error
    return error


# --- raw files -----------------------------------------------------------------------------------


def test_a_raw_file_that_is_damaged_is_named_and_nothing_is_committed(tmp_path: Path) -> None:
    workspace = tmp_path / "w"
    before = Catalog.create(workspace).head()
    whole = _raw(tmp_path, "jsonl.gz").read_bytes()
    cut, empty, folder, bits = (
        tmp_path / f"{name}.jsonl.gz" for name in ("cut", "empty", "folder", "bits")
    )
    cut.write_bytes(whole[: len(whole) // 2])
    empty.write_bytes(b"")
    (folder / "inside").mkdir(parents=True)
    bits.write_bytes(whole)
    flip(bits, len(whole) // 2)
    for path in (cut, empty, folder, bits):
        assert isinstance(_ingest(path, workspace), PrefdataError), path.name
    assert Catalog.open(workspace).head() == before


def test_lines_that_are_no_json_are_quarantined_and_counted(tmp_path: Path) -> None:
    Catalog.create(tmp_path / "w")
    path = _raw(tmp_path, "jsonl")
    lines = path.read_bytes().splitlines()
    lines[7], lines[9] = lines[7][:20], b"\x00\x01"
    path.write_bytes(b"\n".join(lines))
    assert _ingest(path, tmp_path / "w") == (_ROWS, _ROWS - 2)


def test_a_flipped_bit_of_a_data_file_is_named_and_ingesting_repairs_it(tmp_path: Path) -> None:
    catalog = Catalog.create(tmp_path / "w")
    raw = _raw(tmp_path, "jsonl")
    assert _ingest(raw, tmp_path / "w") == (_ROWS, _ROWS)
    name = catalog.head().name
    (path,) = catalog.files("responses")
    size = path.stat().st_size
    for offset in (0, size // 3, size - 6):
        flip(path, offset)
        assert _is_named(path, tmp_path / "w"), offset
        flip(path, offset)
    flip(path, size // 3)
    ingest("trl", raw, workspace=tmp_path / "w", params={"name": "mine"}, is_forced=True)
    assert verify(catalog, is_deep=True).problems == ()
    assert catalog.head().name == name


@pytest.mark.fault
@pytest.mark.parametrize("kind", ["jsonl", "jsonl.gz", "csv", "parquet"])
def test_no_flipped_bit_of_a_raw_file_is_a_bug_or_loses_a_row(kind: str, tmp_path: Path) -> None:
    chance = random.Random(f"{kind} {_SEED}")  # noqa: S311 - places of a test
    path = _raw(tmp_path, kind)
    whole = path.read_bytes()
    counts = {"flips": 0, "refused": 0, "quarantined": 0, "as text": 0}
    Catalog.create(tmp_path / "w")
    for _ in range(max(_FLIPS // 4, 1)):
        path.write_bytes(whole)
        flip(path, chance.randrange(len(whole)), mask=1 << chance.randrange(8))
        found = _ingest(path, tmp_path / "w")
        counts["flips"] += 1
        if isinstance(found, PrefdataError):
            counts["refused"] += 1
            continue
        counts["quarantined" if found[0] > found[1] else "as text"] += 1
        # A line feed more or less makes a line more or less; else every row is accounted for.
        assert abs(found[0] - _ROWS) <= 1
    print(f"{kind}: {counts}")  # noqa: T201 - shown by pytest -s


# --- files of a workspace ------------------------------------------------------------------------


def _workspace(commands: Commands, raw: Path, workspace: Path) -> dict[str, object]:
    commands_of: tuple[list[str | Path], ...] = (
        ["init", workspace],
        ["ingest", "hh-rlhf", "--from", raw / "hh-rlhf", "-w", workspace],
        ["run", "clean", "-w", workspace],
    )
    for words in commands_of:
        assert commands.run(*words).status == 0
    return content(workspace)


def _repair(commands: Commands, raw: Path, workspace: Path) -> None:
    repairs: tuple[list[str | Path], ...] = (
        ["ingest", "hh-rlhf", "--from", raw / "hh-rlhf", "--force", "-w", workspace],
        ["run", "clean", "--force", "-w", workspace],
    )
    for words in repairs:
        done = commands.run(*words)
        assert done.status == 0, done.errors


def _is_named(path: Path, workspace: Path) -> bool:
    problems = verify(Catalog.open(workspace), is_deep=True).problems
    return any(path.name in problem for problem in problems)


@pytest.mark.fault
def test_what_cannot_be_read_is_named_and_the_commands_that_made_it_repair_it(
    commands: Commands, tiny_world: Path, tmp_path: Path
) -> None:
    workspace = tmp_path / "w"
    before = _workspace(commands, tiny_world, workspace)
    (path,) = (workspace / "warehouse/responses/data").rglob("*.parquet")
    flip(path, path.stat().st_size - 6)  # The length of the footer: nothing can be read.
    for words in (["run", "clean", "--force"], ["export", tmp_path / "x", "--as", "trl"]):
        done = commands.run(*words, "-w", workspace)
        assert done.status == 3, done.errors
        assert path.name in done.errors
    _repair(commands, tiny_world, workspace)
    assert verify(Catalog.open(workspace), is_deep=True).problems == ()
    assert content(workspace) == before


_READS = (
    ["sql", "SELECT count(*), sum(length(text)), max(content_hash) FROM responses"],
    ["sql", "SELECT count(*), min(pair_id), sum(margin) FROM pairs"],
    ["tables"],
    ["snapshot", "list"],
)
_WRITES = (["run", "clean", "--force"], ["snapshot", "rollback", "#1"])
_KINDS = {
    "data": "warehouse/*/data/**/*.parquet",
    "metadata": "warehouse/*/metadata/*.json",
    "manifests": "warehouse/*/metadata/*.avro",
    "database": "catalog.db",
    "results": "cache/steps/*.json",
    "exports": "exports/*/*",
    "settings": "prefdata.toml",
}


@pytest.mark.fault
@pytest.mark.parametrize("kind", list(_KINDS))
def test_no_flipped_bit_of_a_workspace_is_a_bug(
    kind: str, commands: Commands, tiny_world: Path, tmp_path: Path
) -> None:
    workspace, base = tmp_path / "w", tmp_path / "base"
    before = _workspace(commands, tiny_world, workspace)
    shutil.copytree(workspace, base)
    truth = [commands.run(*words, "-w", workspace).output for words in _READS]
    chance = random.Random(f"{kind} {_SEED}")  # noqa: S311 - places of a test
    paths = sorted(workspace.glob(_KINDS[kind]))
    counts = {"flips": 0, "named": 0, "refused": 0, "read as before": 0, "read otherwise": 0}
    bugs = []
    for _ in range(max(_FLIPS // 10, 1)):
        path = chance.choice(paths)
        offset, bit = chance.randrange(path.stat().st_size), chance.randrange(8)
        flip(path, offset, mask=1 << bit)
        where = f"{path.relative_to(workspace)} at {offset}, bit {bit}"
        counts["flips"] += 1
        checked = commands.run("verify", "--deep", "-w", workspace)
        counts["named"] += checked.status != 0 and path.name in checked.output + checked.errors
        if kind == "data":
            assert path.name in checked.output, where
        done = [commands.run(*words, "-w", workspace) for words in _READS]
        if any(one.status for one in done):
            counts["refused"] += 1
        else:
            others = [
                f"{where}: {' '.join(words)} says {one.output!r}"
                for words, one, true in zip(_READS, done, truth, strict=True)
                if one.output != true
            ]
            counts["read otherwise" if others else "read as before"] += 1
            print(*others, sep="\n", end="")  # noqa: T201 - shown by pytest -s
        wrote = commands.run(*chance.choice(_WRITES), "-w", workspace)
        bugs += [
            f"{where}: {one.status} {one.errors[-300:]}"
            for one in (checked, *done, wrote)
            if one.status not in _STATUSES
        ]
        shutil.rmtree(workspace)
        shutil.copytree(base, workspace)
    print(f"{kind}: {counts}")  # noqa: T201 - shown by pytest -s
    assert bugs == []
    assert content(workspace) == before
