"""Weights in this process answer as a chat model does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from prefdata.backends.transformers_local import transformers_local
from prefdata.chat.models import chat_backend
from prefdata.core.events import Note
from prefdata.protocols import ChatParams, ChatReply, ChatRequest
from prefdata.testing.causal import EOS, write_tiny_causal_lm

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.core.events import Event

__all__: list[str] = []


def _answer(folder: Path, text: str, **params: Any) -> tuple[ChatReply, list[str]]:
    told: list[str] = []

    def report(event: Event) -> None:
        assert isinstance(event, Note)
        told.append(event.text)

    wanted = ChatParams(model=str(folder), **{"device": "cpu", **params})
    model = transformers_local.open(wanted, folder, report)
    request = ChatRequest(messages=({"role": "user", "content": text},), max_tokens=6)
    (reply,) = asyncio.run(model.ask([request]))
    return reply, told


def _with_head(folder: Path, token: int) -> Path:
    """Let a model of one layer say one token, whatever it reads."""
    import torch
    from safetensors.torch import load_file, save_file

    weights = write_tiny_causal_lm(folder, "gpt2", layers=1) / "model.safetensors"
    parts = load_file(weights)
    # After the last norm all states are its bias.
    parts["transformer.ln_f.weight"] = torch.zeros(48)
    parts["transformer.ln_f.bias"] = torch.ones(48)
    parts["lm_head.weight"] = torch.zeros_like(parts["lm_head.weight"])
    parts["lm_head.weight"][token] = 1.0
    save_file(parts, weights, metadata={"format": "pt"})
    return folder


def test_a_folder_is_answered_by_its_weights(tmp_path: Path) -> None:
    assert chat_backend(ChatParams(model=str(tmp_path))) is transformers_local


def test_a_model_says_what_its_weights_say(tmp_path: Path) -> None:
    reply, told = _answer(_with_head(tmp_path / "m", ord("X")), "X or Y?")
    assert (reply.text, reply.finish_reason, reply.model) == (
        "XXXXXX",
        "length",
        str(tmp_path / "m"),
    )
    assert told == []


def test_an_answer_that_ends_before_its_first_word_is_not_tried_again(tmp_path: Path) -> None:
    reply, _ = _answer(_with_head(tmp_path / "m", 257), "X or Y?")
    assert reply.fault is not None
    assert (reply.fault.kind, reply.fault.is_retryable) == ("request", False)
    assert reply.usage is not None
    assert reply.usage.completion_tokens == 1


def test_every_end_that_the_model_names_is_one(tmp_path: Path) -> None:
    folder = _with_head(tmp_path / "m", ord("X"))
    said = f'{{"eos_token_id": [257, {ord("X")}]}}'
    (folder / "generation_config.json").write_text(said)
    reply, _ = _answer(folder, "X or Y?")
    assert reply.fault is not None
    assert reply.usage is not None
    assert reply.usage.completion_tokens == 1
    assert EOS not in (reply.text or "")


def test_a_model_without_a_chat_template_is_told_of(tmp_path: Path) -> None:
    folder = write_tiny_causal_lm(tmp_path / "m", layers=1, chat_template=False, bos=False)
    reply, told = _answer(folder, "abc")
    assert reply.usage is not None
    assert reply.usage.prompt_tokens == 3
    assert len(told) == 1
    assert "has no chat template" in told[0]


def test_the_system_prompt_is_folded_where_it_must_be(tmp_path: Path) -> None:
    template = (
        "{% for message in messages %}"
        "{% if message['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}"
        "{{ message['content'] }}{% endfor %}"
    )
    folder = write_tiny_causal_lm(tmp_path / "m", layers=1, chat_template=template)
    messages = ({"role": "system", "content": "a"}, {"role": "user", "content": "b"})
    request = ChatRequest(messages=messages, max_tokens=2)
    replies = []
    for system in ("keep", "fold"):
        params = ChatParams.model_validate(
            {"model": str(folder), "device": "cpu", "system": system}
        )
        model = transformers_local.open(params, folder, lambda _: None)
        replies += asyncio.run(model.ask([request]))
    kept, folded = replies
    assert kept.fault is not None
    assert "With `system: fold` the template takes them" in kept.fault.message
    assert folded.usage is not None
    assert folded.usage.prompt_tokens == len("a\n\nb")


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_answers_too(tmp_path: Path, dtype: str) -> None:
    reply, _ = _answer(_with_head(tmp_path / "m", ord("Y")), "X or Y?", dtype=dtype)
    assert reply.text == "YYYYYY"
