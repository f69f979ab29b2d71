"""What a writer's answer says: the text, and who was found better where that was asked."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from prefdata.chat.objects import read_object, without_thoughts

__all__ = ["BlindAnswer", "read_blind", "read_text"]

_VERDICTS = {"x": "X", "y": "Y", "tie": "tie"}


def _spelt(value: Any) -> Any:
    return _VERDICTS.get(value.strip().lower(), value) if isinstance(value, str) else value


def _words(value: str) -> str:
    if not any(letter.isalnum() for letter in value):
        message = "there are no words"
        raise ValueError(message)
    return value.strip()


class BlindAnswer(BaseModel):
    """What a writer says who was not told which response is better."""

    model_config = ConfigDict(frozen=True, strict=True)

    reason: str
    verdict: Annotated[Literal["X", "Y", "tie"], BeforeValidator(_spelt)]


def read_text(text: str) -> str:
    """Return the rationale that an answer is, without the thoughts of a model that reasons.

    Args:
        text: The answer.

    Raises:
        ValueError: If there are no words in it, or its thoughts have no end.
    """
    return without_thoughts(text)


def read_blind(text: str) -> BlindAnswer:
    """Return the reason and the verdict of an answer.

    Thoughts and a code fence around the object are looked through; what is not the object that
    was asked for is refused, and so is one that names a field twice.

    Args:
        text: The answer.

    Raises:
        ValueError: If it is not one clear object.
    """
    try:
        read = BlindAnswer.model_validate(read_object(text))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "answer"
        message = f"{field}: {first['msg']}"
        raise ValueError(message) from None
    return read.model_copy(update={"reason": _words(read.reason)})
