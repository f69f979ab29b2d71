"""Text is distinct where it should be, and shows the qualities it was made with."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import cycle

import numpy as np
import polars as pl
import pytest

from prefdata.testing.world.languages import LEXICONS
from prefdata.testing.world.text import Composer, unique
from prefdata.testing.world.values import draw_styles
from prefdata.texts.ngrams import ngrams, words

__all__: list[str] = []


@pytest.fixture(scope="module", params=sorted(LEXICONS))
def composer(request: pytest.FixtureRequest) -> Composer:
    return Composer(LEXICONS[request.param])


def test_prompts_are_distinct(composer: Composer) -> None:
    texts, topics = composer.prompts(np.random.default_rng(0), 3_000, long_share=0.9)
    assert len(set(texts)) == 3_000
    assert set(topics.tolist()) <= set(range(len(composer.topics)))


def test_prompts_have_more_than_one_sentence(composer: Composer) -> None:
    texts, _ = composer.prompts(np.random.default_rng(0), 500, long_share=0.0)
    assert all(len(re.split(r"(?<=[.?!।])\s", text)) > 1 for text in texts)


def test_prompts_of_two_files_have_nothing_in_common(composer: Composer) -> None:
    # Both files are large beside the number of questions that a lexicon has without circumstances.
    texts = [
        text
        for seed in (1, 2)
        for text in composer.prompts(np.random.default_rng(seed), 3_000, long_share=0.3)[0]
    ]
    grams = ngrams(words(pl.Series(texts)), 5)
    pairs = pl.DataFrame({"text": grams.owners, "gram": grams.hashes}).unique()
    # Two texts that share most of their n-grams share one of those of few texts.
    rare = pairs.filter(pl.len().over("gram") <= 20)
    both = rare.join(rare, on="gram", suffix="_of").filter(pl.col("text") < pl.col("text_of"))
    shared = both.group_by("text", "text_of").len("shared")
    most = shared["shared"].max()
    assert len(set(texts)) == len(texts)
    assert most is None or int(str(most)) < 0.7 * grams.counts.mean()


def test_more_prompts_than_combinations_are_refused(composer: Composer) -> None:
    circumstances = replace(composer.lexicon.circumstances, settings=("{x}",))
    small = Composer(replace(composer.lexicon, circumstances=circumstances))
    with pytest.raises(ValueError, match="combinations exist"):
        small.prompts(np.random.default_rng(0), 10**6, long_share=0.0)


def test_circumstances_take_nothing_from_what_is_drawn_later(composer: Composer) -> None:
    drawn = []
    known = composer.lexicon.circumstances
    for circumstances in (known, replace(known, names=known.names[:1])):
        rng = np.random.default_rng(0)
        Composer(replace(composer.lexicon, circumstances=circumstances)).prompts(rng, 10)
        drawn.append(rng.integers(2**32, size=5).tolist())
    assert drawn[0] == drawn[1]


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


def test_unique_texts_differ_from_each_other_and_from_those_seen() -> None:
    seen = {"a"}
    texts = unique(["a", "b", "b", "b"], seen, cycle(["x", "y"]))
    assert len(set(texts)) == 4
    assert "a" not in texts
    assert seen == {"a", *texts}
