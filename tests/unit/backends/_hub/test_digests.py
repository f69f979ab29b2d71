from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING

import pytest

from prefdata.backends._hub.digests import content_digest, named_digest, settings_digest

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []


def test_a_digest_is_computed_again_when_the_file_changes(tmp_path: Path) -> None:
    file = tmp_path / "weights"
    file.write_bytes(b"one")
    os.utime(file, ns=(1, 1))
    first = content_digest(file)
    file.write_bytes(b"two")
    os.utime(file, ns=(2, 2))
    assert content_digest(file) != first
    # Not read again: the same size and time mean the same bytes.
    file.write_bytes(b"one")
    os.utime(file, ns=(2, 2))
    assert content_digest(file) != first


def _linked(tmp_path: Path, body: bytes, blob: str) -> Path:
    """Put a file into a repository as the Hugging Face cache does."""
    place = tmp_path / "models--org--model"
    (place / "blobs").mkdir(parents=True)
    (place / "blobs" / blob).write_bytes(body)
    (place / "snapshots" / "c0ffee").mkdir(parents=True)
    file = place / "snapshots" / "c0ffee" / "model.safetensors"
    file.symlink_to(f"../../blobs/{blob}")
    return file


def test_a_blob_of_the_cache_is_not_read_for_the_digest_it_is_named_by(tmp_path: Path) -> None:
    name = hashlib.sha256(b"published").hexdigest()
    assert named_digest(_linked(tmp_path, b"never read", name)) == name


@pytest.mark.parametrize("blob", ["0" * 40, "0" * 63, "A" * 64, "weights"])
def test_a_blob_of_another_name_is_read(tmp_path: Path, blob: str) -> None:
    assert named_digest(_linked(tmp_path, b"body", blob)) == hashlib.sha256(b"body").hexdigest()


def test_a_link_out_of_another_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / ("0" * 64)).write_bytes(b"body")
    (tmp_path / "link").symlink_to("0" * 64)
    assert named_digest(tmp_path / "link") == hashlib.sha256(b"body").hexdigest()


def test_a_link_to_nothing_is_an_error(tmp_path: Path) -> None:
    file = _linked(tmp_path, b"", "0" * 64)
    file.resolve().unlink()
    with pytest.raises(FileNotFoundError):
        named_digest(file)


def test_settings_count_by_their_meaning(tmp_path: Path) -> None:
    one, other = tmp_path / "one.json", tmp_path / "other.json"
    one.write_text(json.dumps({"a": 1, "b": 2, "transformers_version": "5", "chat": "x"}))
    other.write_text(json.dumps({"b": 2, "a": 1}, indent=3))
    assert settings_digest(one, ("chat",)) == settings_digest(other)
    assert settings_digest(one) != settings_digest(other)


@pytest.mark.parametrize("text", ["not JSON", '{"a": NaN}'])
def test_settings_that_cannot_be_read_count_by_their_bytes(tmp_path: Path, text: str) -> None:
    file = tmp_path / "settings.json"
    file.write_text(text)
    assert settings_digest(file) == content_digest(file)


def test_settings_that_are_a_list_have_a_digest(tmp_path: Path) -> None:
    file = tmp_path / "modules.json"
    file.write_text("[1, 2]")
    assert settings_digest(file) != content_digest(file)
