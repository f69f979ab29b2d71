from __future__ import annotations

import hashlib
import hmac
import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import polars as pl
import pytest

from prefdata.core.errors import UserError
from prefdata.privacy.pseudonyms import (
    KEY_FILE,
    Key,
    Pseudonyms,
    key_path,
    load_key,
    pseudonyms,
)

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

_KEY = Key(bytes(range(32)))


def test_a_pseudonym_is_the_first_digits_of_the_keyed_hash() -> None:
    names = pseudonyms(pl.Series(["prism", "hh"]), pl.Series("who", ["user0", None]), _KEY)
    message = b"prefdata.annotator.v1|prism|user0"
    assert names.to_list() == [
        hmac.new(bytes(range(32)), message, hashlib.sha256).hexdigest()[:24],
        None,
    ]
    assert names.to_list()[0] == "ad033fbfde82c1009a6a4d81"
    assert names.name == "who"


def test_equal_ids_have_equal_names_within_a_source_only() -> None:
    names = pseudonyms(pl.Series(["a", "b", "a"]), pl.Series(["x", "x", "x"]), _KEY).to_list()
    assert names[0] == names[2] != names[1]


def test_frame_by_frame_the_names_are_those_of_all_at_once() -> None:
    sources = pl.Series(["a", "b", None, "a", "b", "a", None])
    ids = pl.Series("annotator_id", ["x", "x", "x", None, "y", "x", "x"])
    by_frame = Pseudonyms(_KEY)
    parts = [by_frame.of(sources[n : n + 2], ids[n : n + 2]) for n in range(0, 7, 2)]
    assert pl.concat(parts).equals(pseudonyms(sources, ids, _KEY), check_names=True)


def test_a_derived_key_gives_names_that_cannot_be_linked() -> None:
    first, second = _KEY.derive("me/data@v1"), _KEY.derive("me/data@v2")
    ids = pl.Series([f"user{n}" for n in range(50)])
    sources = pl.Series(["prism"] * 50)
    all_names = [set(pseudonyms(sources, ids, key)) for key in (_KEY, first, second)]
    assert len(set.union(*all_names)) == 150
    assert first == _KEY.derive("me/data@v1")


def test_printing_a_key_shows_its_fingerprint_alone() -> None:
    shown = f"{_KEY!r} {_KEY} {[_KEY]}"
    assert _KEY.secret.hex() not in shown
    assert repr(_KEY.secret) not in shown
    assert _KEY.fingerprint == hashlib.sha256(bytes(range(32))).hexdigest()[:12]
    assert _KEY.fingerprint in shown
    assert pickle.loads(pickle.dumps(_KEY)) == _KEY  # noqa: S301 - our own bytes


def test_a_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "annotators.key"
    with ThreadPoolExecutor(4) as pool:
        keys = list(pool.map(lambda _: load_key(path), range(8)))
    assert len({key.secret for key in keys}) == 1
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["annotators.key"]


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "annotators.key"
    load_key(path)
    path.chmod(0o640)
    with pytest.raises(UserError, match=r"chmod 600"):
        load_key(path)


def test_a_key_inside_of_what_is_shared_is_refused_and_not_made(tmp_path: Path) -> None:
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    link = tmp_path / "elsewhere"
    link.symlink_to(tmp_path / "workspace", target_is_directory=True)
    for place, outside in (
        ("workspace/k", ["workspace"]),
        ("elsewhere/k", ["workspace"]),
        ("repository/k", []),
    ):
        with pytest.raises(UserError, match=r"must not lie in"):
            load_key(tmp_path / place, outside=[tmp_path / folder for folder in outside])
    assert not list(tmp_path.rglob("k"))


def test_a_file_that_holds_no_key_is_refused_without_its_content(tmp_path: Path) -> None:
    path = tmp_path / "annotators.key"
    path.write_text("my password")
    path.chmod(0o600)
    with pytest.raises(UserError) as caught:
        load_key(path)
    assert "password" not in str(caught.value)


def test_the_key_lies_where_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv(KEY_FILE, raising=False)
    assert key_path() == tmp_path / "prefdata" / "annotators.key"
    monkeypatch.setenv(KEY_FILE, str(tmp_path / "other.key"))
    assert key_path() == tmp_path / "other.key"
    monkeypatch.setattr("sys.platform", "win32")
    monkeypatch.setenv("APPDATA", str(tmp_path / "roaming"))
    monkeypatch.delenv(KEY_FILE)
    assert key_path() == tmp_path / "roaming" / "prefdata" / "annotators.key"
