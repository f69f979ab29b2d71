"""The spelling of HyPER's tags."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.routing.features.names import (
    DIMENSIONS,
    HYPER_TAGS,
    SUBJECTS,
    TEXT_FEATURES,
    Tag,
    parse_tag,
    readable,
    tag_name,
)

__all__: list[str] = []


def test_there_are_ninety_tags_in_the_order_of_the_columns() -> None:
    assert len(HYPER_TAGS) == len(set(HYPER_TAGS)) == 90
    assert HYPER_TAGS[0] == "bertscore::min_val=0.0|max_val=0.33"
    assert HYPER_TAGS[26] == "token_len_diff::min_val=0.67|max_val=1.0"
    first = "analyzer_closed_set::feature_name=subject_of_expertise|constraints=Anthropology"
    assert HYPER_TAGS[27] == first
    assert HYPER_TAGS[73] == "analyzer_closed_set::feature_name=languages|constraints=English"
    last = "analyzer_open_set::feature_name=format_constraints|check_for_existence=1"
    assert HYPER_TAGS[-1] == last
    assert list(TEXT_FEATURES) == sorted(TEXT_FEATURES)
    assert (len(SUBJECTS), len(DIMENSIONS)) == (46, 8)


def test_every_tag_comes_back_as_it_was() -> None:
    assert tuple(tag_name(parse_tag(name)) for name in HYPER_TAGS) == HYPER_TAGS


@given(st.text(max_size=60) | st.sampled_from(HYPER_TAGS).map(lambda name: name[:-1] + "0"))
def test_other_strings_are_refused_or_come_back(name: str) -> None:
    try:
        tag = parse_tag(name)
    except ValueError:
        assert readable(name) == name
    else:
        assert tag_name(tag) == name


def test_what_is_no_tag_cannot_be_parsed() -> None:
    with pytest.raises(ValueError, match="is no tag of HyPER"):
        parse_tag("rouge::min_val=0|max_val=1")


@pytest.mark.parametrize(
    "tag",
    [
        Tag("rouge"),
        Tag("rouge", "high"),
        Tag("safety_concern"),
        Tag("languages", "English", low=0.0, high=0.33),
        Tag("format_constraints", "json"),
        Tag("colour", "red"),
    ],
)
def test_what_is_no_tag_has_no_name(tag: Tag) -> None:
    with pytest.raises(ValueError, match="is no tag of HyPER"):
        tag_name(tag)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("rouge::min_val=0.67|max_val=1.0", "ROUGE 0.67–1"),
        ("len_longer::min_val=0.67|max_val=1.0", "longer response: long"),
        ("token_len_diff::min_val=0.0|max_val=0.33", "difference in length: small"),
        (
            "analyzer_closed_set::feature_name=subject_of_expertise|constraints=Law",
            "subject: Law",
        ),
        (
            "analyzer_scalar::feature_name=safety_concern|value=moderate",
            "safety concern: moderate",
        ),
        (
            "analyzer_open_set::feature_name=format_constraints|check_for_existence=1",
            "asks for a format",
        ),
    ],
)
def test_people_read_words(name: str, words: str) -> None:
    assert readable(name) == words


def test_every_tag_has_words_of_its_own() -> None:
    assert len({readable(name) for name in HYPER_TAGS}) == 90
