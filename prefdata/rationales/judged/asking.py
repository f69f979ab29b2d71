"""One question to a judge, with a few single letters to choose from, and how sure it is."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prefdata.chat.verdicts import choice_probabilities, read_verdict
from prefdata.protocols import ChatRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prefdata.protocols import Chat, ChatAnswer, ChatParams, Message

__all__ = ["Judge", "Opinion", "ask"]

_ALTERNATIVES = 5  # What the most frugal servers give; the choices are two or three letters.
_LONGEST = 16  # Tokens of a letter with its dress; models that reason need `max_tokens`.
_SPREAD = 1.0  # Temperature of samples, whose shares stand for probabilities.


@dataclass(frozen=True, slots=True)
class Judge:
    """Who is asked, on behalf of which step."""

    chat: Chat
    model: ChatParams
    step: str
    samples: int = 0
    """Answers to draw where the server gives no log-probabilities; 0 takes the verdict for sure."""
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a judge said to one question; without a verdict where it could not be read."""

    verdict: str | None
    shares: dict[str, float]
    """Probability of each choice; empty without a verdict."""
    detail: str | None = None
    """Why there is no verdict."""


def ask(
    questions: Sequence[tuple[Message, ...]],
    choices: tuple[str, ...],
    judge: Judge,
    *,
    purpose: str,
    expected: Sequence[str],
) -> list[Opinion]:
    """Ask questions in their order, and read how probable the judge finds each choice.

    Probabilities are those of the first token that is a choice, where the server gives
    log-probabilities and they say the same as the words; else shares of `Judge.samples` answers,
    where some are wanted; else 1 for what the judge said.

    Args:
        questions: Messages of each; those that begin alike next to each other.
        choices: Single letters.
        judge: Who is asked.
        purpose: What is asked for, in kebab case.
        expected: The answer to each that an estimate of the price goes on with.

    Raises:
        BackendError: If answers are missing in the end.
        BudgetError: If the budget does not allow the next request.
    """
    requests = [
        _request(messages, stand_in) for messages, stand_in in zip(questions, expected, strict=True)
    ]
    answers = _get(requests, choices, judge, purpose)
    found = [_opinion(answer, choices) for answer in answers]
    unsure = [
        place
        for place, (opinion, answer) in enumerate(zip(found, answers, strict=True))
        if judge.samples and opinion.verdict and choice_probabilities(answer, choices) is None
    ]
    if unsure:
        drawn = [
            _request(questions[place], expected[place], sample=sample, seed=judge.seed + sample)
            for place in unsure
            for sample in range(1, judge.samples + 1)
        ]
        samples = _get(drawn, choices, judge, purpose)
        for number, place in enumerate(unsure):
            mine = samples[number * judge.samples : (number + 1) * judge.samples]
            found[place] = _pooled(found[place], mine, choices)
    return found


def _request(
    messages: tuple[Message, ...], stand_in: str, *, sample: int = 0, seed: int = 0
) -> ChatRequest:
    return ChatRequest(
        messages=messages,
        max_tokens=_LONGEST,
        temperature=_SPREAD if sample else 0.0,
        seed=seed,
        n_alternatives=0 if sample else _ALTERNATIVES,
        sample=sample,
        stand_in=stand_in,
    )


def _get(
    requests: list[ChatRequest], choices: tuple[str, ...], judge: Judge, purpose: str
) -> list[ChatAnswer]:
    return judge.chat.get(
        requests,
        model=judge.model,
        purpose=purpose,
        step=judge.step,
        read=lambda text: read_verdict(text, choices),
    ).answers


def _opinion(answer: ChatAnswer, choices: tuple[str, ...]) -> Opinion:
    if answer.status != "ok" or answer.text is None:
        why = f": {answer.detail}" if answer.detail else ""
        return Opinion(None, {}, f"the judge's answer is {answer.status}{why}")
    verdict = read_verdict(answer.text, choices)
    shares = choice_probabilities(answer, choices)
    # A letter before the verdict may be a word, such as `a`: then its odds are not the verdict's.
    if shares is None or shares[verdict] < max(shares.values()):
        shares = {choice: float(choice == verdict) for choice in choices}
    return Opinion(verdict, shares)


def _pooled(first: Opinion, samples: list[ChatAnswer], choices: tuple[str, ...]) -> Opinion:
    """Return what several answers to a question come to; of equal shares the first answer's."""
    said = Counter(
        read_verdict(answer.text, choices)
        for answer in samples
        if answer.status == "ok" and answer.text is not None
    )
    if not said:
        return first
    shares = {choice: said[choice] / said.total() for choice in choices}
    verdict = max(choices, key=lambda choice: (shares[choice], choice == first.verdict))
    return Opinion(verdict, shares)
