from __future__ import annotations

import pytest

from prefdata.publishing.licences.cards import card_findings

__all__: list[str] = []


@pytest.mark.parametrize(
    ("targets", "stated", "has_file", "n"),
    [
        (["CC-BY-4.0"], None, False, 0),
        (["CC-BY-4.0"], "cc-by-4.0", False, 0),
        (["CC-BY-4.0"], "CC-BY-4.0", False, 0),
        (["CC-BY-4.0"], ["cc-by-4.0"], False, 0),
        (["CC-BY-4.0"], "mit", True, 1),
        (["CC-BY-4.0"], [], True, 1),
        (["CC-BY-4.0"], ["cc-by-4.0", "mit"], True, 1),
        (["CC-BY-4.0"], "cc", True, 0),
        (["CC-BY-4.0"], "cc", False, 2),
        (["MIT"], "cc", True, 1),
        (["ODC-By-1.0"], "odc-by", True, 0),
        (["ODC-By-1.0"], "odc-by", False, 1),
        (["ODC-By-1.0"], None, False, 1),
        (["CC-BY-4.0", "CC-BY-NC-4.0"], "other", True, 0),
        (["CC-BY-4.0", "CC-BY-NC-4.0"], "cc-by-4.0", True, 1),
        (["CC-BY-4.0", "CC-BY-NC-4.0"], "other", False, 1),
        ([], None, True, 0),
    ],
)
def test_a_card_says_what_is_published_and_umbrellas_need_the_table(
    targets: list[str], stated: str | list[str] | None, has_file: bool, n: int
) -> None:
    found = list(card_findings(targets, stated, has_licenses_file=has_file))
    assert len(found) == n
    assert all((one.code, one.level) == ("L030", "refuse") for one in found)


def test_a_wrong_card_is_told_what_to_write() -> None:
    (found,) = card_findings(["CC-BY-NC-4.0"], "cc-by-4.0", has_licenses_file=True)
    assert found.what == "The card says cc-by-4.0, and what is published is CC-BY-NC-4.0."
    assert "`license: cc-by-nc-4.0`" in found.fix
