"""False discoveries are controlled as Benjamini and Hochberg do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from prefdata.metrics.multiplicity import adjusted

__all__: list[str] = []

_probabilities = st.lists(st.floats(0, 1), min_size=1, max_size=20)


@settings(max_examples=15)
@given(_probabilities)
def test_it_gives_what_scipy_gives(p: list[float]) -> None:
    assert np.allclose(adjusted(p), false_discovery_control(p), rtol=1e-12, atol=0)


def test_the_example_of_the_paper_has_its_four_discoveries() -> None:
    # Benjamini and Hochberg (1995), section 4: 15 tests of which 4 are significant at .05.
    p = [
        *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344),
        *(0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0),
    ]
    assert (adjusted(p) <= 0.05).tolist() == [True] * 4 + [False] * 11


@settings(max_examples=10)
@given(_probabilities, st.randoms(use_true_random=False))
def test_what_was_not_tested_is_left_out_and_given_back(p: list[float], random: object) -> None:
    mixed: list[float | None] = [*p, None, float("nan")]
    random.shuffle(mixed)  # type: ignore[attr-defined]
    found = adjusted(mixed)
    tested = [at for at, value in enumerate(mixed) if value is not None and value == value]  # noqa: PLR0124 - only nan is not equal to itself
    assert np.isnan(found).sum() == 2
    assert np.allclose(found[tested], adjusted([mixed[at] for at in tested]), rtol=1e-12)


def test_nothing_tested_gives_nothing() -> None:
    assert adjusted([]).tolist() == []
    assert np.isnan(adjusted([None, None])).all()


def test_p_is_a_probability() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        adjusted([0.5, 1.5])
