"""The declared rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest
import yaml

from prefdata.core.errors import InternalError
from prefdata.routing.features import rules as module
from prefdata.routing.features.names import SCALES, SUBJECTS
from prefdata.routing.features.rules import load_rules, rules, rules_digest, written_words

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

__all__: list[str] = []


def _declared() -> dict[str, Any]:
    value: dict[str, Any] = yaml.safe_load(module._FILE.read_text(encoding="utf-8"))
    return value


def test_all_subjects_but_the_others_have_words() -> None:
    assert list(rules().subjects) == [name for name in SUBJECTS if name != "Others"]
    assert len(rules_digest()) == 12


def test_scales_have_their_values_and_languages_their_names() -> None:
    named = [(name, value) for name, value, _ in rules().values()]
    counted = "complexity_of_intents"
    wanted = {(name, value) for name, values in SCALES.items() for value in values}
    assert {pair for pair in wanted if pair[0] != counted} <= set(named)
    assert rules().languages["no"] == "Norwegian"  # Not the truth value that YAML reads.
    assert len(set(rules().languages.values())) == len(rules().languages)


def test_a_term_is_written_as_the_words_of_a_text_are() -> None:
    assert written_words(pl.Series(["Don’t use C++!", ""])).to_list() == [
        " don t use cplusplus ",
        "  ",
    ]
    python = rules().subjects["Computer sciences"]
    assert {" cplusplus ", " compiler"} <= set(python.sure)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("open_endedness", "no", "terms"), "one, , two"),
        (("open_endedness", "no", "terms"), "a*b"),
        (("format_constraints", "json", "patterns"), ["(unclosed"]),
        (("expertise_level", "general public", "subjects"), ["Astrology"]),
        (("safety_concern", "dire"), {"terms": "x"}),
        (("colour",), {}),
    ],
)
def test_a_wrong_file_is_refused(path: tuple[str, ...], value: object, tmp_path: Path) -> None:
    declared = _declared()
    place = declared
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump(declared), encoding="utf-8")
    with pytest.raises(InternalError, match="rules of tags cannot be read"):
        load_rules(file)
