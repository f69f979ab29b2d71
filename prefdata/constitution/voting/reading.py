"""What the answer of a model votes: exactly one vote for each number, or nothing at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.chat.objects import read_object
from prefdata.constitution.ballots import NOT_APPLICABLE
from prefdata.constitution.voting.wording import BOTH, FIRST, KEY, NEITHER, SECOND

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

__all__ = ["CODES", "read_votes", "reader"]

CODES = {FIRST: 1, SECOND: -1, BOTH: 0, NEITHER: NOT_APPLICABLE}
"""What a vote is in arrays: 1 for the response that is shown first, -1 for the second."""

_FOLDED = {word.casefold(): code for word, code in CODES.items()}
_NUMBERS = {str(number): number for number in range(1, 1001)}
"""Spelt as they are asked for; looking one up takes a third of the time of reading it."""


def reader(spans: Collection[tuple[int, int]]) -> Callable[[str], object]:
    """Return what reads an answer, and raises ValueError where something is wrong with it.

    Args:
        spans: The first number and the number of votes of every list that is asked about. An
            answer must be to one of them; `read_votes` tells whether it is to its own.
    """
    known = frozenset(spans)

    def read(text: str) -> object:
        votes = _votes(text)
        span = (min(votes), len(votes))
        if span not in known or max(votes) != span[0] + span[1] - 1:
            message = f"{_told(votes)} are no list that was asked about"
            raise ValueError(message)
        return votes

    return read


def read_votes(text: str, first: int, n: int) -> list[int]:
    """Return the votes of an answer, by number.

    Case does not count in a vote; anything else does.

    Args:
        text: The answer.
        first: The first number of its list.
        n: The number of votes that were asked for.

    Returns:
        Values of `CODES`.

    Raises:
        ValueError: If it is not the object that was asked for: a number is missing, is there
            twice, or was not asked for, or a word is no vote.
    """
    votes = _votes(text)
    try:
        found = [votes[number] for number in range(first, first + n)]
    except KeyError as error:
        message = f"there is no vote on number {error.args[0]}"
        raise ValueError(message) from None
    if len(votes) > n:
        message = f"{_told(votes)} were not all asked about"
        raise ValueError(message)
    return found


def _votes(text: str) -> dict[int, int]:
    """Return the votes of an answer by their numbers; there is at least one."""
    said = read_object(text)
    if said.keys() != {KEY}:
        message = f"the keys are {', '.join(sorted(said)) or 'none'}, not {KEY} alone"
        raise ValueError(message)
    votes = said[KEY]
    if not isinstance(votes, dict) or not votes:
        message = f"{KEY} is no object with a vote for each number"
        raise ValueError(message)
    try:
        # As most answers are; a server may bring thousands of them in a second.
        found = {_NUMBERS[key]: CODES[word] for key, word in votes.items()}
    except (KeyError, TypeError):
        found = {_number(key): _code(key, word) for key, word in votes.items()}
    if len(found) < len(votes):
        message = "a number is there twice"
        raise ValueError(message)
    return found


def _number(key: str) -> int:
    if not (key.isascii() and key.isdecimal()):
        message = f"{key!r} is no number of a principle"
        raise ValueError(message)
    return int(key)


def _code(key: str, word: object) -> int:
    code = _FOLDED.get(word.strip().casefold()) if isinstance(word, str) else None
    if code is None:
        message = f"number {key}: {word!r} is no vote"
        raise ValueError(message)
    return code


def _told(votes: Collection[int]) -> str:
    return f"{len(votes)} votes, on the numbers {min(votes)} to {max(votes)},"
