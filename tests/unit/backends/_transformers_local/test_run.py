"""An open model answers every request it is given, in order, whatever happens on the way."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest

from prefdata.backends import transformers_local as plugin
from prefdata.backends._transformers_local import run
from prefdata.backends._transformers_local.generate import generate as whole
from prefdata.core.errors import BackendError
from prefdata.core.events import Note
from prefdata.protocols import ChatParams, ChatReply, ChatRequest
from prefdata.testing.causal import write_tiny_causal_lm

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from prefdata.core.events import Event

__all__: list[str] = []


class _Opened:
    """A model that is open, and what it told."""

    def __init__(self, folder: Path, **params: Any) -> None:
        self.told: list[str] = []
        wanted = ChatParams(model=str(folder), **{"device": "cpu", **params})
        self.model: Any = plugin.transformers_local.open(wanted, folder, self._report)

    def _report(self, event: Event) -> None:
        assert isinstance(event, Note)
        self.told.append(event.text)

    def ask(self, requests: list[ChatRequest]) -> list[ChatReply]:
        replies: list[ChatReply] = asyncio.run(self.model.ask(requests))
        return replies


@pytest.fixture(scope="module")
def folder_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return what gives the folder of a tiny model of an architecture."""
    root = tmp_path_factory.mktemp("models")

    def folder_of(architecture: str) -> Path:
        folder = root / architecture
        return folder if folder.is_dir() else write_tiny_causal_lm(folder, architecture, layers=2)

    return folder_of


def _request(text: str, **request: Any) -> ChatRequest:
    return ChatRequest(
        messages=({"role": "user", "content": text},), **{"max_tokens": 8, **request}
    )


def _mixed(n: int) -> list[ChatRequest]:
    return [
        _request(
            "word " * (i * 7 % 5) + str(i),
            max_tokens=4 + i % 5,
            temperature=0.9 * (i % 2),
            top_p=0.8 if i % 4 == 1 else None,
            seed=i % 3,
            n_alternatives=2 * (i % 3 == 0),
        )
        for i in range(n)
    ]


def _said(replies: list[ChatReply]) -> list[Any]:
    return [(reply.text, reply.finish_reason, reply.usage) for reply in replies]


@pytest.mark.parametrize("architecture", ["llama", "gpt2", "rwkv"])
def test_a_batch_of_one_and_a_batch_of_eight_say_the_same(
    folder_of: Callable[[str], Path], architecture: str
) -> None:
    folder, requests = folder_of(architecture), _mixed(16)
    one, eight = _Opened(folder, batch_size=1), _Opened(folder, batch_size=8)
    answers = one.ask(requests)
    assert _said(answers) == _said(eight.ask(requests))
    assert _said(answers[::-1]) == _said(eight.ask(requests[::-1]))
    assert sum(reply.fault is None for reply in answers) > 12  # a few end before they begin
    is_told = "one by one" in "".join(eight.told)
    assert is_told == (architecture == "rwkv")


def test_tokens_are_counted(folder_of: Callable[[str], Path]) -> None:
    (reply,) = _Opened(folder_of("llama")).ask([_request("Hi.")])
    assert reply.usage is not None
    # One for each of the two marks and their ends, `user`, `assistant`, three line ends, the text.
    assert reply.usage.prompt_tokens == 3 + len("user\nHi.\nassistant\n")
    assert reply.usage.completion_tokens == 8
    assert reply.finish_reason == "length"


def test_alternatives_are_of_the_tokens_of_the_text(folder_of: Callable[[str], Path]) -> None:
    (reply,) = _Opened(folder_of("llama")).ask([_request("Hi.", n_alternatives=3)])
    assert reply.alternatives is not None
    assert len(reply.alternatives) == 8
    assert all(len(one) >= 2 for one in reply.alternatives)
    (plain,) = _Opened(folder_of("llama")).ask([_request("Hi.")])
    assert plain.alternatives is None


def test_a_request_that_cannot_be_read_is_refused_alone(folder_of: Callable[[str], Path]) -> None:
    requests = [_request("long " * 200), _request("Hi."), ChatRequest(messages=(), max_tokens=4)]
    long, short, nothing = _Opened(folder_of("gpt2")).ask(requests)
    assert long.fault is not None
    assert long.fault.kind == "request"
    assert "tokens; the longest text has 512" in long.fault.message
    assert short.text
    assert nothing.fault is not None
    assert nothing.fault.kind == "request"


