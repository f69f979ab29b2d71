"""A small staged folder, as one is before it is published: two configurations and their card."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from prefdata.protocols.publishing import ConfigContents, Contents, SplitContents, StagedFile
from prefdata.publishing.contents import rows_digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["example_table", "stage"]

_TURNS = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
_SCHEMA = pa.schema(
    [
        ("pair_id", pa.string()),
        ("prompt", _TURNS),
        ("chosen", _TURNS),
        ("rejected", _TURNS),
        ("margin", pa.float64()),
        ("n_votes", pa.int32()),
    ]
)


def example_table(n: int, *, first: int = 0, word: str = "pair") -> pa.Table:
    """Return rows of pairs; the word makes other rows of the same numbers."""
    numbers = range(first, first + n)

    def turns(role: str, text: str) -> list[list[dict[str, str]]]:
        return [[{"role": role, "content": f"{text} {word} {number}"}] for number in numbers]

    columns: dict[str, list[Any]] = {
        "pair_id": [f"{number:032x}" for number in numbers],
        "prompt": turns("user", "Tell me of ünicode"),
        "chosen": turns("assistant", "Gladly,"),
        "rejected": turns("assistant", "No,"),
        "margin": [None if number % 3 == 0 else number / 4 for number in numbers],
        "n_votes": [number % 5 for number in numbers],
    }
    return pa.table(columns, schema=_SCHEMA)


def stage(
    folder: Path, tables: Mapping[str, Mapping[str, Sequence[pa.Table]]], *, more: str = ""
) -> Contents:
    """Write a folder with data, card and checksums, the same bytes for the same arguments.

    Args:
        folder: Where; made if it is not there.
        tables: Configuration to split to shards; the first configuration is the default.
        more: Text at the end of the card.
    """
    configs = []
    for number, (config, splits) in enumerate(tables.items()):
        done = [_split(folder, config, name, shards) for name, shards in splits.items()]
        configs.append(ConfigContents(config, tuple(done), is_default=number == 0))
    (folder / "README.md").write_text(_card(configs, more), encoding="utf-8")
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = [f"{_staged(folder, path).sha256}  {path.relative_to(folder)}\n" for path in paths]
    (folder / "checksums.sha256").write_text("".join(lines), encoding="utf-8")
    paths = sorted([*paths, folder / "checksums.sha256"])
    files = [_staged(folder, path) for path in paths]
    return Contents(folder, tuple(sorted(files, key=lambda file: file.path)), tuple(configs))


def _split(folder: Path, config: str, name: str, shards: Sequence[pa.Table]) -> SplitContents:
    (folder / config).mkdir(parents=True, exist_ok=True)
    files, frames = [], []
    for number, table in enumerate(shards):
        path = f"{config}/{name}-{number:05d}-of-{len(shards):05d}.parquet"
        pq.write_table(table, folder / path)
        files.append(path)
        frame = pl.from_arrow(pq.read_table(folder / path))
        assert isinstance(frame, pl.DataFrame)
        frames.append(frame)
    rows, digest = rows_digest(frames)
    return SplitContents(name, tuple(files), rows, digest)


def _card(configs: Sequence[ConfigContents], more: str) -> str:
    lines = ["---", "license: cc-by-4.0", "size_categories:", "- n<1K", "configs:"]
    for config in configs:
        lines.append(f"- config_name: {config.name}")
        if config.is_default:
            lines.append("  default: true")
        lines.append("  data_files:")
        for split in config.splits:
            lines += [f"  - split: {split.name}", f"    path: {config.name}/{split.name}-*"]
    return "\n".join([*lines, "---", "# Pairs", "", more, ""])


def _staged(folder: Path, path: Path) -> StagedFile:
    data = path.read_bytes()
    name = path.relative_to(folder).as_posix()
    return StagedFile(name, len(data), hashlib.sha256(data).hexdigest())
