"""What a writer's answer says: the text, and who was found better where that was asked."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

__all__ = ["BlindAnswer", "read_blind", "read_text"]

_THOUGHT = re.compile(r"\s*<think>.*?</think>", re.DOTALL)
_FENCED = re.compile(r"```\w*\n(.*?)\n?```", re.DOTALL)
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
    body = _THOUGHT.sub("", text, count=1) if _THOUGHT.match(text) else text
    if body.lstrip().startswith("<think>"):
        message = "the thoughts before the answer have no end"
        raise ValueError(message)
    return _words(body)


def read_blind(text: str) -> BlindAnswer:
    """Return the reason and the verdict of an answer.

    Thoughts and a code fence around the object are looked through; what is not the object that
    was asked for is refused, and so is one that names a field twice.

    Args:
        text: The answer.

    Raises:
        ValueError: If it is not one clear object.
    """
    body = read_text(text)
    if found := _FENCED.fullmatch(body):
        body = found[1]
    try:
        read = BlindAnswer.model_validate(json.loads(body, object_pairs_hook=_once))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "answer"
        message = f"{field}: {first['msg']}"
        raise ValueError(message) from None
    except json.JSONDecodeError as error:
        message = f"the answer is no JSON object: {error.msg}"
        raise ValueError(message) from None
    return read.model_copy(update={"reason": _words(read.reason)})


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        message = "a field is there twice"
        raise ValueError(message)
    return found