def test_an_answer_ends_where_the_models_positions_do(folder_of: Callable[[str], Path]) -> None:
    (reply,) = _Opened(folder_of("gpt2")).ask([_request("x" * 480, max_tokens=400)])
    assert reply.usage is not None
    assert reply.usage.prompt_tokens + reply.usage.completion_tokens == 512
    assert reply.finish_reason == "length"


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], list[int]]:
    """Return what lets memory hold so many rows at once; it gives the sizes that were tried."""
    sizes = list[int]()

    def limit(most: int) -> list[int]:
        def generate(model: Any, rows: Any, *args: Any, **options: Any) -> None:
            sizes.append(len(rows))
            if len(rows) > most:
                rows[0].tokens.append(0)  # half a batch was done when memory ran out
                message = "CPU out of memory"
                raise RuntimeError(message)
            whole(model, rows, *args, **options)

        monkeypatch.setattr(run, "generate", generate)
        return sizes

    return limit


def test_batches_are_halved_when_memory_runs_out(
    folder_of: Callable[[str], Path], small: Callable[[int], list[int]]
) -> None:
    requests = _mixed(8)
    expected = _said(_Opened(folder_of("llama")).ask(requests))
    sizes = small(3)
    opened = _Opened(folder_of("llama"))
    assert _said(opened.ask(requests)) == expected
    assert sizes == [8, 4, 2, 2, 2, 2]
    assert opened.told == [
        "Memory ran out; 4 requests are read at once.",
        "Memory ran out; 2 requests are read at once.",
    ]


def test_what_no_memory_holds_is_refused(
    folder_of: Callable[[str], Path], small: Callable[[int], list[int]]
) -> None:
    small(0)
    replies = _Opened(folder_of("llama"), batch_size=2).ask([_request("a"), _request("b")])
    for reply in replies:
        assert reply.fault is not None
        assert reply.fault.kind == "request"
        assert "does not fit into the memory of cpu" in reply.fault.message


def test_another_failure_of_the_model_is_an_error(
    folder_of: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        message = "device-side assert"
        raise RuntimeError(message)

    monkeypatch.setattr(run, "generate", fail)
    with pytest.raises(BackendError, match="The model failed on cpu: device-side assert"):
        _Opened(folder_of("llama")).ask([_request("Hi.")])


def test_an_answer_without_words_is_not_tried_again(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = write_tiny_causal_lm(tmp_path / "m", layers=1) / "model.safetensors"
    parts = load_file(weights)
    # Whatever the state is, its likeliest token is the end: all others have the score 0.
    parts["lm_head.weight"].zero_()
    parts["model.norm.weight"].zero_()
    save_file(parts, weights, metadata={"format": "pt"})
    opened = _Opened(weights.parent)
    (reply,) = opened.ask([_request("Hi.", max_tokens=3)])
    assert reply.fault is None  # NUL bytes are a text
    parts["model.norm.weight"] += float("nan")
    save_file(parts, weights, metadata={"format": "pt"})
    (reply,) = _Opened(weights.parent).ask([_request("Hi.")])
    assert reply.fault is not None
    assert (reply.fault.kind, reply.text) == ("request", None)
    assert "no numbers" in reply.fault.message


def test_a_model_that_is_closed_says_so(folder_of: Callable[[str], Path]) -> None:
    opened = _Opened(folder_of("llama"))
    asyncio.run(opened.model.close())
    asyncio.run(opened.model.close())
    with pytest.raises(BackendError, match="The model is closed"):
        opened.ask([_request("Hi.")])


def test_work_that_nobody_waits_for_ends_at_once(folder_of: Callable[[str], Path]) -> None:
    opened = _Opened(folder_of("gpt2"), batch_size=1)
    requests = [_request(f"{i}", max_tokens=400) for i in range(20)]

    async def cancelled() -> None:
        work = asyncio.create_task(opened.model.ask(requests))
        await asyncio.sleep(0.2)
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)

    started = time.perf_counter()
    asyncio.run(cancelled())  # waits for the thread
    assert time.perf_counter() - started < 5
    assert opened.ask([_request("Hi.")])[0].text
