"""A workspace is found from below, made once, and never put over other files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prefdata.catalog.workspace import SETTINGS, Bucket, Workspace
from prefdata.core.errors import WorkspaceError

if TYPE_CHECKING:
    from pathlib import Path


def test_a_workspace_is_found_from_a_folder_below(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Workspace.create(tmp_path / "w")
    below = made.root / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.delenv("PREFDATA_HOME", raising=False)
    monkeypatch.chdir(below)
    assert Workspace.find() == made


def test_the_environment_names_the_workspace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Workspace.create(tmp_path / "w")
    monkeypatch.setenv("PREFDATA_HOME", str(made.root))
    assert Workspace.find() == made


def test_making_a_workspace_twice_keeps_the_first(tmp_path: Path) -> None:
    Workspace.create(tmp_path)
    settings = tmp_path / SETTINGS
    settings.write_text(settings.read_text().replace('"warehouse"', '"elsewhere"'))
    assert Workspace.create(tmp_path).warehouse == tmp_path / "elsewhere"


def test_no_workspace_says_how_to_make_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PREFDATA_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(WorkspaceError, match="no workspace") as caught:
        Workspace.find()
    assert "prefdata init" in str(caught.value)
    with pytest.raises(WorkspaceError, match=SETTINGS):
        Workspace.find(tmp_path / "nothing")


def test_a_file_is_no_place_for_a_workspace(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x")
    with pytest.raises(WorkspaceError, match="file stands"):
        Workspace.create(tmp_path / "f")


@pytest.mark.parametrize("text", ["[catalog]\n", "not toml", "[catalog]\nuri = 'x'\n"])
def test_broken_settings_name_the_file(tmp_path: Path, text: str) -> None:
    (tmp_path / SETTINGS).write_text(text)
    with pytest.raises(WorkspaceError, match="cannot be read") as caught:
        Workspace.find(tmp_path)
    assert str(caught.value.where).endswith(SETTINGS)


def test_a_url_of_a_server_is_kept_as_it_is(tmp_path: Path) -> None:
    uri = "postgresql+psycopg2://someone@somewhere/catalog"
    (tmp_path / SETTINGS).write_text(f'[catalog]\nuri = "{uri}"\nwarehouse = "w"\n')
    assert Workspace.find(tmp_path).uri == uri


def _settings(folder: Path, warehouse: str, storage: str = "") -> Workspace:
    catalog = f'[catalog]\nuri = "sqlite:///catalog.db"\nwarehouse = "{warehouse}"\n'
    (folder / SETTINGS).write_text(f"{catalog}[storage]\n{storage}")
    return Workspace.find(folder)


def test_a_warehouse_in_a_bucket_has_its_copies_beside_the_settings(tmp_path: Path) -> None:
    workspace = _settings(
        tmp_path,
        "s3://prefs/team/one/",
        'endpoint = "http://minio:9000/"\nregion = "eu-west-1"\ncache_gib = 0.5\n',
    )
    assert workspace.warehouse == tmp_path / "cache" / "warehouse"
    assert workspace.bucket == Bucket(
        "prefs", "team/one", "http://minio:9000", "eu-west-1", 512 << 20
    )
    assert workspace.bucket.address == "s3://prefs/team/one"


def test_a_bucket_needs_no_prefix_and_no_section_of_storage(tmp_path: Path) -> None:
    bucket = _settings(tmp_path, "s3://prefs").bucket
    assert bucket is not None
    assert (bucket.address, bucket.endpoint, bucket.region) == ("s3://prefs", None, None)


@pytest.mark.parametrize(
    ("warehouse", "storage"),
    [
        ("gs://bucket/x", ""),
        ("s3://", ""),
        ("s3://AKIAXYZ1:xyz1@bucket/x", ""),
        ("s3://bucket/a b", ""),
        ("s3://bucket/../x", ""),
        ("s3://bucket/x?key=xyz1", ""),
        ("s3://bucket", 'access_key = "xyz1"'),
        ("s3://bucket", 'endpoint = "http://user:xyz1@host"'),
        ("s3://bucket", 'endpoint = "host:9000"'),
        ("s3://bucket", 'cache_gib = "much"'),
    ],
)
def test_a_place_that_cannot_be_is_refused_and_no_key_is_repeated(
    warehouse: str, storage: str, tmp_path: Path
) -> None:
    with pytest.raises(WorkspaceError, match="settings cannot be read") as caught:
        _settings(tmp_path, warehouse, storage)
    assert "xyz1" not in str(caught.value).lower()
