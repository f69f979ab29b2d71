"""Text is distinct where it should be, and shows the qualities it was made with."""

from __future__ import annotations

from itertools import cycle

import numpy as np
import pytest

from prefdata.testing.world.languages import LEXICONS
from prefdata.testing.world.text import Composer, near_duplicate, unique
from prefdata.testing.world.values import draw_styles

__all__: list[str] = []


@pytest.fixture(scope="module", params=sorted(LEXICONS))
def composer(request: pytest.FixtureRequest) -> Composer:
    return Composer(LEXICONS[request.param])


def test_prompts_are_distinct(composer: Composer) -> None:
    texts, topics = composer.prompts(np.random.default_rng(0), 3_000, long_share=0.9)
    assert len(set(texts)) == 3_000
    assert set(topics.tolist()) <= set(range(len(composer.topics)))


def test_more_prompts_than_combinations_are_refused(composer: Composer) -> None:
    with pytest.raises(ValueError, match="combinations exist"):
        composer.prompts(np.random.default_rng(0), 10**6, long_share=0.0)


def test_detail_shows_as_length_and_the_rest_as_sentences(composer: Composer) -> None:
    rng = np.random.default_rng(0)
    styles = draw_styles(rng, 2_000)
    topics = rng.integers(len(composer.topics), size=2_000)
    texts = composer.replies(rng, topics, styles, mean_sentences=6)
    lengths = np.array([len(text) for text in texts])
    assert np.corrcoef(lengths, styles[:, 0])[0, 1] > 0.8
    words = composer.lexicon
    for text, (_, warmth, safety, _, soundness) in zip(texts, styles.tolist(), strict=True):
        assert text.startswith(words.openers) == (warmth > 0)
        assert any(caution in text for caution in words.cautions) == (safety > 0)
        assert any(claim in text for claim in words.overclaims) == (soundness == 0)


def test_no_template_is_left_unfilled(composer: Composer) -> None:
    rng = np.random.default_rng(0)
    topics = np.arange(600) % len(composer.topics)
    texts = composer.follow_ups(rng, topics) + composer.feedback(rng, topics)
    texts += composer.prompts(rng, 600, long_share=0.9)[0]
    assert not [text for text in texts if "{" in text or not text.strip()]


@pytest.mark.parametrize("kind", range(4))
def test_a_near_duplicate_differs_a_little(kind: int) -> None:
    text = "What is the one mistake people make with roses?"
    edited = near_duplicate(text, kind)
    assert edited != text
    assert abs(len(edited) - len(text)) < 10


def test_unique_texts_differ_from_each_other_and_from_those_seen() -> None:
    seen = {"a"}
    texts = unique(["a", "b", "b", "b"], seen, cycle(["x", "y"]))
    assert len(set(texts)) == 4
    assert "a" not in texts
    assert seen == {"a", *texts}
