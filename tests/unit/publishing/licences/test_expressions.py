from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefdata.core.errors import UserError
from prefdata.publishing.licences.expressions import choices, joined, together

__all__: list[str] = []

_IDS = ("MIT", "CC-BY-4.0", "ODbL-1.0", "GPL-2.0+", "LicenseRef-Llama-3.1")
_TREES = st.recursive(
    st.sampled_from(_IDS),
    lambda inner: st.tuples(st.sampled_from(["AND", "OR"]), inner, inner),
    max_leaves=5,
)


def _written(tree: str | tuple[str, str, str]) -> str:
    if isinstance(tree, str):
        return tree
    operator, left, right = tree
    return f"({_written(left)} {operator} {_written(right)})"


def _holds(tree: str | tuple[str, str, str], obeyed: frozenset[str]) -> bool:
    """Whether who obeys some licences may use what is under an expression, by brute force."""
    if isinstance(tree, str):
        return tree in obeyed
    operator, left, right = tree
    both = (_holds(left, obeyed), _holds(right, obeyed))
    return all(both) if operator == "AND" else any(both)


@settings(max_examples=40)
@given(_TREES)
def test_choices_are_the_smallest_sets_of_licences_that_suffice(
    tree: str | tuple[str, str, str],
) -> None:
    sets = [
        frozenset(some)
        for size in range(1, len(_IDS) + 1)
        for some in itertools.combinations(_IDS, size)
    ]
    enough = [some for some in sets if _holds(tree, some)]
    smallest = {some for some in enough if not any(other < some for other in enough)}
    assert {frozenset(choice) for choice in choices(_written(tree))} == smallest


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("MIT", (("MIT",),)),
        ("NOASSERTION", (("NOASSERTION",),)),
        ("MIT AND CC-BY-4.0", (("CC-BY-4.0", "MIT"),)),
        ("MIT OR Apache-2.0", (("Apache-2.0",), ("MIT",))),
        ("MIT OR Apache-2.0 AND CC-BY-4.0", (("Apache-2.0", "CC-BY-4.0"), ("MIT",))),
        ("GPL-2.0-only WITH Classpath-exception-2.0 AND MIT", (("GPL-2.0-only", "MIT"),)),
        ("MIT OR (MIT AND CC-BY-4.0)", (("MIT",),)),
        ("  MIT  ", (("MIT",),)),
    ],
)
def test_operators_bind_as_spdx_says(text: str, found: tuple[tuple[str, ...], ...]) -> None:
    assert choices(text) == found


@pytest.mark.parametrize(
    "text",
    ["", "MIT CC-BY-4.0", "MIT AND", "OR MIT", "(MIT", "MIT)", "mit or apache-2.0", "MIT, ISC",
     "MIT WITH", "()", "MIT\x00", "é", " AND ".join(f"(A{n} OR B{n})" for n in range(9))],
)  # fmt: skip
def test_what_is_no_expression_is_refused_with_the_text(text: str) -> None:
    with pytest.raises(UserError, match="is no SPDX expression") as caught:
        choices(text)
    assert caught.value.fix is not None


def test_what_is_joined_is_sorted_and_says_last_what_nobody_knows() -> None:
    assert joined(["ODbL-1.0", "NOASSERTION", "MIT", "MIT"]) == "MIT AND ODbL-1.0 AND NOASSERTION"


def test_licences_of_several_parts_are_told_once_and_plain() -> None:
    assert together(["(CC-BY-4.0) AND (CC-BY-NC-4.0)", "CC-BY-4.0"]) == "CC-BY-4.0 AND CC-BY-NC-4.0"
    assert together(["(MIT) AND (NOASSERTION)", "MIT"]) == "MIT AND NOASSERTION"
    assert together(["MIT OR Apache-2.0", "ODbL-1.0"]) == "(MIT OR Apache-2.0) AND ODbL-1.0"
    assert together(["see the page!", "MIT"]) == "MIT AND see the page!"
