"""Without a network the user is told what to download, from where, and what to run then."""

from __future__ import annotations

import pytest

from prefdata.fetch.cards import card
from prefdata.fetch.offline import by_hand, dataset_page, offline_reason

__all__: list[str] = []


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PREFDATA_OFFLINE", "HF_HUB_OFFLINE", "HF_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("name", ["PREFDATA_OFFLINE", "HF_HUB_OFFLINE"])
@pytest.mark.parametrize("value", ["1", "true", "ON", "yes"])
def test_a_variable_takes_the_network_away(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    assert offline_reason(offline=False) == f"{name}={value} is set"


@pytest.mark.parametrize("value", ["", "0", "false"])
def test_a_variable_that_is_off_does_not(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("PREFDATA_OFFLINE", value)
    assert offline_reason(offline=False) is None
    assert offline_reason(offline=True) == "--offline was given"


def test_the_page_follows_the_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    assert dataset_page("org/toy", None) == "https://huggingface.co/datasets/org/toy/tree/main"
    monkeypatch.setenv("HF_ENDPOINT", "https://mirror.example/")
    assert dataset_page("org/toy", "v1") == "https://mirror.example/datasets/org/toy/tree/v1"


def test_the_message_has_files_with_facts_the_page_and_the_command() -> None:
    source = card("hh-rlhf")
    missing = [file for file in source.files if "test" in file.path or file.optional]
    error = by_hand(source, missing, "--offline was given")
    fix = str(error.fix)
    assert error.what == "5 files of hh-rlhf could not be fetched: --offline was given."
    assert error.where == (
        "https://huggingface.co/datasets/Anthropic/hh-rlhf/tree/"
        "09be8c5bbc57cb3887f3a9732ad6aa7ec602a1fa"
    )
    assert error.retryable
    assert "harmless-base/test.jsonl.gz                   2,312 rows, 742,801 bytes\n" in fix
    assert "red_team_attempts.jsonl.gz  38,961 rows, optional\n" in fix
    assert "helpful-base/train" not in fix
    assert fix.endswith("prefdata ingest hh-rlhf --from <folder>")
