from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.publishing.documents import DOCUMENTS

if TYPE_CHECKING:
    from prefdata.catalog import Catalog
    from prefdata.runner.publish import PublishResult

__all__: list[str] = []


def test_documents_stand_beside_the_data(published: tuple[Catalog, PublishResult]) -> None:
    done = published[1]
    paths = {file.path for file in done.contents.files}
    assert set(DOCUMENTS) <= paths
    assert {path.partition("/")[0] for path in paths - set(DOCUMENTS)} == {"all", "asked"}


def test_each_configuration_has_the_licence_that_its_parts_need(
    published: tuple[Catalog, PublishResult],
) -> None:
    done = published[1]
    # PRISM's responses forbid commercial use; its ratings do not, and stand in the second alone.
    assert done.facts.license == "CC-BY-4.0 AND CC-BY-NC-4.0"
    assert not [finding for finding in done.findings if finding.level == "refuse"]
    prism = next(source for source in done.facts.sources if source.name == "prism")
    assert prism.licenses["response"] == "CC-BY-NC-4.0"
    assert prism.licenses["annotation"] == "CC-BY-4.0"


def test_what_only_people_can_say_is_a_warning(published: tuple[Catalog, PublishResult]) -> None:
    (found,) = [finding for finding in published[1].findings if finding.code == "S002"]
    assert "contact" in found.what


def test_the_card_tells_how_people_were_hidden(published: tuple[Catalog, PublishResult]) -> None:
    privacy = published[1].facts.privacy
    assert privacy.has_pseudonyms
    assert privacy.key_fingerprint
    assert privacy.key_fingerprint in (published[1].folder / "README.md").read_text()
    assert privacy.scrubbed["email"] == privacy.hits["email"] == 12
