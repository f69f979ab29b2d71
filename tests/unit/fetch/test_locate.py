"""Files of a source are found wherever they are, are what was pinned, or the user is told."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from prefdata.core.errors import FetchError, SourceDriftError, UserError
from prefdata.core.events import Event, Note, Progress, StepStarted
from prefdata.fetch import cards, fetch
from prefdata.fetch.locate import _address

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.fetch.conftest import FileServer

__all__: list[str] = []

REVISION = "09be8c5bbc57cb3887f3a9732ad6aa7ec602a1fa"
COMMIT = "c0ffee" + "0" * 34
FILES = {"data/a.csv": b"a,b\n1,2\n", "data/b.csv": b"a,b\n"}


def _toy(**changes: Any) -> dict[str, Any]:
    return {
        "source": "toy",
        "title": "Toy",
        "homepage": "https://example.org/toy",
        "hub": {"repo": "org/toy", "revision": COMMIT},
        "files": [
            {"path": name, "bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}
            for name, body in FILES.items()
        ],
        "licenses": {"prompts": "MIT", "responses": "MIT", "judgments": "MIT"},
        "citation": "Nobody (2026). Toy.",
        "annotators": "Two volunteers.",
        **changes,
    }


@pytest.fixture
def ship(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a call that ships a card of a toy source, in place of all others."""

    def write(**changes: Any) -> None:
        folder = tmp_path / "catalog" / "sources"
        folder.mkdir(parents=True)
        text = yaml.safe_dump(_toy(**changes))
        (folder / "toy.yaml").write_text(text, encoding="utf-8")
        monkeypatch.setattr(cards, "shipped_folder", lambda name: tmp_path / name)

    return write


def _put(folder: Path, files: dict[str, bytes]) -> None:
    for name, body in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)


def test_a_local_folder_needs_no_card(tmp_path: Path) -> None:
    _put(tmp_path / "in", FILES)
    found = fetch("mine", tmp_path / "in", cache=tmp_path / "cache")
    assert [(raw.name, raw.revision) for raw in found] == [
        ("data/a.csv", None),
        ("data/b.csv", None),
    ]
    assert fetch("mine", str(tmp_path / "in"), cache=tmp_path / "cache") == found


def test_local_files_are_verified_on_demand(tmp_path: Path, ship: Callable[..., None]) -> None:
    ship()
    _put(tmp_path / "in", {**FILES, "data/c.csv": b"?"})
    notes: list[Event] = []
    fetch("toy", tmp_path / "in", cache=tmp_path, verify=True, report=notes.append)
    assert notes == [Note("No digest is pinned for: data/c.csv.")]
    _put(tmp_path / "in", {"data/b.csv": b"other"})
    fetch("toy", tmp_path / "in", cache=tmp_path)
    with pytest.raises(SourceDriftError, match="not the pinned one"):
        fetch("toy", tmp_path / "in", cache=tmp_path, verify=True)


def test_files_of_a_source_without_a_card_cannot_be_verified(tmp_path: Path) -> None:
    _put(tmp_path / "in", FILES)
    with pytest.raises(UserError, match="no card"):
        fetch("mine", tmp_path / "in", cache=tmp_path, verify=True)


