"""The doctor says what is there, what is not, and which command brings it."""

from __future__ import annotations

import importlib.util
import sys
from importlib import metadata
from typing import TYPE_CHECKING, Any

import pytest

from prefdata.catalog import Catalog
from prefdata.doctor import examine

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []


def _parts(workspace: Path) -> dict[str, dict[str, Any]]:
    found = examine(workspace)
    assert all(set(record) == {"part", "state", "more"} for record in found)
    return {record["part"]: record for record in found}


def test_what_is_installed_is_named_with_its_version(tmp_path: Path) -> None:
    parts = _parts(tmp_path)
    assert parts["python"]["state"] == ".".join(map(str, sys.version_info[:3]))
    for name in ("prefdata", "polars", "pyarrow", "duckdb", "pyiceberg", "pydantic", "typer"):
        assert parts[name]["state"] == metadata.version(name)


@pytest.mark.parametrize("is_there", [False, True])
def test_an_extra_comes_with_its_version_or_its_command(
    is_there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = object() if is_there else None
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: spec)
    monkeypatch.setattr(metadata, "version", lambda name: f"1.0 of {name}")
    part = _parts(tmp_path)["huggingface_hub"]
    if is_there:
        assert part["state"] == "1.0 of huggingface-hub"
        assert "pip" not in part["more"]
    else:
        assert part["state"] == "not installed"
        assert part["more"].endswith(": pip install 'prefdata[hub]'")


def test_a_folder_named_like_a_library_is_not_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ray").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "ray", raising=False)
    found = metadata.version

    def version(name: str) -> str:
        if name == "ray":
            raise metadata.PackageNotFoundError(name)
        return found(name)

    monkeypatch.setattr(metadata, "version", version)
    assert importlib.util.find_spec("ray") is not None
    part = _parts(tmp_path)["ray"]
    assert part["state"] == "not installed"
    assert "pip install 'prefdata[ray]'" in part["more"]


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({}, "allowed"),
        ({"PREFDATA_OFFLINE": "1"}, "off"),
        ({"PREFDATA_OFFLINE": "0"}, "allowed"),
        ({"HF_HUB_OFFLINE": "false"}, "allowed"),
    ],
)
def test_the_network_is_off_when_a_variable_says_so(
    values: dict[str, str], state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PREFDATA_OFFLINE", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    part = _parts(tmp_path)["network"]
    assert part["state"] == state
    assert ("PREFDATA_OFFLINE=1 is set" in part["more"]) == (state == "off")


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "OPENAI_BASE_URL"])
@pytest.mark.parametrize(("value", "state"), [(None, "not set"), ("", "not set"), ("xyz1", "set")])
def test_a_variable_of_language_models_is_set_or_not_and_its_value_stays_unsaid(
    name: str, value: str | None, state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(name, raising=False)
    if value is not None:
        monkeypatch.setenv(name, value)
    parts = _parts(tmp_path)
    assert parts[name]["state"] == state
    assert "xyz1" not in str(parts)


def test_the_client_of_language_models_has_a_line(tmp_path: Path) -> None:
    parts = _parts(tmp_path)
    assert parts["aiohttp"]["state"] in ("not installed", metadata.version("aiohttp"))


@pytest.mark.parametrize(
    ("variables", "state"),
    [
        ({}, "none"),
        ({"HF_TOKEN": "hf_xyz1"}, "found"),
        ({"HUGGING_FACE_HUB_TOKEN": "hf_xyz1"}, "found"),
        ({"HF_HOME": "$TOKEN_FOLDER"}, "found"),
        ({"HF_TOKEN_PATH": "$TOKEN_FOLDER/token"}, "found"),
        ({"HF_TOKEN_PATH": "$TOKEN_FOLDER/none", "HF_HOME": "$TOKEN_FOLDER"}, "none"),
    ],
)
def test_a_token_of_the_hub_is_found_or_not_and_stays_unsaid(
    variables: dict[str, str], state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "token").write_text("hf_xyz1")
    monkeypatch.setenv("TOKEN_FOLDER", str(tmp_path))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    parts = _parts(tmp_path)
    assert parts["token of the hub"]["state"] == state
    assert "xyz1" not in str(parts)


def test_a_folder_without_a_workspace_is_answered_with_what_to_do(tmp_path: Path) -> None:
    part = _parts(tmp_path)["workspace"]
    assert part["state"] == "none"
    assert part["more"]


def test_a_workspace_is_named_with_its_snapshot(tmp_path: Path) -> None:
    Catalog.create(tmp_path)
    part = _parts(tmp_path)["workspace"]
    assert part["state"] == "snapshot #0"
    assert str(tmp_path) in part["more"]
    assert "no source yet" in part["more"]
    assert part["more"].endswith("GiB free")


def test_a_folder_of_data_files_is_told_as_one(tmp_path: Path) -> None:
    Catalog.create(tmp_path)
    part = _parts(tmp_path)["warehouse"]
    assert (part["state"], part["more"]) == ("folder", str(tmp_path / "warehouse"))


@pytest.mark.parametrize(
    ("variables", "found"),
    [
        ({}, "none found; a role of the machine may do"),
        ({"AWS_ACCESS_KEY_ID": "AKIAXYZ1", "AWS_SECRET_ACCESS_KEY": "xyz1"}, "in the environment"),
        ({"AWS_PROFILE": "xyz1"}, "of AWS_PROFILE"),
        ({"AWS_SHARED_CREDENTIALS_FILE": "{folder}/prefdata.toml"}, "in ~/.aws"),
    ],
)
def test_an_object_store_is_told_with_its_place_and_never_with_a_key(
    variables: dict[str, str], found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(folder=tmp_path))
    settings = tmp_path / "prefdata.toml"
    Catalog.create(tmp_path)  # while the warehouse is a folder; nothing is asked over the network
    settings.write_text(settings.read_text().replace('"warehouse"', '"s3://prefs/team"'))
    part = _parts(tmp_path)["warehouse"]
    assert part["state"] == "object store"
    assert part["more"].startswith("s3://prefs/team at ")
    assert f"credentials: {found}; copies in" in part["more"]
    assert "xyz1" not in part["more"].lower()
