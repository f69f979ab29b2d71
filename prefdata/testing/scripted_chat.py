"""A chat model that says what a function says: it stands for no real model.

Tests of stages use it where the point is what the stage asks and what it makes of the answers.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from prefdata.chat.models import chat_id, request_id
from prefdata.core.fingerprint import canonical_json
from prefdata.protocols import ChatAnswer, ChatAnswers, ChatIdentity

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from prefdata.protocols import Alternatives, AnswerStatus, ChatParams, ChatRequest

__all__ = ["ScriptedChat", "scripted_answer"]

_CHARACTERS_PER_TOKEN = 4


def scripted_answer(
    text: str | None,
    *,
    status: AnswerStatus = "ok",
    alternatives: tuple[Alternatives, ...] | None = None,
) -> ChatAnswer:
    """Return an answer for a script; whose answer it is, and its counts, are filled in later.

    Args:
        text: The text; none for ``filtered`` and ``failed``.
        status: As in the table ``answers``; the reason why the model stopped follows from it.
        alternatives: Log-probabilities of the likeliest tokens, for each token.
    """
    reasons = {"cut": "length", "filtered": "content_filter", "failed": None}
    return ChatAnswer(
        request="",
        status=status,
        text=text,
        finish_reason=reasons.get(status, "stop"),
        alternatives=alternatives,
        prompt_tokens=None,
        completion_tokens=None,
        detail="scripted" if status == "failed" else None,
    )


class ScriptedChat:
    """Answers by a function, and remembers: what was answered once is not asked again.

    A token is four characters, or what is left of them; a message costs one more.

    Args:
        answer: Given a request and its purpose, returns a text or an answer. It is called for each
            distinct request, and again where ``read`` refuses the text.

    Attributes:
        asked: Purpose and request of each call, in order; those made again are there again.
    """

    def __init__(self, answer: Callable[[ChatRequest, str], str | ChatAnswer]) -> None:
        """Begin with no answer known."""
        self.asked: list[tuple[str, ChatRequest]] = []
        self._answer = answer
        self._known: dict[tuple[str, str], ChatAnswer] = {}

    def get(
        self,
        requests: Sequence[ChatRequest],
        *,
        model: ChatParams,
        purpose: str,
        step: str,
        read: Callable[[str], object] | None = None,
    ) -> ChatAnswers:
        """Return the answer to every request, in their order; see `prefdata.protocols.Chat`."""
        del step
        wording = canonical_json(model.wording())
        chat = chat_id(ChatIdentity(server="scripted", model=model.model, wording=wording))
        before = len(self._known)
        answers = []
        for request in requests:
            key = (chat, request_id(request))
            if key not in self._known:
                self._known[key] = self._ask(request, key[1], purpose, read, 1 + model.rereads)
            answers.append(self._known[key])
        return ChatAnswers(answers, chat, model.model, n_asked=len(self._known) - before)

    def _ask(
        self,
        request: ChatRequest,
        digest: str,
        purpose: str,
        read: Callable[[str], object] | None,
        tries: int,
    ) -> ChatAnswer:
        for _ in range(tries):
            self.asked.append((purpose, request))
            said = self._answer(request, purpose)
            given = scripted_answer(said) if isinstance(said, str) else said
            answer = _counted(replace(given, request=digest), request)
            if read is None or answer.status != "ok" or answer.text is None:
                return answer
            try:
                read(answer.text)
            except ValueError as error:
                answer = replace(answer, status="unreadable", detail=str(error))
            else:
                return answer
        return answer


def _counted(answer: ChatAnswer, request: ChatRequest) -> ChatAnswer:
    prompt = sum(1 + _n_tokens(message["content"]) for message in request.messages)
    said = answer.completion_tokens
    return replace(
        answer,
        prompt_tokens=prompt if answer.prompt_tokens is None else answer.prompt_tokens,
        completion_tokens=_n_tokens(answer.text or "") if said is None else said,
    )


def _n_tokens(text: str) -> int:
    return -(-len(text) // _CHARACTERS_PER_TOKEN)
