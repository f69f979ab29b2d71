"""What the answer of a model proposes: exactly the principles that were asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prefdata.chat.objects import read_object
from prefdata.constitution.proposing.sentences import SENTENCE_RULES, read_sentence
from prefdata.constitution.proposing.wording import KEY

if TYPE_CHECKING:
    from collections.abc import Callable

    from prefdata.constitution.proposing.wording import Task
    from prefdata.protocols import ChatAnswer

__all__ = ["ANSWER_RULES", "Answer", "Proposal", "read_answer", "read_strictly", "reader"]

ANSWER_RULES = {
    "unreadable-principles": "The answer is not the list of principles that was asked for",
    "cut-answer": "The answer reached the longest length",
    "filtered-answer": "The server's filter, or the model itself, refused to answer",
    "failed-answer": "The server refuses the request",
}
"""Why an answer proposes nothing, by the name of the rule; `SENTENCE_RULES` are others."""

_REPEATED = "repeated"
_OF_STATUS = {
    "cut": "cut-answer",
    "filtered": "filtered-answer",
    "failed": "failed-answer",
}


@dataclass(frozen=True, slots=True)
class Proposal:
    """A principle of an answer."""

    number: int
    """Its place in the answer, from 0."""
    said: str
    """As the model wrote it."""
    sentence: str
    """In the form of all principles."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an answer comes to."""

    proposals: tuple[Proposal, ...] = ()
    left_out: tuple[str, ...] = ()
    """Of each sentence that is no principle, the rule that it breaks."""
    rule: str | None = None
    """Why there is no proposal; null where there is one."""
    detail: str | None = None


def reader(task: Task) -> Callable[[str], object]:
    """Return what reads an answer, and raises ValueError where something is wrong with it."""

    def read(text: str) -> object:
        return read_strictly(text, task)

    return read


def read_strictly(text: str, task: Task) -> tuple[Proposal, ...]:
    """Return the principles of an answer that is right as a whole.

    Args:
        text: The answer.
        task: What was asked.

    Raises:
        ValueError: If it is no object with the one key, holds more or fewer sentences than were
            asked for, or one of them is no principle or a repetition.
    """
    proposals, faults = _sentences(_list(text, task.k), task)
    if faults:
        number, rule = faults[0]
        why = SENTENCE_RULES.get(rule, "It is there twice")
        message = f"sentence {number + 1}: {rule}. {why}"
        raise ValueError(message)
    return proposals


def read_answer(answer: ChatAnswer, task: Task) -> Answer:
    """Return what an answer proposes in the end, after it was asked for again.

    Of a list with faulty sentences the others count: they were asked for in the same words. An
    answer that is no list of the right length proposes nothing.

    Args:
        answer: The final answer.
        task: What was asked.
    """
    if answer.text is None or answer.status in _OF_STATUS:
        rule = _OF_STATUS.get(answer.status, "unreadable-principles")
        return Answer(rule=rule, detail=answer.detail)
    try:
        said = _list(answer.text, task.k)
    except ValueError as error:
        return Answer(rule="unreadable-principles", detail=str(error))
    proposals, faults = _sentences(said, task)
    left_out = tuple(rule for _, rule in faults)
    return Answer(proposals, left_out, None if proposals else left_out[0])


def _list(text: str, k: int) -> list[str]:
    """Return the sentences of an answer.

    Raises:
        ValueError: If it is not an object with that one key and so many sentences.
    """
    said = read_object(text)
    if set(said) != {KEY}:
        message = f"the keys are {', '.join(sorted(said)) or 'none'}, not {KEY} alone"
        raise ValueError(message)
    found = said[KEY]
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        message = f"{KEY} is no list of sentences"
        raise ValueError(message)
    if len(found) != k:
        message = f"{len(found)} principles, where {k} were asked for"
        raise ValueError(message)
    return found


def _sentences(
    said: list[str], task: Task
) -> tuple[tuple[Proposal, ...], tuple[tuple[int, str], ...]]:
    """Return the principles, and the number and rule of each sentence that is none."""
    found: dict[str, Proposal] = {}
    faults: list[tuple[int, str]] = []
    for number, one in enumerate(said):
        text, rule = read_sentence(one, task.max_words)
        if text is None or rule is not None:
            faults.append((number, rule or "not-a-principle"))
        elif text.casefold() in found:
            faults.append((number, _REPEATED))
        else:
            found[text.casefold()] = Proposal(number, one, text)
    return tuple(found.values()), tuple(faults)
