"""Files of requests are the same bytes for the same requests, and never too large to send."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from prefdata.backends._batch_files import requests
from prefdata.backends._batch_files.requests import (
    ids_in,
    is_request_file,
    request_line,
    write_requests,
)

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []


def _lines(n: int, text: str = "Hi.") -> dict[str, bytes]:
    body: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": text}]}
    return {f"{i:032x}": request_line(f"{i:032x}", {**body, "max_tokens": i}) for i in range(n)}


def test_a_line_is_what_batch_endpoints_take() -> None:
    line = request_line("id", {"model": "m", "messages": []})
    assert line == (
        b'{"custom_id":"id","method":"POST","url":"/v1/chat/completions",'
        b'"body":{"messages":[],"model":"m"}}\n'
    )


@pytest.mark.parametrize("text", ["\u2028\x85\r\n", "如何", "a\ud83d", '"\\'])
def test_a_line_is_one_line_of_ascii_whatever_it_says(text: str) -> None:
    line = request_line("id", {"messages": text}).decode("ascii")
    assert line.splitlines(keepends=True) == [line]
    assert json.loads(line)["body"]["messages"] == text


def test_the_same_requests_are_the_same_file(tmp_path: Path) -> None:
    one, two = tmp_path / "a" / "b", tmp_path / "c"
    places = [write_requests(folder, _lines(3)) for folder in (one, two, one)]
    files = [next(iter(place.values())) for place in places]
    assert files[0] == files[2]
    assert files[0].name == files[1].name
    assert files[0].read_bytes() == files[1].read_bytes() == b"".join(_lines(3).values())
    assert [path.name for path in one.iterdir()] == [files[0].name]
    assert is_request_file(files[0])


def test_half_a_file_is_written_anew(tmp_path: Path) -> None:
    path = write_requests(tmp_path, _lines(3))["0" * 32]
    whole = path.read_bytes()
    path.write_bytes(whole[:10])
    write_requests(tmp_path, _lines(3))
    assert path.read_bytes() == whole


@pytest.mark.parametrize("limit", ["_MOST_LINES", "_MOST_BYTES"])
def test_many_requests_take_several_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    lines = _lines(10)
    size = {"_MOST_LINES": 4, "_MOST_BYTES": 4 * len(lines["0" * 32]) + 3}[limit]
    monkeypatch.setattr(requests, limit, size)
    places = write_requests(tmp_path, lines)
    files = list(dict.fromkeys(places.values()))
    assert [len(list(ids_in(path))) for path in files] == [4, 4, 2]
    assert [one for path in files for one in ids_in(path)] == list(lines)
    assert all(one in ids_in(path) for one, path in places.items())


def test_a_request_that_is_too_large_has_a_file_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "_MOST_BYTES", 10)
    assert len(set(write_requests(tmp_path, _lines(3)).values())) == 3


@pytest.mark.parametrize(
    "name", ["answers-0123456789ab.jsonl", "requests-0123456789ab.jsonl.out", "requests.jsonl"]
)
def test_other_files_are_no_requests(tmp_path: Path, name: str) -> None:
    assert not is_request_file(tmp_path / name)
