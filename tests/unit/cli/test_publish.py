"""`prefdata publish` through the real clients of the hub, against a loopback server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from prefdata.testing.hub_server import HubServer, clients_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.unit.cli.conftest import Run

__all__: list[str] = []

_TITLE = ("--set", "title=Cleaned pairs", "--set", "language=en")


@pytest.fixture(autouse=True)
def key_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the key of pseudonyms away from that of whoever runs the tests."""
    monkeypatch.setenv("PREFDATA_KEY_FILE", str(tmp_path / "keys" / "annotators.key"))


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubServer]:
    with HubServer() as server:
        server.add_token("hf_secret", "ada", role="write")
        with clients_of(server.endpoint, "hf_secret", tmp_path / "home"):
            yield server


def test_a_recipe_is_published_once_and_its_token_is_never_told(
    run: Run, workspace: Path, hub: HubServer
) -> None:
    args = ("publish", "publish", "ada/pairs", "-w", workspace, *_TITLE)
    dry = run(*args, "--dry-run")
    assert (dry.status, hub.log.find("/commit/")) == (0, [])
    assert "add" in dry.stdout
    assert "nothing was sent" in dry.stdout
    assert "made a key for pseudonyms" in dry.stderr
    told = run(*args, "--private")
    assert told.status == 0, told.stderr
    assert "published: " in told.stdout
    assert "rows are the same" in told.stdout
    assert "not legal advice" in told.stdout
    again = run(*args)
    assert "was there already: " in again.stdout
    assert len(hub.log.find("/commit/")) == 1
    receipt = run("sql", "FROM publications", "-w", workspace, "-o", "jsonl")
    rows = [json.loads(line) for line in receipt.stdout.splitlines()]
    assert {row["target"] for row in rows} == {"ada/pairs"}
    assert [row["is_new"] for row in rows].count(True) == 1
    for answer in (dry, told, again):
        assert "hf_secret" not in answer.stdout + answer.stderr


def test_without_a_target_nothing_touches_a_network(run: Run, workspace: Path) -> None:
    told = run("publish", "publish", "-w", workspace, *_TITLE, "--json")
    assert told.status == 0, told.stderr
    said = json.loads(told.stdout.splitlines()[-1])
    assert (said["commit"], said["changes"], said["license"]) == (None, None, "MIT")
    assert (workspace / "publication" / "README.md").is_file()


def test_a_refusal_lists_every_finding_and_what_to_do(run: Run, workspace: Path) -> None:
    told = run("publish", "publish", "-w", workspace, *_TITLE, "--set", "license=CC-BY-NC-4.0-X")
    assert told.status == 3
    assert "refuse L030" in told.stdout
    assert "error[refused]" in told.stderr
    strict = run("publish", "publish", "-w", workspace, *_TITLE, "--strict")
    assert strict.status == 3
    assert "warn S002" in strict.stdout
