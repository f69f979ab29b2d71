"""A file arrives byte for byte or not at all, whatever the connection does."""

from __future__ import annotations

import random
import tempfile
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prefdata.core.errors import FetchError
from prefdata.fetch.http import Patience, _alone, _retry_after, download

if TYPE_CHECKING:
    from tests.unit.fetch.conftest import FileServer

__all__: list[str] = []

QUICK = Patience(
    attempts=3,
    connect_seconds=2,
    read_seconds=2,
    wait_initial_seconds=0.001,
    wait_max_seconds=0.002,
)
BODY = random.Random(7).randbytes(300_000)  # noqa: S311 - only bytes to tell apart


def _leftovers(folder: Path) -> list[str]:
    return sorted(
        path.name for path in folder.iterdir() if path.name.endswith((".part", ".part.json"))
    )


def _break_off(server: FileServer, url: str, target: Path, n_bytes: int) -> None:
    """Let a download give up after some bytes, and mend the server."""
    cuts = [n_bytes]
    server.cut = lambda _: cuts.pop() if cuts else 0
    with pytest.raises(FetchError) as caught:
        download(url, target, patience=QUICK)
    assert caught.value.retryable
    server.cut = lambda _: None
    server.asked.clear()


def test_a_file_arrives_whole_and_reports_how_far_it_is(server: FileServer, tmp_path: Path) -> None:
    url = server.serve("/data.bin", BODY)
    seen: list[int] = []
    download(url, tmp_path / "deep" / "data.bin", on_bytes=seen.append, patience=QUICK)
    assert (tmp_path / "deep" / "data.bin").read_bytes() == BODY
    assert seen == sorted(seen)
    assert seen[-1] == len(BODY)
    assert _leftovers(tmp_path / "deep") == []


def test_an_empty_file_arrives_too(server: FileServer, tmp_path: Path) -> None:
    download(server.serve("/empty.bin", b""), tmp_path / "empty.bin", patience=QUICK)
    assert (tmp_path / "empty.bin").read_bytes() == b""


