"""Which backend is meant, and what names a model and a request; the digests are pinned."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from prefdata.chat.models import chat_backend, chat_id, request_id
from prefdata.core.errors import UnknownNameError, UserError
from prefdata.protocols import ChatIdentity, ChatParams, ChatRequest

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

_REQUEST = ChatRequest(({"role": "user", "content": "Warum? 为什么"},), 64, seed=3)


def test_a_folder_means_weights_and_another_name_a_server(tmp_path: Path) -> None:
    assert chat_backend(ChatParams(model=str(tmp_path))).name == "transformers-local"
    assert chat_backend(ChatParams(model="org/name")).name == "openai-compatible"


def test_a_backend_must_be_there_and_answer_requests() -> None:
    with pytest.raises(UnknownNameError):
        chat_backend(ChatParams(model="m", backend="telepathy"))
    with pytest.raises(UserError, match="answers no requests"):
        chat_backend(ChatParams(model="m", backend="lexical"))


def test_the_digests_of_models_and_requests_stay_what_they_are() -> None:
    assert chat_id(ChatIdentity("https://host/v1", "m", "{}")) == "b239111b393011ab"
    assert request_id(_REQUEST) == "33010821a904e3f265cd6892efe87cca"


@pytest.mark.parametrize(
    "change",
    [
        {"messages": ({"role": "user", "content": "Warum?"},)},
        {"max_tokens": 65},
        {"temperature": 0.1},
        {"top_p": 0.9},
        {"seed": 4},
        {"schema": "{}"},
        {"n_alternatives": 1},
        {"sample": 1},
    ],
)
def test_another_request_has_another_digest(change: dict[str, Any]) -> None:
    assert request_id(replace(_REQUEST, **change)) != request_id(_REQUEST)


def test_a_stand_in_is_no_part_of_a_request() -> None:
    assert request_id(replace(_REQUEST, stand_in="Because.")) == request_id(_REQUEST)
