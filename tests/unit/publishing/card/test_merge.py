"""A card that is there loses nothing that is not ours, and a broken one is not guessed at."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from prefdata.core.errors import DataError
from prefdata.publishing.card.existing import Owned as Wrote
from prefdata.publishing.card.existing import begin_mark, end_mark, read_card
from prefdata.publishing.card.merge import merged

__all__: list[str] = []

MATTER: dict[str, Any] = {
    "license": "mit",
    "language": ["en", "no"],
    "tags": ["dpo"],
    "extra_gated_prompt": "You agree:\n---\nx",
    "configs": [{"config_name": "a", "data_files": "a/*", "default": True}],
    "dataset_info": [{"config_name": "a", "features": []}],
}
BODY = "# Ours\n\nText."

_SCALARS = st.one_of(st.text(max_size=12), st.booleans(), st.integers(), st.none(), st.dates())
_KEYS = st.one_of(
    st.sampled_from(["license", "tags_", "on", "x-y", "configs2"]), st.text(max_size=6)
)
_FOREIGN = st.dictionaries(_KEYS, st.one_of(_SCALARS, st.lists(_SCALARS, max_size=2)), max_size=3)
_BODIES = st.text(st.sampled_from("#- a\né`<>|"), max_size=40)


def _matter(card: str) -> dict[str, Any]:
    end = card.index("\n---\n", 3)
    value: dict[str, Any] = yaml.safe_load(card[4:end])
    return value


def test_a_new_card_is_front_matter_and_our_part() -> None:
    card = merged(MATTER, BODY, None)
    assert _matter(card) == MATTER
    assert card.startswith("---\nlicense: mit\n")
    assert card.endswith(f"\n{BODY}\n{end_mark()}\n")
    assert merged(MATTER, BODY, "") == card
    assert merged(MATTER, BODY, card) == card


@settings(max_examples=25)
@given(_FOREIGN, _BODIES, st.sampled_from(["", "\n\n", "after\n"]))
@example({"a\u0085b": "x\u2028y"}, "---", "")
def test_merging_again_changes_nothing(foreign: dict[str, Any], before: str, after: str) -> None:
    front = yaml.safe_dump(foreign) if foreign else ""
    old = f"---\n{front}---\n{before}"
    once = merged(MATTER, BODY, old) + after
    assert merged(MATTER, BODY, once) == once
    newer = merged(MATTER | {"license": "other"}, "# Newer", once)
    assert merged(MATTER | {"license": "other"}, "# Newer", newer) == newer
    assert before.strip("\n") in newer
    assert newer.endswith(f"{end_mark()}\n{after}")
    kept = {name: value for name, value in foreign.items() if name not in MATTER}
    assert {name: _matter(newer)[name] for name in kept} == kept


def test_keys_of_others_keep_their_characters_and_their_place() -> None:
    old = (
        "# who made this\nannotators: no # not false\nlicense: apache-2.0\n# about x\n"
        "x: {b: 1,   a: 012}\ntags:\n- mine\n- dpo\n"
    )
    card = merged(MATTER, BODY, f"---\n{old}---\n# Theirs\n")
    assert card.startswith(
        "---\n# who made this\nannotators: no # not false\nlicense: mit\n# about x\n"
        "x: {b: 1,   a: 012}\ntags:\n- mine\n- dpo\nlanguage:\n"
    )
    assert "\n# Theirs\n\n<!-- prefdata:begin" in card


def test_text_around_our_part_stays() -> None:
    card = merged(MATTER, BODY, None)
    edited = card.replace("<!-- prefdata:begin", "Above.\n<!-- prefdata:begin").replace(
        "Text.", "Edited."
    )
    again = merged(MATTER, BODY, f"{edited}\n## Below\n")
    assert "Above.\n<!-- prefdata:begin" in again
    assert again.endswith(f"{BODY}\n{end_mark()}\n\n## Below\n")
    assert "Edited." not in again


def test_what_we_wrote_before_is_taken_back_and_what_others_wrote_stays() -> None:
    first = merged(
        MATTER | {"tags": ["dpo", "human-feedback"], "language": ["en", "de"]}, BODY, None
    )
    theirs = first.replace("tags:\n", "tags:\n- theirs\n").replace(
        "configs:\n", "configs:\n- config_name: b\n  data_files: b/*\n  default: true\n"
    )
    second = {
        "license": "mit",
        "language": ["en"],
        "tags": ["dpo", "ai-feedback"],
        "configs": [{"config_name": "c", "data_files": "c/*", "default": True}],
    }
    matter = _matter(merged(second, BODY, theirs))
    assert matter["tags"] == ["theirs", "dpo", "ai-feedback"]
    assert matter["language"] == ["en"]
    assert matter["configs"] == [
        {"config_name": "c", "data_files": "c/*", "default": True},
        {"config_name": "b", "data_files": "b/*"},
    ]
    assert "extra_gated_prompt" not in matter
    assert "dataset_info" not in matter


def test_a_gate_that_others_wrote_stays() -> None:
    ungated = {name: value for name, value in MATTER.items() if name != "extra_gated_prompt"}
    card = merged(ungated, BODY, "---\nextra_gated_prompt: theirs\nlicense_name: x\n---\n")
    assert _matter(card)["extra_gated_prompt"] == "theirs"
    assert "license_name" not in _matter(card)


@pytest.mark.parametrize(
    "old",
    [
        "---\n{language: en, tags: [x], dataset_info: {config_name: z}}\n---\n",
        "---\n  language: en\n  tags: [x]\n  dataset_info: {config_name: z}\n---\n",
        "\ufeff---\r\nlanguage: en\r\ntags: [x]\r\ndataset_info: {config_name: z}\r\n---\r\n",
    ],
)
def test_front_matter_of_any_shape_is_read(old: str) -> None:
    matter = _matter(merged(MATTER, BODY, old))
    assert matter["language"] == ["en", "no"]
    assert matter["tags"] == ["x", "dpo"]
    assert [info["config_name"] for info in matter["dataset_info"]] == ["a", "z"]


@pytest.mark.parametrize("old", ["---\n---\ntext\n", "---\n# only this\n---\ntext\n", "text\n"])
def test_a_card_without_keys_is_only_text(old: str) -> None:
    assert "\ntext\n\n<!-- prefdata:begin" in merged(MATTER, BODY, old)


@pytest.mark.parametrize(
    ("old", "reason"),
    [
        ("---\nlicense: mit\n", "has no second ---"),
        ("---\n- a\n---\n", "not a mapping"),
        ("---\nplain\n---\n", "not a mapping"),
        ("---\na: 1\na: 2\n---\n", "line 3: the key 'a' is given twice"),
        ("---\na: {b: 1, b: 2}\n---\n", "is given twice"),
        ("---\na:\n\t- b\n---\n", "line 3: found character"),
        ("---\na: !!python/object/apply:os.system ['true']\n---\n", "could not determine"),
        ("---\na: &x [1]\nb: *x\n---\n", "references"),
        ("---\na: 2024-99-99\n---\n", "month must be in"),
        ("---\na: b\n...\nc: d\n---\n", "line 4"),
        (f"---\na: {'[' * 60 + ']' * 60}\n---\n", "nested more than 50 deep"),
        ("---\nlanguage: {a: 1}\n---\n", "language is not a list"),
        (begin_mark(Wrote()), "1 marks of prefdata:begin and 0"),
        (f"{end_mark()}\n{begin_mark(Wrote())}\n", "in this order"),
        (f"{end_mark()}\n", "0 marks of prefdata:begin and 1"),
    ],
)
def test_a_broken_card_is_an_error_and_nothing_is_executed(old: str, reason: str) -> None:
    with pytest.raises(DataError, match=reason) as caught:
        merged(MATTER, BODY, old)
    assert caught.value.fix is not None
    assert "README.md" in str(caught.value.where)


def test_a_mark_says_what_it_owns_and_cannot_be_ended() -> None:
    owned = Wrote(keys=("a",), tags=("-->", "é"), language=("en",), configs=("--",))
    mark = begin_mark(owned)
    assert mark.count("-->") == 1
    assert read_card(f"{mark}\n{end_mark()}\n").owned == owned


@pytest.mark.parametrize("said", ["", "{}", '{"keys": 1}', "{broken"])
def test_a_mark_that_somebody_edited_owns_nothing(said: str) -> None:
    card = f"<!-- prefdata:begin {said} -->\nx\n{end_mark()}\n"
    assert read_card(card).owned == Wrote()


@settings(max_examples=40)
@given(
    st.lists(
        st.sampled_from(
            [
                "---\n",
                "--- \n",
                "a: 1\n",
                "b:\n- c\n",
                "# x\n",
                "license: x\n",
                " d: 2\n",
                "\n",
                f"{end_mark()}\n",
                "<!-- prefdata:begin x -->\n",
                "text\n",
                "tags: y\n",
                "'q'",
            ]
        ),
        max_size=7,
    ).map("".join)
)
def test_any_card_is_merged_for_good_or_refused(old: str) -> None:
    try:
        once = merged(MATTER, BODY, old)
    except DataError:
        return
    assert merged(MATTER, BODY, once) == once
    assert _matter(once)["license"] == "mit"
    assert once.count(f"\n{BODY}\n") == 1
