"""A file that is not the pinned one is found out, by name, size or digest."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from prefdata.core.errors import SourceDriftError
from prefdata.fetch.cards import CardFile, card
from prefdata.fetch.digests import check_file, pins_of
from prefdata.protocols import RawFile

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

BODY = b"rows"
RIGHT = hashlib.sha256(BODY).hexdigest()
WRONG = "0" * 64


@pytest.fixture
def raw(tmp_path: Path) -> RawFile:
    path = tmp_path / "a.csv"
    path.write_bytes(BODY)
    return RawFile(path=path, name="a.csv")


def test_the_right_file_passes(raw: RawFile) -> None:
    assert check_file(raw, [CardFile(path="a.csv", bytes=4, sha256=RIGHT)])
    assert check_file(raw, [CardFile(path="a.csv", bytes=4)])


def test_a_file_without_a_pin_is_not_checked(raw: RawFile) -> None:
    assert not check_file(raw, [CardFile(path="a.csv", rows=1)])
    assert not check_file(raw, [])


def test_the_error_names_both_digests(raw: RawFile) -> None:
    with pytest.raises(SourceDriftError) as caught:
        check_file(raw, [CardFile(path="a.csv", sha256=WRONG)])
    assert WRONG in caught.value.what
    assert RIGHT in caught.value.what
    assert caught.value.where == str(raw.path)


def test_a_wrong_size_is_an_error_too(raw: RawFile) -> None:
    with pytest.raises(SourceDriftError, match="expected 5 bytes, found 4 bytes"):
        check_file(raw, [CardFile(path="a.csv", bytes=5)])


def test_a_file_given_alone_may_be_any_of_its_name(raw: RawFile) -> None:
    pins = [CardFile(path="x/a.csv", sha256=WRONG), CardFile(path="y/a.csv", sha256=RIGHT)]
    assert check_file(raw, pins)
    assert not check_file(raw, [*pins, CardFile(path="z/a.csv")])


def test_pins_are_found_with_fewer_and_with_more_folders() -> None:
    source = card("hh-rlhf")
    assert [pin.path for pin in pins_of("harmless-base/test.jsonl.gz", source)] == [
        "harmless-base/test.jsonl.gz"
    ]
    assert len(pins_of("test.jsonl.gz", source)) == 4
    assert len(pins_of("data/helpful-base/test.jsonl.gz", source)) == 1
    assert pins_of("other.jsonl.gz", source) == []
