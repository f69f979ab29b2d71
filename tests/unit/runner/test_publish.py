"""Publishing: staged whole, checked as staged, sent once, proved, recorded; or nothing at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from prefdata.core.errors import RecipeError, RefusedError, UnknownNameError
from prefdata.protocols import Change, Checked, NoParams, Publisher, Receipt, Remote
from prefdata.recipes import Recipe
from prefdata.runner.publish import PublishResult, publish

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.catalog import Catalog
    from prefdata.protocols import Contents

__all__: list[str] = []

Put = Callable[..., None]
Add = Callable[[str, object], None]

_STEPS = ["make-pairs", "split-by-prompt", "select-pairs"]
_OWNER = {"author": "The crowd project", "title": "Crowd", "link": "https://example.org/crowd"}


class _Shelf:
    """A place on this machine that stands for the hub: folders by target, one commit each."""

    def __init__(self) -> None:
        self.held: dict[str, dict[str, bytes]] = {}
        self.n_sent = 0

    def publisher(self) -> Publisher:
        return Publisher("shelf", 1, NoParams, self.look, self.plan, self.send, self.check)

    def look(self, target: str, _: NoParams) -> Remote:
        held = self.held.get(target, {})
        card = held.get("README.md", b"").decode() or None
        return Remote(target, exists=bool(held), commit="c1" if held else None, card=card)

    def plan(self, contents: Contents, remote: Remote, _: NoParams) -> list[Change]:
        held = self.held.get(remote.target, {})
        return [
            Change(
                file.path,
                "same"
                if held.get(file.path) == (contents.folder / file.path).read_bytes()
                else "add",
                file.size,
            )
            for file in contents.files
        ]

    def send(
        self,
        contents: Contents,
        remote: Remote,
        _: NoParams,
        tag: str | None,
        *__: object,
    ) -> Receipt:
        sent = {f.path: (contents.folder / f.path).read_bytes() for f in contents.files}
        is_new = self.held.get(remote.target) != sent
        self.n_sent += is_new
        self.held[remote.target] = sent
        digests = {file.path: file.sha256 for file in contents.files}
        return Receipt(remote.target, "c1", tag, f"shelf:{remote.target}", digests, is_new)

    def check(self, receipt: Receipt, contents: Contents, *_: object) -> Checked:
        rows = {
            f"{config.name}/{split.name}": split.rows
            for config in contents.configs
            for split in config.splits
        }
        return Checked(receipt.commit, rows, len(contents.files))


@pytest.fixture
def shelf(add_plugin: Add) -> _Shelf:
    made = _Shelf()
    add_plugin("publisher", made.publisher())
    return made


def _recipe(**publication: Any) -> Recipe:
    config = {"name": "pairs", "decisions": "select-pairs", "splits": "split-by-prompt"}
    said = {"title": "Crowd pairs", "configs": [config], "attribution": {"crowd": _OWNER}}
    return Recipe.model_validate(
        {"name": "r", "steps": _STEPS, "publication": {**said, **publication}}
    )


def _bytes(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_a_dataset_is_staged_sent_once_proved_and_recorded(
    catalog: Catalog, put_people: Put, shelf: _Shelf
) -> None:
    put_people()
    dry = publish(catalog, _recipe(), "org/crowd", publisher="shelf", is_dry=True)
    assert dry.changes
    assert (dry.receipt, shelf.n_sent) == (None, 0)
    assert not catalog.sql("FROM publications").fetchall()
    done = publish(catalog, _recipe(), "org/crowd", publisher="shelf")
    assert done.folder == catalog.workspace.root / "publication"
    assert {change.action for change in done.changes or ()} == {"add"}
    rows = {split.name: split.rows for split in done.contents.configs[0].splits}
    assert sum(rows.values()) == 48
    receipt = catalog.sql("SELECT target, tag, commit_id, rows, files FROM publications")
    assert receipt.fetchall() == [("org/crowd", "v1.0.0", "c1", 48, len(done.contents.files))]
    staged = _bytes(done.folder)
    again = publish(catalog, _recipe(), "org/crowd", publisher="shelf")
    assert _bytes(again.folder) == staged
    assert {change.action for change in again.changes or ()} == {"same"}
    assert shelf.n_sent == 1
    assert again.receipt is not None
    assert not again.receipt.is_new


def test_nobody_can_be_found_in_any_file(published: tuple[Catalog, PublishResult]) -> None:
    catalog, done = published
    folder, key_file = done.folder, catalog.workspace.root.parent / "keys" / "annotators.key"
    named = catalog.sql("SELECT annotator_id FROM annotators WHERE kind = 'human'").fetchall()
    names = [row[0] for row in named]
    texts = []
    for path, data in _bytes(folder).items():
        if not path.endswith(".parquet"):
            texts.append(data)
            continue
        frame = pl.read_parquet(folder / path)
        assert frame["annotator"].str.contains("^[0-9a-f]{24}$").all()
        texts.append(frame.write_ndjson().encode())
    secret = key_file.read_text().strip().encode()
    for text in texts:
        assert b"worker-" not in text
        assert b"@example.org" not in text
        assert secret not in text
        assert not [name for name in names if name.encode() in text]


def test_what_must_not_leave_is_refused_and_told_whole(
    catalog: Catalog, put_people: Put, shelf: _Shelf
) -> None:
    put_people()
    said: dict[str, Any] = {"attribution": {}, "scrub": False, "pseudonyms": False}
    said |= {"demographics": ["country"], "configs": [{"name": "pairs", "license": "CC0-1.0"}]}
    with pytest.raises(RefusedError, match="findings forbid publishing") as caught:
        publish(catalog, _recipe(**said), "org/crowd", publisher="shelf")
    # Attribution, another licence than the parts need, addresses, raw ids, and no gate.
    codes = {"L006", "L030", "P001", "P003", "P005"}
    assert codes == {finding.code for finding in caught.value.findings}
    told = json.loads((catalog.workspace.root / "publication.findings.json").read_text())
    assert codes == {finding["code"] for finding in told if finding["level"] == "refuse"}
    assert "S003" in {finding["code"] for finding in told if finding["level"] == "warn"}
    assert not (catalog.workspace.root / "publication").exists()
    assert shelf.n_sent == 0
    assert not catalog.sql("FROM publications").fetchall()


def test_demographics_leave_behind_a_gate_and_only_where_ten_people_share_them(
    catalog: Catalog, put_people: Put
) -> None:
    put_people()
    said = {"demographics": ["country"], "gate": {"prompt": "I will not re-identify anybody."}}
    done = publish(catalog, _recipe(**said))
    frame = pl.concat(map(pl.read_parquet, sorted(done.folder.rglob("*.parquet"))))
    people = frame.group_by("annotator_country").agg(pl.col("annotator").n_unique())
    # One of 24 is from elsewhere; blank alone, they would stand out, so the smaller country joins.
    assert dict(people.sort("annotator_country").iter_rows()) == {None: 12, "Kenya": 12}
    assert done.facts.privacy.n_suppressed == 12
    assert "extra_gated_prompt" in (done.folder / "README.md").read_text()


def test_an_unknown_licence_needs_a_reason_that_the_card_tells(catalog: Catalog, put: Put) -> None:
    put("scrape", 12)
    with pytest.raises(RefusedError) as caught:
        publish(catalog, _recipe())
    assert "L001" in {finding.code for finding in caught.value.findings}
    assert "accept_unknown" in str(caught.value)
    done = publish(catalog, _recipe(accept_unknown={"scrape": "we wrote all of it"}))
    assert "we wrote all of it" in (done.folder / "README.md").read_text()
    with pytest.raises(RefusedError) as strict:
        publish(catalog, _recipe(accept_unknown={"scrape": "we wrote it"}), is_strict=True)
    assert "S002" in {finding.code for finding in strict.value.findings}


def test_a_card_that_is_there_keeps_what_others_wrote(
    catalog: Catalog, put_people: Put, shelf: _Shelf
) -> None:
    put_people()
    shelf.held["org/crowd"] = {"README.md": b"---\ncustom: yes\n---\nWritten by hand.\n"}
    done = publish(catalog, _recipe(), "org/crowd", publisher="shelf")
    card = (done.folder / "README.md").read_text()
    assert "Written by hand." in card
    assert "custom: yes" in card
    assert "pretty_name: Crowd pairs" in card


def test_what_somebody_asked_to_remove_is_not_in_it(catalog: Catalog, put_people: Put) -> None:
    put_people()
    (catalog.workspace.root / "gone.csv").write_text("subject,id\nannotators,crowd:worker-003\n")
    done = publish(catalog, _recipe(removals="gone.csv"))
    assert sum(split.rows for split in done.contents.configs[0].splits) == 46
    assert done.facts.privacy.n_removed == 2


def test_a_recipe_that_publishes_nothing_and_an_unknown_publisher_are_errors(
    catalog: Catalog, put_people: Put
) -> None:
    put_people()
    with pytest.raises(RecipeError, match="publishes nothing"):
        publish(catalog, Recipe.model_validate({"name": "r", "steps": _STEPS}))
    with pytest.raises(UnknownNameError, match="moon"):
        publish(catalog, _recipe(), "org/crowd", publisher="moon")
