"""Bytes come out whole, in stretches of whole lines, or the file is refused as what it is."""

from __future__ import annotations

import bz2
import gzip
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from prefdata.core.errors import SourceDriftError
from prefdata.tables.bundle import REJECT_COLUMNS
from prefdata.tables.raw import RAW_TEXT_LIMIT, Reject, drift, read_blocks, rejects_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__: list[str] = []

_DATA = b"".join(b'{"n": %d}\n' % number for number in range(3000))


def _zstd(data: bytes) -> bytes:
    return bytes(pa.Codec("zstd").compress(data, asbytes=True))


_PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "f.jsonl": bytes,
    "f.jsonl.gz": gzip.compress,
    "f.jsonl.zst": _zstd,
    "f.jsonl.bz2": bz2.compress,
}


def _blocks(folder: Path, data: bytes, name: str = "f.jsonl", block_bytes: int = 64) -> list[bytes]:
    path = folder / name
    path.write_bytes(data)
    return list(read_blocks(path, file=name, block_bytes=block_bytes))


@pytest.mark.parametrize("name", _PACKERS)
@pytest.mark.parametrize("block_bytes", [7, 1000, 1 << 20])
def test_stretches_are_whole_lines_and_together_the_file(
    name: str, block_bytes: int, tmp_path: Path
) -> None:
    blocks = _blocks(tmp_path, _PACKERS[name](_DATA), name, block_bytes)
    assert b"".join(blocks) == _DATA
    assert all(block.endswith(b"\n") for block in blocks)
    assert len(blocks) > 1 or block_bytes > len(_DATA)


@pytest.mark.parametrize("data", [b"a\nb", b"one long line without an end" * 9, b"\n\n"])
def test_the_last_line_needs_no_end(data: bytes, tmp_path: Path) -> None:
    assert b"".join(_blocks(tmp_path, data, block_bytes=5)) == data


def test_a_gzip_of_several_members_is_read_to_the_end(tmp_path: Path) -> None:
    packed = gzip.compress(_DATA) + gzip.compress(_DATA)
    assert b"".join(_blocks(tmp_path, packed, "f.gz")) == _DATA + _DATA


@pytest.mark.parametrize("name", [name for name in _PACKERS if name != "f.jsonl"])
@pytest.mark.parametrize("share", [0.5, 0.99])
def test_a_cut_stream_is_refused(name: str, share: float, tmp_path: Path) -> None:
    packed = _PACKERS[name](_DATA)
    with pytest.raises(SourceDriftError, match="damaged or cut"):
        _blocks(tmp_path, packed[: int(len(packed) * share)], name)


def test_a_flipped_byte_of_a_stream_is_refused_or_harmless(tmp_path: Path) -> None:
    packed = gzip.compress(_DATA[:500], mtime=0)
    n_refused = 0
    for place in range(len(packed)):
        damaged = bytearray(packed)
        damaged[place] ^= 0x10
        try:
            # Some bits, such as the time in the header, say nothing about the data.
            assert b"".join(_blocks(tmp_path, bytes(damaged), "f.gz")) == _DATA[:500]
        except SourceDriftError:
            n_refused += 1
    assert n_refused > 0.9 * len(packed)


def test_a_byte_order_mark_is_taken_off(tmp_path: Path) -> None:
    assert _blocks(tmp_path, b"\xef\xbb\xbfa\n") == [b"a\n"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "The file is empty"),
        (b"<!DOCTYPE html><html></html>", "a web page"),
        (b"\n  <HTML lang='en'>", "a web page"),
        (b"<?xml version='1.0'?>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a Git LFS pointer"),
        ('{"a": 1}\n'.encode("utf-16"), "UTF-16"),
        (b"\xfe\xff\x00{", "UTF-16"),
    ],
)
def test_a_file_that_is_something_else_is_named_as_that(
    data: bytes, reason: str, tmp_path: Path
) -> None:
    with pytest.raises(SourceDriftError, match=reason) as caught:
        _blocks(tmp_path, data)
    assert caught.value.where == "f.jsonl"
    assert "fetch it again" in str(caught.value.fix)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(SourceDriftError, match="A folder stands"):
        list(read_blocks(tmp_path, file="x", block_bytes=8))


def test_a_file_that_is_not_there_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(read_blocks(tmp_path / "none", file="none", block_bytes=8))


def test_drift_names_the_row_when_it_is_known() -> None:
    assert drift("No.", file="f.csv").where == "f.csv"
    assert drift("No.", file="f.csv", row=0).where == "f.csv: row 0"


def test_rejects_become_rows_with_short_texts_that_utf8_can_hold() -> None:
    long = "x" * (RAW_TEXT_LIMIT + 1)
    frame = rejects_of(
        "f.jsonl",
        [
            Reject(3, "wrong-type", "a is '\ud800'", field="a", raw="\udc00" + long),
            Reject(9, "rule", "why"),
        ],
    )
    assert dict(frame.schema) == REJECT_COLUMNS
    first, second = frame.to_dicts()
    assert first["reason"] == "a is '\\ud800'"
    assert first["raw"] == "\\udc00" + "x" * (RAW_TEXT_LIMIT - 1)
    assert second == dict.fromkeys(REJECT_COLUMNS) | {
        "file": "f.jsonl",
        "row": 9,
        "rule": "rule",
        "reason": "why",
    }