@given(
    size=st.integers(1, 200_000),
    seed=st.integers(0, 2**32),
    has_ranges=st.booleans(),
    n_cuts=st.integers(0, 8),
)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_transfer_that_breaks_anywhere_is_byte_exact(
    server: FileServer, size: int, seed: int, has_ranges: bool, n_cuts: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - a seeded fault
    url = server.serve("/data.bin", BODY[:size])
    server.files["/data.bin"].has_ranges = has_ranges
    cuts = [chance.random() for _ in range(n_cuts)]
    server.cut = lambda n_bytes: int(cuts.pop() * n_bytes) if cuts else None
    patience = Patience(attempts=10, wait_initial_seconds=0.001, wait_max_seconds=0.001)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "data.bin"
        download(url, target, patience=patience)
        assert target.read_bytes() == BODY[:size]
        assert _leftovers(target.parent) == []


def test_as_long_as_bytes_arrive_attempts_are_not_counted(
    server: FileServer, tmp_path: Path
) -> None:
    url = server.serve("/data.bin", BODY)
    server.cut = lambda n_bytes: 10_000 if n_bytes > 10_000 else None
    download(url, tmp_path / "data.bin", patience=QUICK)
    assert (tmp_path / "data.bin").read_bytes() == BODY
    assert len(server.asked) == 30


def test_a_later_process_goes_on_where_the_last_one_stopped(
    server: FileServer, tmp_path: Path
) -> None:
    url = server.serve("/data.bin", BODY)
    _break_off(server, url, tmp_path / "data.bin", 100_000)
    assert not (tmp_path / "data.bin").exists()
    download(url, tmp_path / "data.bin", patience=QUICK)
    assert (tmp_path / "data.bin").read_bytes() == BODY
    assert [asked.headers["Range"] for asked in server.asked] == ["bytes=100000-"]


def test_a_process_that_dies_before_the_last_step_leaves_nothing_to_send(
    server: FileServer, tmp_path: Path
) -> None:
    url = server.serve("/data.bin", BODY)
    _break_off(server, url, tmp_path / "data.bin", 100_000)
    (tmp_path / ".data.bin.part").write_bytes(BODY)
    download(url, tmp_path / "data.bin", patience=QUICK)
    assert (tmp_path / "data.bin").read_bytes() == BODY
    assert server.asked == []


@pytest.mark.parametrize("size", [50_000, 200_000])
def test_a_part_that_does_not_fit_the_file_is_thrown_away(
    server: FileServer, tmp_path: Path, size: int
) -> None:
    url = server.serve("/data.bin", BODY, ETag='"same"')
    _break_off(server, url, tmp_path / "data.bin", 100_000)
    server.serve("/data.bin", BODY[::-1][:size], ETag='"same"')
    download(url, tmp_path / "data.bin", patience=QUICK)
    assert (tmp_path / "data.bin").read_bytes() == BODY[::-1][:size]


def test_a_server_may_answer_a_range_in_pieces(server: FileServer, tmp_path: Path) -> None:
    url = server.serve("/data.bin", BODY)
    server.files["/data.bin"].longest_range = 70_000
    cuts = [50_000]
    server.cut = lambda _: cuts.pop() if cuts else None
    download(url, tmp_path / "data.bin", patience=QUICK)
    assert (tmp_path / "data.bin").read_bytes() == BODY
    server.serve("/data.bin", BODY[::-1])
    server.files["/data.bin"].longest_range = 0
    cuts = [50_000]
    with pytest.raises(FetchError, match="206"):
        download(url, tmp_path / "data.bin", patience=QUICK)


def test_a_file_that_changed_in_between_starts_again(server: FileServer, tmp_path: Path) -> None:
    url = server.serve("/data.bin", BODY)

    def cut(_: int) -> int | None:
        if len(server.asked) > 1:
            return None
        server.serve("/data.bin", BODY[::-1])
        return 50_000

    server.cut = cut
    download(url, tmp_path / "data.bin", patience=QUICK)
    assert (tmp_path / "data.bin").read_bytes() == BODY[::-1]


def test_a_file_that_changes_all_the_time_is_an_error(server: FileServer, tmp_path: Path) -> None:
    url = server.serve("/data.bin", BODY)

    def cut(_: int) -> int:
        server.serve("/data.bin", BODY, ETag=f'"{len(server.asked)}"')
        return 50_000

    server.cut = cut
    with pytest.raises(FetchError, match="changes on the server"):
        download(url, tmp_path / "data.bin", patience=QUICK)


@pytest.mark.parametrize("tag", ["", 'W/"weak"'])
def test_without_a_strong_validator_nothing_is_resumed(
    server: FileServer, tmp_path: Path, tag: str
) -> None:
    url = server.serve("/data.bin", BODY, ETag=tag)
    cuts = [50_000]
    server.cut = lambda _: cuts.pop(0) if cuts else None
    download(url, tmp_path / "data.bin", patience=QUICK)
    assert (tmp_path / "data.bin").read_bytes() == BODY
    assert not any("Range" in asked.headers for asked in server.asked)


def test_an_unchanged_file_is_not_sent_twice(server: FileServer, tmp_path: Path) -> None:
    url = server.serve("/data.bin", BODY)
    for _ in range(2):
        download(url, tmp_path / "data.bin", patience=QUICK)
    assert server.asked[-1].headers["If-None-Match"] == server.files["/data.bin"].etag
    server.serve("/data.bin", b"new")
    download(url, tmp_path / "data.bin", patience=QUICK)
    assert (tmp_path / "data.bin").read_bytes() == b"new"


def test_a_broken_update_does_not_pass_the_old_file_off_as_new(
    server: FileServer, tmp_path: Path
) -> None:
    url = server.serve("/data.bin", b"old")
    download(url, tmp_path / "data.bin", patience=QUICK)
    server.serve("/data.bin", BODY)
    server.cut = lambda _: 0
    with pytest.raises(FetchError):
        download(url, tmp_path / "data.bin", patience=QUICK)
    server.cut = lambda _: None
    download(url, tmp_path / "data.bin", patience=QUICK)
    assert (tmp_path / "data.bin").read_bytes() == BODY


def test_the_server_says_how_long_to_wait(server: FileServer, tmp_path: Path) -> None:
    url = server.serve("/data.bin", BODY)
    server.answers = [(429, {"Retry-After": "1"}), (503, {})]
    began = time.monotonic()
    download(url, tmp_path / "data.bin", patience=QUICK)
    assert time.monotonic() - began >= 1
    assert (tmp_path / "data.bin").read_bytes() == BODY


def test_a_wait_of_hours_is_left_to_the_user(server: FileServer, tmp_path: Path) -> None:
    url = server.serve("/data.bin", BODY)
    server.answers = [(429, {"Retry-After": "7200"})]
    with pytest.raises(FetchError, match="asks to wait 7,200 seconds") as caught:
        download(url, tmp_path / "data.bin", patience=QUICK)
    assert caught.value.retryable


def test_retry_after_is_seconds_or_a_date() -> None:
    later = datetime.now(tz=UTC) + timedelta(seconds=90)
    assert _retry_after("7") == 7
    assert 60 < (_retry_after(format_datetime(later, usegmt=True)) or 0) <= 90
    assert _retry_after("Wed, 21 Oct 2015 07:28:00 -0000") == 0
    assert _retry_after("soon") is None
    assert _retry_after(None) is None


@pytest.mark.parametrize("status", [401, 403, 404, 410, 451])
def test_a_refusal_is_not_asked_for_twice(server: FileServer, tmp_path: Path, status: int) -> None:
    server.answers = [(status, {})]
    with pytest.raises(FetchError, match=rf"\({status}\)") as caught:
        download(f"{server.url}/data.bin", tmp_path / "data.bin", patience=QUICK)
    assert not caught.value.retryable
    assert len(server.asked) == 1


@pytest.mark.parametrize("name", ["a.gz", "a.jsonl", "a.csv", "a.parquet"])
def test_a_web_page_is_not_data(server: FileServer, tmp_path: Path, name: str) -> None:
    url = server.serve(f"/blob/{name}", b"<html>", Content_Type="text/html; charset=utf-8")
    with pytest.raises(FetchError, match="web page") as caught:
        download(url, tmp_path / name, patience=QUICK)
    assert f"/resolve/{name}" in str(caught.value.fix)
    assert not (tmp_path / name).exists()


def test_a_file_compressed_on_its_way_is_refused_unless_it_is_its_own_form(
    server: FileServer, tmp_path: Path
) -> None:
    url = server.serve("/data.jsonl", b"\x1f\x8b", Content_Encoding="gzip")
    with pytest.raises(FetchError, match="compresses"):
        download(url, tmp_path / "data.jsonl", patience=QUICK)
    url = server.serve("/data.jsonl.gz", b"\x1f\x8b", Content_Encoding="gzip")
    download(url, tmp_path / "data.jsonl.gz", patience=QUICK)
    assert (tmp_path / "data.jsonl.gz").read_bytes() == b"\x1f\x8b"


def test_two_writers_do_not_mix_their_bytes(server: FileServer, tmp_path: Path) -> None:
    url = server.serve("/data.bin", BODY)
    with _alone(tmp_path / "data.bin"), pytest.raises(FetchError, match="Another process"):
        download(url, tmp_path / "data.bin", patience=QUICK)


def test_a_server_that_is_not_there_is_an_error_that_waiting_may_mend(tmp_path: Path) -> None:
    with pytest.raises(FetchError) as caught:
        download("http://127.0.0.1:9/data.bin", tmp_path / "data.bin", patience=QUICK)
    assert caught.value.retryable


def test_a_disk_that_cannot_be_written_is_an_error(server: FileServer, tmp_path: Path) -> None:
    url = server.serve("/data.bin", BODY)
    (tmp_path / ".data.bin.part").mkdir()
    with pytest.raises(FetchError, match="could not be stored"):
        download(url, tmp_path / "data.bin", patience=QUICK)
