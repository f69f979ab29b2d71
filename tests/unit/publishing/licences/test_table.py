from __future__ import annotations

import pytest
from pydantic import ValidationError

from prefdata.fetch.cards import card, card_names
from prefdata.publishing.licences.expressions import choices
from prefdata.publishing.licences.table import _Table, license_of, licenses, resolved

__all__: list[str] = []

# The ids that the hub took for `license` in May 2026, of which the table uses these.
_HUB = {
    "apache-2.0", "mit", "bsd-2-clause", "bsd-3-clause", "c-uda", "cc0-1.0", "cc-by-2.0",
    "cc-by-2.5", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nc-2.0",
    "cc-by-nc-3.0", "cc-by-nc-4.0", "cc-by-nd-4.0", "cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0",
    "cc-by-nc-sa-2.0", "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0", "cdla-sharing-1.0",
    "cdla-permissive-1.0", "cdla-permissive-2.0", "etalab-2.0", "agpl-3.0", "gfdl", "gpl-3.0",
    "isc", "mpl-2.0", "odc-by", "odbl", "unlicense", "pddl",
    "fair-noncommercial-research-license", "llama2", "llama3", "llama3.1", "llama3.2",
    "llama3.3", "llama4", "gemma", "unknown",
}  # fmt: skip
_ROW = {"title": "T", "url": "https://example.org", "about": "content", "obligations": "None."}


def test_ids_for_the_hub_are_those_that_it_takes() -> None:
    assert {one.hub for one in licenses()} - {None} == _HUB


@pytest.mark.parametrize("source", card_names())
def test_every_licence_on_a_card_of_a_source_is_in_the_table(source: str) -> None:
    said = card(source).licenses
    for text in (said.prompts, said.responses, said.judgments, said.annotators or "NOASSERTION"):
        assert all(license_of(name) for choice in choices(text) for name in choice)


@pytest.mark.parametrize(
    ("name", "spdx"),
    [("cc-by-4.0", "CC-BY-4.0"), ("ODC-BY", "ODC-By-1.0"), (" llama3.1 ", "LicenseRef-Llama-3.1"),
     ("GPL-3.0+", "GPL-3.0-or-later")],
)  # fmt: skip
def test_a_licence_goes_by_its_id_on_the_hub_too_in_any_case(name: str, spdx: str) -> None:
    found = license_of(name)
    assert found is not None
    assert found.spdx == spdx


@pytest.mark.parametrize("name", ["cc", "gpl", "other", "MIT License", ""])
def test_families_and_other_words_are_no_licences(name: str) -> None:
    assert license_of(name) is None


@pytest.mark.parametrize(
    ("spdx", "attributes"),
    [
        ("CC0-1.0", ("all", False, False, False)),
        ("MIT", ("all", True, False, False)),
        ("CC-BY-4.0", ("all", True, False, False)),
        ("ODC-By-1.0", ("all", True, False, False)),
        ("CC-BY-NC-4.0", ("nc", True, False, False)),
        ("CC-BY-SA-4.0", ("all", True, True, False)),
        ("ODbL-1.0", ("all", True, True, False)),
        ("CC-BY-NC-SA-4.0", ("nc", True, True, False)),
        ("CC-BY-ND-4.0", ("all", True, False, True)),
        ("CC-BY-NC-ND-4.0", ("nc", True, False, True)),
        ("LicenseRef-FAIR-Noncommercial-Research", ("academic", True, True, False)),
    ],
)
def test_attributes_are_those_of_the_licences(
    spdx: str, attributes: tuple[str, bool, bool, bool]
) -> None:
    one = license_of(spdx)
    assert one is not None
    assert (one.use, one.attribution, one.share_alike, one.no_derivatives) == attributes


def test_names_of_creative_commons_say_what_they_ask() -> None:
    for one in licenses():
        if one.spdx.startswith("CC-BY"):
            parts = one.spdx.split("-")
            assert one.use == ("nc" if "NC" in parts else "all")
            assert one.share_alike == ("SA" in parts)
            assert one.no_derivatives == ("ND" in parts)
            assert one.attribution


def test_an_heir_asks_for_no_less() -> None:
    for one in licenses():
        for name in one.becomes:
            heir = license_of(name)
            assert heir is not None
            assert (heir.use, heir.share_alike) == (one.use, one.share_alike)
            assert one.allows(heir)


def test_what_is_not_known_stays_beside_what_is() -> None:
    ((known, lost),) = resolved("CC-BY-4.0 AND Foo-1.0 AND NOASSERTION")
    assert [one.spdx for one in known] == ["CC-BY-4.0"]
    assert lost == ("Foo-1.0", "NOASSERTION")
    assert resolved("whatever you like") == (((), ("whatever you like",)),)
    assert resolved("") == (((), ("NOASSERTION",)),)


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ({"A": _ROW | {"also": ["b"]}, "B": _ROW}, "named twice: b"),
        ({"A": _ROW | {"becomes": ["C"]}}, "no licence of the table: C"),
        ({"A": _ROW | {"url": "here"}}, "url"),
        ([], "tuple"),
    ],
)
def test_a_wrong_table_is_refused(rows: object, problem: str) -> None:
    if rows == []:
        with pytest.raises(ValidationError):
            _Table.model_validate({"licenses": None})
        return
    with pytest.raises(ValidationError, match=problem):
        _Table.model_validate({"licenses": rows})
