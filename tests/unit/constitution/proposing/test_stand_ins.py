"""Stand-ins are answers that can be read, and differ as answers do."""

from __future__ import annotations

import pytest

from prefdata.constitution.proposing.reading import read_strictly
from prefdata.constitution.proposing.stand_ins import stand_in
from prefdata.constitution.proposing.wording import VARIANTS, Task

__all__: list[str] = []


@pytest.mark.parametrize(
    ("preferred", "other"), [("a good one", "b"), ("", ""), ("好", "не"), ("A1 B2", "response")]
)
@pytest.mark.parametrize("k", [1, 3, 20])
def test_a_stand_in_is_a_right_answer(preferred: str, other: str, k: int) -> None:
    for variant in VARIANTS:
        assert len(read_strictly(stand_in(preferred, other, variant, k), Task(k, 20, 1000))) == k


def test_most_stand_ins_of_different_pairs_differ() -> None:
    words = [
        "many",
        "different",
        "words",
        "lead",
        "to",
        "many",
        "more",
        "sentences",
        "than",
        "there",
        "could",
        "be",
        "rules",
    ]
    said = [
        proposal.sentence
        for n in range(40)
        for proposal in read_strictly(
            stand_in(" ".join(words[n % 5 :]), " ".join(words[: 3 + n % 7]), "neutral", 3),
            Task(3, 20, 1000),
        )
    ]
    assert 0.2 < len(set(said)) / len(said) < 0.95
    assert stand_in("a b", "c", "neutral", 3) == stand_in("a b", "c", "neutral", 3)
