"""The backend against `transformers serve`: a real server, and a tiny model with random weights.

What the model says has no sense; that our backend reads it as the very same model says it in this
process, with the same count of tokens, does not depend on sense.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from prefdata.backends.openai_compatible import openai_compatible
from prefdata.core.events import silent
from prefdata.protocols import ChatParams, ChatReply, ChatRequest, Usage
from prefdata.testing.causal import write_tiny_causal_lm

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__: list[str] = []

_TOKENS = 24
_WITHIN_SECONDS = 90.0
_QUESTIONS = tuple(f"Which is better, {n} or {n + 1}?" for n in range(6))


@dataclass(frozen=True)
class _Served:
    """A server, and the folder of the model that it serves."""

    url: str
    model: str


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Served]:
    folder = tmp_path_factory.mktemp("served")
    model = str(write_tiny_causal_lm(folder / "model"))
    # Without it the server never draws, whatever the temperature.
    settings = {"do_sample": True, "bos_token_id": 256, "eos_token_id": 257}
    (folder / "model" / "generation_config.json").write_text(json.dumps(settings))
    command = [sys.executable, "-m", "transformers.cli.transformers", "serve", model]
    command += ["--host", "127.0.0.1", "--port", "0", "--device", "cpu"]
    log = folder / "log"
    with log.open("wb") as file, subprocess.Popen(command, stdout=file, stderr=file) as process:
        try:
            yield _Served(f"{_address(log, process)}/v1", model)
        finally:
            process.kill()


def _address(log: Path, process: subprocess.Popen[bytes]) -> str:
    """Wait until the server says where it is."""
    deadline = time.monotonic() + _WITHIN_SECONDS
    while time.monotonic() < deadline:
        told = log.read_text(errors="replace")
        if found := re.search(r"running on (http://[\d.:]+)", told):
            return found[1]
        assert process.poll() is None, told
        time.sleep(0.05)
    raise TimeoutError(log.read_text(errors="replace"))


def _request(text: str, **given: Any) -> ChatRequest:
    messages = ({"role": "system", "content": "Be brief."}, {"role": "user", "content": text})
    return ChatRequest(messages, _TOKENS, **given)


def _ask(served: _Served, *requests: ChatRequest, **params: Any) -> list[ChatReply]:
    async def ask() -> list[ChatReply]:
        given = {"model": served.model, "base_url": served.url, **params}
        model = openai_compatible.open(ChatParams(**given), Path(), silent)
        replies = await model.ask(requests)
        await model.close()
        return replies

    return asyncio.run(ask())


def _said_here(model: str, request: ChatRequest) -> tuple[str, Usage]:
    """Return what the model says in this process, greedily, and the number of tokens."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    untyped: Any = AutoTokenizer
    tokenizer = untyped.from_pretrained(model)
    weights: Any = AutoModelForCausalLM.from_pretrained(model)
    read = tokenizer.apply_chat_template(
        [dict(message) for message in request.messages],
        add_generation_prompt=True,
        return_tensors="pt",
        return_dict=True,
    )
    n_read = read["input_ids"].shape[1]
    out = weights.generate(**read, max_new_tokens=request.max_tokens, do_sample=False)
    said = out[0, n_read:]
    return tokenizer.decode(said, skip_special_tokens=True), Usage(n_read, len(said))


def test_an_answer_is_what_the_model_says_here(served: _Served) -> None:
    request = _request(_QUESTIONS[0])
    (reply,) = _ask(served, request)
    text, usage = _said_here(served.model, request)
    assert reply.fault is None
    assert (reply.text, reply.usage) == (text, usage)
    assert reply.finish_reason == "length"
    assert reply.model is not None
    assert reply.model.startswith(served.model)


def test_requests_at_the_same_time_have_the_answers_of_one_after_the_other(
    served: _Served,
) -> None:
    requests = [_request(text) for text in _QUESTIONS]
    together = _ask(served, *requests, concurrency=len(requests))
    alone = [reply for request in requests for reply in _ask(served, request)]
    assert [reply.text for reply in together] == [reply.text for reply in alone]
    assert len({reply.text for reply in together}) > 1


def test_a_seed_decides_what_is_drawn(served: _Served) -> None:
    drawn = [
        _ask(served, _request(_QUESTIONS[0], temperature=1.0, seed=7, sample=sample))[0].text
        for sample in (0, 0, 1)
    ]
    assert drawn[0] == drawn[1] != drawn[2]


def test_what_the_server_does_not_offer_is_done_without(served: _Served) -> None:
    request = _request(_QUESTIONS[0], schema='{"type":"object"}', n_alternatives=3)
    plain, asked = _ask(served, _request(_QUESTIONS[0])), _ask(served, request)
    assert asked[0].text == plain[0].text
    assert asked[0].alternatives is None


def test_a_field_that_the_server_does_not_know_is_named(served: _Served) -> None:
    (reply,) = _ask(served, _request(_QUESTIONS[0]), extra_body={"foo": 1})
    assert reply.fault is not None
    assert reply.fault.kind == "request"
    assert "foo" in reply.fault.message


def test_a_system_prompt_that_is_folded_is_read_by_the_model(served: _Served) -> None:
    kept, folded = (_ask(served, _request(_QUESTIONS[0]), system=way) for way in ("keep", "fold"))
    assert kept[0].usage is not None
    assert folded[0].usage is not None
    assert folded[0].usage.prompt_tokens < kept[0].usage.prompt_tokens
