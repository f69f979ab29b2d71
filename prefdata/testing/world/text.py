"""Turn a lexicon into prompts and responses whose qualities can be read off the text."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from prefdata.testing.world.lexicon import Lexicon
    from prefdata.testing.world.values import Styles

__all__ = ["Composer", "unique"]

_MAX_BODY = 40
_MAX_START = 2**32 - 1
_FIRST_NUMBER, _N_NUMBERS = 10, 90


def _prime_at_most(number: int) -> int:
    """Find the largest prime up to a number: then every stride visits all sentences."""
    return next(n for n in range(number, 1, -1) if all(n % d for d in range(2, math.isqrt(n) + 1)))


class Composer:
    """Says things in one language, drawing from sentences that it prepares once."""

    def __init__(self, lexicon: Lexicon) -> None:
        """Fill the templates of every topic."""
        self.lexicon = lexicon
        self.topics = tuple(lexicon.topics)
        self._body = [self._fill(lexicon.body, topic) for topic in self.topics]
        self._n_body = _prime_at_most(min(map(len, self._body)))
        self._follow_ups = [self._fill(lexicon.follow_ups, topic) for topic in self.topics]
        self._feedback = [self._fill(lexicon.feedback, topic) for topic in self.topics]

    def _fill(self, templates: tuple[str, ...], topic: str) -> list[str]:
        things = self.lexicon.topics[topic]
        filled = [
            template.format(x=thing, y=things[(index + shift + 1) % len(things)])
            for shift, template in enumerate(templates)
            for index, thing in enumerate(things)
        ]
        return [text[0].upper() + text[1:] for text in filled]

    def prompts(
        self, rng: np.random.Generator, count: int, *, long_share: float = 0.5
    ) -> tuple[list[str], NDArray[np.int64]]:
        """Write opening prompts that are all different, each about one topic.

        The prompts count through all combinations of their parts with a large stride, so two of
        them rarely share more than one part. Each also has a sentence of circumstances, drawn from
        a stream of its own: prompts of different files, which know nothing of each other, do not
        come out alike.

        Args:
            rng: Decides where counting starts, which prompts are long, and the circumstances.
            count: How many.
            long_share: Share of prompts that also say who asks, and to what end.

        Returns:
            The texts, and the topic of each as an index into `topics`.

        Raises:
            ValueError: If the lexicon has fewer combinations than prompts wanted.
        """
        words = self.lexicon
        settings = words.circumstances.settings
        n_things = len(words.topics[self.topics[0]])
        things = (len(self.topics), n_things, n_things - 1)
        short = (*things, len(settings), len(settings), len(words.asks))
        long = (*short, len(words.who), len(words.goals))
        is_long = rng.random(count) < long_share
        parts = np.zeros((count, len(long)), dtype=np.int64)
        for mask, shape in ((is_long, long), (~is_long, short)):
            size = math.prod(shape)
            n = int(mask.sum())
            if n > size:
                raise ValueError(f"{n} prompts wanted, {size} combinations exist")
            stride = _coprime(size)
            # Of 32 bits whatever the size, so that a richer lexicon changes no later draw.
            start = int(rng.integers(min(size, _MAX_START)))
            spots = (np.arange(n, dtype=np.int64) * stride + start) % size
            parts[mask, : len(shape)] = np.stack(np.unravel_index(spots, shape), axis=1)
        texts = []
        # One Python string per row is the product itself.
        for has_context, said, (topic, x, y, one, other, ask, who, goal) in zip(
            is_long.tolist(), self._circumstances(rng, count), parts.tolist(), strict=True
        ):
            about = words.topics[self.topics[topic]]
            text = words.asks[ask].format(
                x=settings[one].format(x=about[x]),
                y=settings[other].format(x=about[(x + y + 1) % n_things]),
            )
            text = text[0].upper() + text[1:]
            text = f"{said} {text}" if (x + goal) % 2 else f"{text} {said}"
            texts.append(f"{words.who[who]} {text} {words.goals[goal]}" if has_context else text)
        return texts, parts[:, 0].copy()

    def _circumstances(self, rng: np.random.Generator, count: int) -> Iterator[str]:
        """Yield sentences that name a person, a town and a number of two digits."""
        known = self.lexicon.circumstances
        # A child draws these, so that all that the parent draws later stays as it is.
        chance = rng.spawn(1)[0]
        shape = (len(known.sentences), len(known.names), len(known.towns), _N_NUMBERS)
        for sentence, name, town, n in chance.integers(shape, size=(count, len(shape))).tolist():
            yield known.sentences[sentence].format(
                name=known.names[name], town=known.towns[town], n=n + _FIRST_NUMBER
            )

    def follow_ups(self, rng: np.random.Generator, topics: NDArray[np.int64]) -> list[str]:
        """Write short human turns that continue a conversation."""
        return self._one_of(self._follow_ups, rng, topics)

    def feedback(self, rng: np.random.Generator, topics: NDArray[np.int64]) -> list[str]:
        """Write a sentence or two on why a response was chosen."""
        first = self._one_of(self._feedback, rng, topics)
        second = self._one_of(self._feedback, rng, topics)
        both = (rng.random(len(topics)) < 1 / 2).tolist()
        return [
            f"{one} {two}" if is_long and one != two else one
            for one, two, is_long in zip(first, second, both, strict=True)
        ]

    @staticmethod
    def _one_of(
        pools: list[list[str]], rng: np.random.Generator, topics: NDArray[np.int64]
    ) -> list[str]:
        spots = rng.integers(len(pools[0]), size=len(topics)).tolist()
        return [pools[topic][spot] for topic, spot in zip(topics.tolist(), spots, strict=True)]

    def replies(
        self,
        rng: np.random.Generator,
        topics: NDArray[np.int64],
        styles: Styles,
        *,
        mean_sentences: float,
    ) -> list[str]:
        """Write one response per row, with the qualities that its style asks for.

        Args:
            rng: Chooses the sentences.
            topics: ``(n,)``, what each response is about.
            styles: ``(n, 5)``.
            mean_sentences: Sentences in the body at `detail` 0.5; at 0 and 1 it is a fifth of
                that and nine fifths.
        """
        count = len(topics)
        size = self._n_body
        n_body = np.rint(mean_sentences * (0.2 + 1.6 * styles[:, 0])).astype(np.int64)
        n_body = np.clip(n_body, 1, min(_MAX_BODY, size))
        starts = rng.integers(size, size=count).tolist()
        strides = rng.integers(1, size, size=count).tolist()
        others = rng.integers(6, size=(count, 4)).tolist()
        levels = np.rint(styles[:, 1:] * 2).astype(np.int64).tolist()
        words = self.lexicon
        texts = []
        # One Python string per row is the product itself; all chance was drawn above.
        for topic, n, start, stride, other, level in zip(
            topics.tolist(), n_body.tolist(), starts, strides, others, levels, strict=True
        ):
            warmth, safety, structure, soundness = level
            pool = self._body[topic]
            parts = [pool[(start + step * stride) % size] for step in range(n)]
            if structure and n > 1:
                parts = [parts[0] + "\n\n- " + "\n- ".join(parts[1:]) + "\n\n"]
            if warmth:
                parts.insert(0, _cycle(words.openers, other[0]))
            if not soundness:
                parts.append(_cycle(words.overclaims, other[1]))
            if safety:
                parts.append(_cycle(words.cautions, other[2]))
            if safety > 1:
                parts.append(_cycle(words.cautions, other[2] + 1))
            if warmth > 1:
                parts.append(_cycle(words.closers, other[3]))
            texts.append(" ".join(parts).replace("\n\n ", "\n\n").rstrip())
        return texts


def _cycle(sentences: tuple[str, ...], index: int) -> str:
    return sentences[index % len(sentences)]


def _coprime(size: int) -> int:
    """Find a stride near the golden section of a size that visits all of it."""
    stride = max(1, round(size * 0.6180339887))
    while math.gcd(stride, size) != 1:
        stride += 1
    return stride


def unique(texts: Iterable[str], seen: set[str], more: Iterable[str]) -> list[str]:
    """Make texts distinct from each other and from those seen, by appending sentences.

    Args:
        texts: Texts that are mostly distinct already.
        seen: Grows by the texts that are returned.
        more: Sentences to append, used up in order; as many as it takes.
    """
    spare = iter(more)
    result = []
    for text in texts:
        new = text
        while new in seen:
            new = f"{new} {next(spare)}"
        seen.add(new)
        result.append(new)
    return result
