"""Rules that readers share: what no trainer learns from, and what chat templates refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.testing.trainers._rows import Read

if TYPE_CHECKING:
    from prefdata.testing.trainers._rows import Messages, Row

__all__ = ["alternates", "divided", "ends_with_question", "labelled", "paired"]


def paired(
    row: Row,
    prompt: Messages,
    chosen: Messages,
    rejected: Messages,
    margin: float | None = None,
) -> Read:
    """Return a pair of which a trainer can learn.

    Raises:
        ValueError: If the prompt does not end with a question, a response is not one message of
            the assistant with text, or the two responses are the same.
    """
    ends_with_question(row, prompt)
    _is_answer(row, "chosen", chosen)
    _is_answer(row, "rejected", rejected)
    row.check(chosen != rejected, "chosen and rejected are different")
    return Read(row.split, prompt=prompt, chosen=chosen, rejected=rejected, margin=margin)


def labelled(row: Row, prompt: Messages, response: Messages, label: object) -> Read:
    """Return a response with its label.

    Raises:
        ValueError: If the prompt does not end with a question, the response is not one message of
            the assistant with text, or the label is no boolean: strings are all true.
    """
    ends_with_question(row, prompt)
    _is_answer(row, "response", response)
    if not isinstance(label, bool):
        raise row.refuse("a label is true or false")
    return Read(row.split, prompt=prompt, response=response, label=label)


def ends_with_question(row: Row, prompt: Messages) -> None:
    """Check that a prompt ends with text of the user.

    Raises:
        ValueError: If it does not.
    """
    is_question = bool(prompt) and prompt[-1].role == "user" and prompt[-1].content.strip()
    row.check(is_question, "a prompt ends with a message of the user that has text")


def alternates(row: Row, prompt: Messages, *, system: bool = True) -> None:
    """Check that user and assistant take turns from the user's first message to the last.

    Args:
        row: The row.
        prompt: Its prompt.
        system: Whether a system message may stand before them.

    Raises:
        ValueError: If they do not.
    """
    roles = [turn.role for turn in prompt]
    if system and roles[:1] == ["system"]:
        roles = roles[1:]
    turns = ["user", "assistant"] * len(roles)
    row.check(roles == turns[: len(roles)], "user and assistant take turns")
    row.check(len(roles) % 2 == 1, "a prompt has an odd number of turns")


def divided(row: Row, chosen: Messages, rejected: Messages) -> tuple[Messages, Messages, Messages]:
    """Return the prompt of two whole conversations, and the last message of each.

    Raises:
        ValueError: If they differ before it, where a reader that takes the prompt of one would give
            the other a wrong prompt.
    """
    row.check(chosen[:-1] == rejected[:-1], "conversations differ in the last message only")
    return chosen[:-1], chosen[-1:], rejected[-1:]


def _is_answer(row: Row, name: str, messages: Messages) -> None:
    is_one = len(messages) == 1 and messages[0].role == "assistant"
    row.check(is_one, f"{name} is one message of the assistant")
    row.check(messages[0].content.strip(), f"{name} has text")
