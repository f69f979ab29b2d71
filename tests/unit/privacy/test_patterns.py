from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import polars as pl
import pytest
import yaml

from prefdata.core.errors import InternalError, UnknownNameError
from prefdata.privacy.find import find
from prefdata.privacy.patterns import (
    Pattern,
    kinds,
    load_patterns,
    patterns,
    patterns_digest,
    scans,
)
from prefdata.stages.flag_pii import flag_pii

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

_TEXTS = [text for pattern in patterns() for text in (*pattern.hits, *pattern.near_misses)]
_MORE = [
    "été4111111111111111é",
    "K@K.org ﬁ@x.org",
    "\u017fk- Dob\u212a",
    "\x00a@b.cd\n+44 20 7946 0123",
    "",
]


def _found(text: str, kind: str) -> list[str]:
    return find(pl.DataFrame({"id": [0], "text": [text]}), [kind])["match"].to_list()


@pytest.mark.parametrize("pattern", patterns(), ids=lambda pattern: pattern.name)
def test_a_pattern_finds_its_examples_and_not_what_is_nearly_one(pattern: Pattern) -> None:
    found = {text: _found(text, pattern.name) for text in pattern.hits}
    assert found == {text: [match] for text, match in pattern.hits.items()}
    missed = {text: _found(text, pattern.name) for text in pattern.near_misses}
    assert not any(missed.values()), missed


def test_an_expression_means_the_same_in_duckdb_and_in_polars() -> None:
    texts = pl.DataFrame({"text": [*_TEXTS, *_MORE]})
    with duckdb.connect() as connection:
        connection.register("texts", texts.to_arrow())
        for pattern in patterns():
            for written, rust in zip(pattern.regexes, pattern.for_rust(), strict=True):
                query = "SELECT regexp_extract_all(text, ?) FROM texts"
                theirs = [row[0] for row in connection.execute(query, [written]).fetchall()]
                assert texts["text"].str.extract_all(rust).to_list() == theirs, written


@pytest.mark.parametrize(
    "names", [None, ("email",), ("iban", "phone"), ("date-of-birth", "secret")]
)
def test_the_scan_passes_over_a_text_where_no_expression_matches_and_no_other(
    names: tuple[str, ...] | None,
) -> None:
    texts = pl.Series([*_TEXTS, *_MORE])
    one_by_one = [
        texts.str.contains(regex) for pattern in patterns(names) for regex in pattern.for_rust()
    ]
    at_once = [texts.str.contains(regex) for regex in scans(names)]
    assert len(at_once) < max(len(one_by_one), 2)
    both = pl.select(at_once=pl.any_horizontal(at_once), one_by_one=pl.any_horizontal(one_by_one))
    assert both["at_once"].to_list() == both["one_by_one"].to_list()
    assert 0 < both["at_once"].sum() < len(texts)


def test_of_no_kinds_nothing_is_found() -> None:
    assert find(pl.DataFrame({"id": [0], "text": ["jo@mail.org"]}), ()).is_empty()


def test_other_patterns_are_another_version_of_the_stage() -> None:
    # When this fails: raise `version` in patterns.yaml and that of `flag-pii`, then pin both anew.
    assert (flag_pii.version, patterns_digest()) == (1, "6367195ec336")


def test_placeholders_differ_from_one_another() -> None:
    assert len({pattern.placeholder for pattern in patterns()}) == len(kinds())


def test_an_unknown_kind_is_refused_by_name() -> None:
    with pytest.raises(UnknownNameError, match=r"emial"):
        patterns(["emial"])


@pytest.mark.parametrize(
    "change",
    [
        {"regexes": ["(?=look ahead)"]},
        {"regexes": ["(?P<hit>without lead)"]},
        {"check": "horoscope"},
        {"severity": "mild"},
    ],
)
def test_a_file_with_a_pattern_that_cannot_work_is_refused(
    change: dict[str, object], tmp_path: Path
) -> None:
    pattern = patterns(["email"])[0].model_dump(mode="json") | change
    path = tmp_path / "patterns.yaml"
    path.write_text(yaml.safe_dump({"version": 1, "patterns": [pattern]}))
    with pytest.raises(InternalError, match=r"patterns\.yaml"):
        load_patterns(path)
