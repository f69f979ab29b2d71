"""Digests are pinned: a change here would rename every row and every snapshot."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.core.fingerprint import canonical_json, digest, file_digest

__all__: list[str] = []

_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)  # fmt: skip


@pytest.mark.parametrize(
    ("value", "text", "name"),
    [
        (None, "null", "74234e98afe7498fb5daf1f36ac2d78a"),
        ("", '""', "12ae32cb1ec02d01eda3581b127c1fee"),
        (
            {"b": [1, 2.5, None, True], "a": {"z": "ä\n", "y": "\N{GRINNING FACE}"}},
            '{"a":{"y":"😀","z":"ä\\n"},"b":[1,2.5,null,true]}',
            "a06d443f6102fc0771ad85cc1ed23d99",
        ),
        ([Path("a/b"), (1, 2)], '["a/b",[1,2]]', "e5756629c59ae5626259aeb27a9bbfa3"),
    ],
)
def test_the_digest_of_a_value_never_changes(value: object, text: str, name: str) -> None:
    assert canonical_json(value) == text
    assert digest(value) == hashlib.sha256(text.encode()).hexdigest()[:32] == name


@pytest.mark.parametrize("value", [float("nan"), [float("inf")], {"a": -float("inf")}])
def test_what_is_no_number_has_no_name(value: object) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        digest(value)


@pytest.mark.parametrize("value", [b"bytes", {1, 2}, object()])
def test_what_is_no_json_has_no_name(value: object) -> None:
    with pytest.raises(TypeError, match="no canonical JSON form"):
        canonical_json(value)


@given(_JSON)
def test_the_canonical_form_reads_back(value: object) -> None:
    assert json.loads(canonical_json(value)) == value


@given(st.dictionaries(st.text(max_size=4), st.integers(), max_size=5), st.randoms())
def test_the_order_of_keys_does_not_count(value: dict[str, int], chance: Any) -> None:
    items = list(value.items())
    chance.shuffle(items)
    assert digest(dict(items)) == digest(value)


@pytest.mark.parametrize("n_bytes", [0, 1, 1 << 20, (1 << 20) + 7, 3 << 20])
def test_the_digest_of_a_file_is_that_of_its_bytes(n_bytes: int, tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes((bytes(range(256)) * (n_bytes // 256 + 1))[:n_bytes])
    assert file_digest(path) == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_file_that_is_not_there_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        file_digest(tmp_path / "none")
