"""Places on the hub are read and written alike, patterns mean files, and files come by commit."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.core.errors import FetchError, MissingExtraError, UserError
from prefdata.fetch.hub import HubPath, Listing, _Bar, cached_file, list_files, select_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.fetch.conftest import FileServer

__all__: list[str] = []

COMMIT = "c0ffee" + "0" * 34
FILES = {
    "README.md": b"about",
    "data/train-0.jsonl": b"train 0",
    "data/train-1.jsonl": b"train 1",
    "data/deep/test.jsonl": b"test",
    "odd[1].jsonl": b"odd",
}
LISTING = Listing(repo="org/toy", commit=COMMIT, files=tuple(FILES))

names = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]*", fullmatch=True)
branches = st.from_regex(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)?", fullmatch=True)
special = st.builds("refs/{}/{}".format, st.sampled_from(["pr", "convert"]), names)
patterns = st.lists(names | st.sampled_from(["*", "**", "*.jsonl", "a?[bc]"])).map("/".join)


@given(
    st.builds(
        HubPath,
        repo=st.builds("{}/{}".format, names, names),
        revision=st.none() | branches | special,
        pattern=patterns,
    )
)
def test_an_origin_that_is_written_is_read_back(place: HubPath) -> None:
    assert HubPath.parse(str(place)) == place


@given(st.text())
def test_any_other_text_is_an_error_or_a_place(text: str) -> None:
    for origin in (text, f"hf://datasets/{text}"):
        try:
            place = HubPath.parse(origin)
        except UserError:
            continue
        assert HubPath.parse(str(place)) == place


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("hf://datasets/org/toy", HubPath("org/toy")),
        ("hf://datasets/org/toy/", HubPath("org/toy")),
        ("hf://datasets/org/toy@v1", HubPath("org/toy", "v1")),
        ("hf://datasets/org/toy@a%2Fb/c/d.csv", HubPath("org/toy", "a/b", "c/d.csv")),
        ("hf://datasets/org/toy@refs/pr/1/c", HubPath("org/toy", "refs/pr/1", "c")),
        ("hf://datasets/org/toy/a@b.csv", HubPath("org/toy", None, "a@b.csv")),
    ],
)
def test_the_parts_of_an_origin(text: str, place: HubPath) -> None:
    assert HubPath.parse(text) == place


@pytest.mark.parametrize(
    "text",
    [
        "hf://org/toy",
        "hf://models/org/toy",
        "hf://datasets/toy",
        "hf://datasets/org/toy@",
        "hf://datasets/org/toy/../../etc",
    ],
)
def test_what_is_no_dataset_on_the_hub_is_an_error(text: str) -> None:
    with pytest.raises(UserError, match="not a place in a dataset"):
        HubPath.parse(text)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("", ["data/deep/test.jsonl", "data/train-0.jsonl", "data/train-1.jsonl", "odd[1].jsonl"]),
        ("README.md", ["README.md"]),
        ("odd[1].jsonl", ["odd[1].jsonl"]),
        ("data", ["data/deep/test.jsonl", "data/train-0.jsonl", "data/train-1.jsonl"]),
        ("data/*.jsonl", ["data/train-0.jsonl", "data/train-1.jsonl"]),
        ("data/train-?.jsonl", ["data/train-0.jsonl", "data/train-1.jsonl"]),
        ("**/test.jsonl", ["data/deep/test.jsonl"]),
        ("data/**/*.jsonl", ["data/deep/test.jsonl", "data/train-0.jsonl", "data/train-1.jsonl"]),
        ("**/train-[1-9].jsonl", ["data/train-1.jsonl"]),
    ],
)
def test_a_pattern_means_a_file_a_folder_or_a_glob(pattern: str, found: list[str]) -> None:
    assert select_files(LISTING, pattern) == found


@pytest.mark.parametrize("pattern", ["*.csv", "dat", "*.md"])
def test_a_pattern_that_means_nothing_is_an_error(pattern: str) -> None:
    with pytest.raises(FetchError, match="matches"):
        select_files(LISTING, pattern)


def test_without_the_library_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    assert cached_file("org/toy", COMMIT, "a.csv") is None
    with pytest.raises(MissingExtraError) as caught:
        list_files("org/toy", None, folder=tmp_path)
    assert caught.value.fix == "pip install 'prefdata[hub]'"


def test_the_bar_tells_the_position_and_draws_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[int] = []

    class Bar(_Bar):
        tell = staticmethod(seen.append)

    with Bar(initial=10, total=40, desc="x", unit="B") as bar:
        bar.update(20)
        bar.update_transfer(20)
        bar.set_postfix_str("fast", refresh=False)
        bar.update(10)
    assert seen == [30, 40]
    assert capsys.readouterr() == ("", "")


def test_a_folder_of_a_branch_comes_by_its_commit(
    server: FileServer, in_child: Callable[..., Any]
) -> None:
    server.serve_repository("org/toy", COMMIT, FILES, revisions=("v1",))
    found = in_child("mine", "hf://datasets/org/toy@v1/data/*.jsonl")
    assert found["files"] == [
        ["data/train-0.jsonl", COMMIT, "train 0"],
        ["data/train-1.jsonl", COMMIT, "train 1"],
    ]
    assert found["done"][-1] == len("train 0train 1")


def test_what_was_fetched_once_is_there_without_a_network(
    server: FileServer, in_child: Callable[..., Any]
) -> None:
    server.serve_repository("org/toy", COMMIT, FILES)
    online = in_child("mine", "hf://datasets/org/toy/data/deep")
    server.asked.clear()
    offline = in_child("mine", "hf://datasets/org/toy/data/deep", PREFDATA_OFFLINE="1")
    assert offline["files"] == online["files"] == [["data/deep/test.jsonl", COMMIT, "test"]]
    commit = f"hf://datasets/org/toy@{COMMIT}/data/deep/test.jsonl"
    assert in_child("other", commit, HF_HUB_OFFLINE="1")["files"] == online["files"]
    lacking = in_child("mine", "hf://datasets/org/toy/data", HF_HUB_OFFLINE="1")
    assert lacking["code"] == "fetch"
    assert "data/train-0.jsonl, data/train-1.jsonl" in lacking["error"]
    assert "prefdata ingest mine --from <folder>" in lacking["error"]
    assert server.asked == []


def test_a_hub_that_cannot_be_reached_does_not_stop_work_on_what_is_here(
    server: FileServer, in_child: Callable[..., Any]
) -> None:
    server.serve_repository("org/toy", COMMIT, FILES)
    commit, branch = f"hf://datasets/org/toy@{COMMIT}/data/deep", "hf://datasets/org/toy/data/deep"
    online = [in_child("mine", origin)["files"] for origin in (commit, branch)]
    nowhere = "http://127.0.0.1:9"
    by_commit, by_branch = (
        in_child("mine", origin, HF_ENDPOINT=nowhere) for origin in (commit, branch)
    )
    assert [by_commit["files"], by_branch["files"]] == online
    assert by_commit["notes"] == []
    assert f"The state fetched before is used: {COMMIT}." in by_branch["notes"][0]


def test_a_shortened_commit_is_completed(server: FileServer, in_child: Callable[..., Any]) -> None:
    server.serve_repository("org/toy", COMMIT, FILES)
    found = in_child("mine", f"hf://datasets/org/toy@{COMMIT[:7]}/odd[1].jsonl")
    assert found["files"] == [["odd[1].jsonl", COMMIT, "odd"]]


@pytest.mark.parametrize(
    ("origin", "message"),
    [
        ("hf://datasets/org/other", "shows no dataset org/other"),
        ("hf://datasets/org/toy@gone", "has no revision 'gone'"),
        ("hf://datasets/org/toy/gone.csv", "matches 'gone.csv'"),
    ],
)
def test_what_the_hub_does_not_have_is_said(
    server: FileServer, in_child: Callable[..., Any], origin: str, message: str
) -> None:
    server.serve_repository("org/toy", COMMIT, FILES)
    assert message in in_child("mine", origin)["error"]


def test_a_hub_that_is_busy_is_asked_again(
    server: FileServer, in_child: Callable[..., Any]
) -> None:
    server.serve_repository("org/toy", COMMIT, FILES)
    server.answers = [(503, {})]
    assert in_child("mine", "hf://datasets/org/toy/odd[1].jsonl")["files"][0][2] == "odd"


def test_a_gated_dataset_says_how_to_get_in(
    server: FileServer, in_child: Callable[..., Any]
) -> None:
    server.answers = [(403, {"X-Error-Code": "GatedRepo"})]
    found = in_child("mine", "hf://datasets/org/toy/odd[1].jsonl")
    assert "The dataset org/toy is gated." in found["error"]
    assert "hf auth login" in found["error"]