def test_a_source_without_pins_must_be_told_where_its_files_are(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no pinned files") as caught:
        fetch("mine", cache=tmp_path)
    assert "prefdata ingest mine --from" in str(caught.value.fix)


@pytest.mark.parametrize("origin", ["s3://bucket/key", "ftp://host/a.csv"])
def test_other_kinds_of_addresses_are_refused(tmp_path: Path, origin: str) -> None:
    with pytest.raises(UserError, match="cannot be fetched from"):
        fetch("mine", origin, cache=tmp_path)


def test_offline_the_error_lists_what_to_download(tmp_path: Path) -> None:
    with pytest.raises(FetchError) as caught:
        fetch("hh-rlhf", cache=tmp_path, offline=True)
    text = str(caught.value)
    assert "9 files of hh-rlhf could not be fetched: --offline was given." in text
    assert f"https://huggingface.co/datasets/Anthropic/hh-rlhf/tree/{REVISION}" in text
    assert "742,801 bytes" in text
    assert "prefdata ingest hh-rlhf --from <folder>" in text


def test_files_put_into_the_cache_by_hand_need_no_network(
    tmp_path: Path, ship: Callable[..., None]
) -> None:
    ship(files=[*_toy()["files"], {"path": "more.csv", "optional": True}])
    _put(tmp_path / "cache" / "toy" / COMMIT, FILES)
    events: list[Event] = []
    found = fetch("toy", cache=tmp_path / "cache", offline=True, report=events.append)
    assert [(raw.name, raw.revision, raw.path.read_bytes()) for raw in found] == [
        (name, COMMIT, body) for name, body in FILES.items()
    ]
    assert events == [Note("Optional files are not here and were left out: more.csv.")]


def test_a_cached_file_that_is_not_the_pinned_one_is_an_error(
    tmp_path: Path, ship: Callable[..., None]
) -> None:
    ship()
    _put(tmp_path / "cache" / "toy" / COMMIT, {**FILES, "data/a.csv": b"changed"})
    with pytest.raises(SourceDriftError) as caught:
        fetch("toy", cache=tmp_path / "cache", offline=True)
    assert hashlib.sha256(b"changed").hexdigest() in caught.value.what
    assert hashlib.sha256(FILES["data/a.csv"]).hexdigest() in caught.value.what


def test_a_pinned_address_is_downloaded_once_and_verified(
    server: FileServer, tmp_path: Path, ship: Callable[..., None]
) -> None:
    url = server.serve("/a.csv", FILES["data/a.csv"])
    entry = {**_toy()["files"][0], "url": url}
    ship(hub=None, files=[entry])
    events: list[Event] = []
    [raw] = fetch("toy", cache=tmp_path / "cache", report=events.append)
    assert raw.path.read_bytes() == FILES["data/a.csv"]
    assert StepStarted(step="fetch", stage="fetch", total=8, unit="bytes") in events
    assert events[-1] == Progress(step="fetch", done=8)
    server.asked.clear()
    assert fetch("toy", cache=tmp_path / "cache") == [raw]
    assert server.asked == []


def test_a_download_that_is_not_the_pinned_one_is_an_error(
    server: FileServer, tmp_path: Path, ship: Callable[..., None]
) -> None:
    url = server.serve("/a.csv", b"changed!")
    ship(hub=None, files=[{**_toy()["files"][0], "url": url}])
    with pytest.raises(SourceDriftError):
        fetch("toy", cache=tmp_path / "cache")


def test_a_network_that_fails_ends_in_what_to_download_by_hand(
    server: FileServer, tmp_path: Path, ship: Callable[..., None]
) -> None:
    ship(hub=None, files=[{**_toy()["files"][0], "url": f"{server.url}/gone.csv"}])
    with pytest.raises(FetchError) as caught:
        fetch("toy", cache=tmp_path / "cache")
    assert caught.value.what.startswith(
        "1 file of toy could not be fetched: The server has no such"
    )
    assert f"from {server.url}/gone.csv" in str(caught.value.fix)
    assert caught.value.where == "https://example.org/toy"


def test_a_file_that_is_nowhere_to_be_had_is_for_the_hand(
    server: FileServer, tmp_path: Path, ship: Callable[..., None]
) -> None:
    ship(hub=None)
    with pytest.raises(FetchError, match="names no place"):
        fetch("toy", cache=tmp_path / "cache")


def test_a_web_address_gives_one_file(server: FileServer, tmp_path: Path) -> None:
    server.serve("/x/a b.csv", b"1")
    [raw] = fetch("mine", f"{server.url}/x/a%20b.csv?raw=1", cache=tmp_path)
    assert (raw.name, raw.path.read_bytes()) == ("a b.csv", b"1")
    [raw] = fetch("mine", f"{server.url}/x/a%20b.csv#train/a.csv", cache=tmp_path)
    assert (raw.name, raw.path.read_bytes()) == ("train/a.csv", b"1")


def test_a_web_address_is_asked_again_and_kept_when_it_cannot_be(
    server: FileServer, tmp_path: Path
) -> None:
    url = server.serve("/a.csv", b"1")
    fetch("mine", url, cache=tmp_path)
    server.serve("/a.csv", b"2")
    [raw] = fetch("mine", url, cache=tmp_path)
    assert raw.path.read_bytes() == b"2"
    assert fetch("mine", url, cache=tmp_path, offline=True) == [raw]
    server.answers = [(429, {"Retry-After": "7200"})]
    events: list[Event] = []
    assert fetch("mine", url, cache=tmp_path, report=events.append) == [raw]
    assert "The file fetched before is used" in str(events[-1])


def test_a_web_address_that_is_not_cached_needs_a_network(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="is not in the cache"):
        fetch("mine", "https://example.org/a.csv", cache=tmp_path, offline=True)


@pytest.mark.parametrize(
    "origin", ["https://example.org", "https://example.org/", "https:///a.csv", "https://x/a#../b"]
)
def test_an_address_without_a_name_is_an_error(origin: str) -> None:
    with pytest.raises(UserError, match="does not end in the name"):
        _address(origin)


HH_FILES = {
    "harmless-base/train.jsonl.gz": b"x",
    "harmless-base/test.jsonl.gz": b"not the pinned bytes",
    "README.md": b"about",
}


def test_the_card_pins_the_revision_of_its_own_repository(
    server: FileServer, in_child: Callable[..., Any]
) -> None:
    server.serve_repository("Anthropic/hh-rlhf", REVISION, HH_FILES)
    place = "hf://datasets/Anthropic/hh-rlhf/harmless-base"
    found = in_child("hh-rlhf", f"{place}/train.jsonl.gz")
    assert found["files"] == [["harmless-base/train.jsonl.gz", REVISION, "x"]]
    assert not any(asked.path.endswith("/main") for asked in server.asked)
    assert in_child("hh-rlhf", place)["code"] == "source-drift"


def test_a_pinned_file_that_the_hub_lacks_is_for_the_hand(
    server: FileServer, in_child: Callable[..., Any]
) -> None:
    server.serve_repository("Anthropic/hh-rlhf", REVISION, HH_FILES)
    found = in_child("hh-rlhf", None)
    assert found["code"] == "fetch"
    assert "has no file 'helpful-base/train.jsonl.gz'" in found["error"]
    assert "harmless-base/train.jsonl.gz " not in found["error"]


def test_all_pinned_files_come_from_the_hub_and_are_verified(
    server: FileServer, tmp_path: Path, ship: Callable[..., None], in_child: Callable[..., Any]
) -> None:
    ship(files=[*_toy()["files"], {"path": "more.csv", "optional": True}])
    server.serve_repository("org/toy", COMMIT, FILES)
    found = in_child("toy", None, SHIPPED=str(tmp_path))
    assert found["files"] == [[name, COMMIT, body.decode()] for name, body in FILES.items()]
    assert found["notes"] == ["The revision has no more.csv; it is optional."]
    assert found["done"][-1] == sum(map(len, FILES.values()))
    server.asked.clear()
    assert (
        in_child("toy", None, SHIPPED=str(tmp_path), HF_HUB_OFFLINE="1")["files"] == found["files"]
    )
    assert server.asked == []


def test_a_shortened_pin_is_one_name_for_one_state(
    server: FileServer, tmp_path: Path, ship: Callable[..., None], in_child: Callable[..., Any]
) -> None:
    short = COMMIT[:7]
    ship(hub={"repo": "org/toy", "revision": short})
    server.serve_repository("org/toy", COMMIT, FILES)
    pinned = in_child("toy", None, SHIPPED=str(tmp_path))["files"]
    assert pinned == [[name, short, body.decode()] for name, body in FILES.items()]
    named = in_child("toy", f"hf://datasets/org/toy@{COMMIT}", SHIPPED=str(tmp_path))["files"]
    offline = in_child("toy", None, SHIPPED=str(tmp_path), PREFDATA_OFFLINE="1")["files"]
    assert pinned == named == offline


def test_a_card_without_a_revision_takes_main_and_says_so(
    server: FileServer, tmp_path: Path, ship: Callable[..., None], in_child: Callable[..., Any]
) -> None:
    ship(hub={"repo": "org/toy", "revision": None})
    server.serve_repository("org/toy", COMMIT, FILES)
    refused = in_child("toy", None, SHIPPED=str(tmp_path), PREFDATA_OFFLINE="1")["error"]
    assert "2 files of toy could not be fetched" in refused
    found = in_child("toy", None, SHIPPED=str(tmp_path))
    assert [file[1] for file in found["files"]] == [COMMIT, COMMIT]
    assert found["notes"] == [f"The card of toy pins no revision; main is {COMMIT}."]
