from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.core.fingerprint import digest
from prefdata.testing.chat_server import (
    BILLED,
    FAULT_KINDS,
    Bill,
    ChatServer,
    FaultName,
    Faults,
    ScriptedReply,
    count_tokens,
    echo,
)

__all__: list[str] = []

_BODY = {
    "model": "m",
    "messages": [{"role": "user", "content": "Which one is better?"}],
    "max_tokens": 40,
}


def _post(
    url: str, body: Any = _BODY, *, seconds: float = 20, **headers: str
) -> tuple[int, dict[str, str], str]:
    """Return status, headers and body; asked with urllib, a stranger to the server's library."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(f"{url}/chat/completions", data, headers)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=seconds) as response:  # noqa: S310
            return response.status, dict(response.headers), response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read().decode()


def _choice(server: ChatServer, body: Any = _BODY) -> Any:
    return json.loads(_post(server.base_url, body)[2])["choices"][0]


def test_it_answers_with_an_echo_and_counts_what_it_cost() -> None:
    with ChatServer() as server:
        status, _, text = _post(server.base_url)
        log = server.log
    said = json.loads(text)
    answer = said["choices"][0]["message"]["content"]
    usage = said["usage"]
    assert status == 200
    assert answer == echo(_BODY)
    assert "Which one is better?" in answer
    assert usage["prompt_tokens"] == count_tokens("Which one is better?") == 5
    assert usage["completion_tokens"] == count_tokens(answer)
    assert log.bills == {"good": Bill(1, 5, count_tokens(answer))}
    assert log.answered == {digest(_BODY): 1}
    assert log.bodies == [_BODY]


def test_different_requests_have_different_echoes() -> None:
    assert echo(_BODY) == echo(dict(_BODY)) != echo({**_BODY, "seed": 1})


def test_a_script_decides_what_is_said() -> None:
    with ChatServer(lambda body: body["model"].upper()) as server:
        assert _choice(server)["message"]["content"] == "M"


def test_a_text_that_is_too_long_is_cut() -> None:
    with ChatServer(lambda _: "abcdefghij") as server:
        choice = _choice(server, {**_BODY, "max_tokens": 2})
    assert (choice["message"]["content"], choice["finish_reason"]) == ("abcdefgh", "length")


@pytest.mark.parametrize(
    ("reply", "path", "value"),
    [
        ({"text": "a", "finish_reason": "content_filter"}, ("finish_reason",), "content_filter"),
        ({"text": None, "refusal": "No."}, ("message", "refusal"), "No."),
        ({"message": {"reasoning_content": "Hm."}}, ("message", "reasoning_content"), "Hm."),
    ],
)
def test_a_script_may_say_more_than_a_text(
    reply: ScriptedReply, path: tuple[str, ...], value: str
) -> None:
    with ChatServer(lambda _: reply) as server:
        found = _choice(server)
    for name in path:
        found = found[name]
    assert found == value


def test_a_script_may_answer_with_an_error_of_its_own() -> None:
    reply: ScriptedReply = {"status": 422, "error": {"message": "No."}, "headers": {"X-A": "b"}}
    with ChatServer(lambda _: reply) as server:
        status, headers, text = _post(server.base_url)
        assert server.log.n_answered == 0
    assert (status, headers["X-A"], json.loads(text)) == (422, "b", {"error": {"message": "No."}})


def test_a_script_may_say_nothing_of_what_it_cost() -> None:
    with ChatServer(lambda _: {"text": "a", "usage": None}) as server:
        said = json.loads(_post(server.base_url)[2])
        assert server.log.bills == {"good": Bill(1, 0, 0)}
    assert "usage" not in said


def test_a_script_may_give_the_whole_body() -> None:
    with ChatServer(lambda _: {"body": [1, 2]}) as server:
        assert _post(server.base_url)[2] == "[1, 2]"


def test_log_probabilities_are_given_when_asked_for() -> None:
    asked = {**_BODY, "logprobs": True, "top_logprobs": 1}
    tokens = [[("X", -0.1), ("Y", -2.4)], [(".", 0.0)]]
    with ChatServer(lambda _: {"text": "X.", "alternatives": tokens}) as server:
        given_tokens = _choice(server, asked)["logprobs"]["content"]
        assert _choice(server)["logprobs"] is None
    assert [token["token"] for token in given_tokens] == ["X", "."]
    assert given_tokens[0]["top_logprobs"] == [{"token": "X", "logprob": -0.1, "bytes": None}]


@given(st.integers(0, 9), st.floats(0, 1))
def test_faults_are_a_function_of_seed_and_number(seed: int, share: float) -> None:
    first, again = Faults(share, seed=seed), Faults(share, seed=seed)
    assert [first(n) for n in range(50)] == [again(n) for n in range(50)]


def test_faults_have_their_share_and_every_kind() -> None:
    drawn = [Faults(0.3)(n) for n in range(5000)]
    counts = Counter(kind for kind in drawn if kind is not None)
    assert counts.total() == pytest.approx(1500, rel=0.05)
    assert counts.keys() == set(Faults().kinds)
    assert min(counts.values()) > 0.7 * max(counts.values())


def test_no_fault_comes_before_its_time() -> None:
    drawn = [Faults(1.0, first=3)(n) for n in range(4)]
    assert drawn[:3] == [None] * 3
    assert drawn[3] is not None


_EASY: dict[FaultName, tuple[int, str]] = {
    "429": (429, "rate_limit_exceeded"),
    "500": (500, "server_error"),
    "503": (503, "server_error"),
    "wrong-schema": (200, '{"foo": 1}'),
    "empty-choices": (200, '"choices": []'),
    "null-content": (200, '"content": null'),
}


@pytest.mark.parametrize("kind", _EASY)
def test_a_fault_looks_like_what_it_is_called(kind: FaultName) -> None:
    with ChatServer(faults=lambda _: kind) as server:
        status, _, text = _post(server.base_url)
        assert server.log.n_answered == 0
        assert server.log.faulted == {kind: 1}
        assert set(server.log.bills) == BILLED & {kind}
    assert status == _EASY[kind][0]
    assert _EASY[kind][1] in text


def test_a_limit_says_when_to_come_again_in_three_ways() -> None:
    kinds: tuple[FaultName, ...] = ("429-seconds", "429-milliseconds", "429-date")
    with ChatServer(faults=lambda n: kinds[n], retry_after_seconds=7) as server:
        told = [_post(server.base_url)[1] for _ in kinds]
    assert told[0]["Retry-After"] == "7"
    assert told[1]["retry-after-ms"] == "7000"
    seconds = parsedate_to_datetime(told[2]["Retry-After"]) - datetime.now(UTC)
    assert 4 < seconds.total_seconds() <= 7


def test_a_truncated_body_is_whole_for_http_and_no_json() -> None:
    with ChatServer(faults=lambda _: "truncated") as server:
        status, _, text = _post(server.base_url)
        assert server.log.bills["truncated"].n == 1
    assert status == 200
    with pytest.raises(json.JSONDecodeError):
        json.loads(text)


def test_a_reset_is_one_for_the_client() -> None:
    with ChatServer(faults=lambda _: "reset") as server, pytest.raises(ConnectionResetError):
        _post(server.base_url)


def test_a_body_that_is_cut_off_is_shorter_than_it_said() -> None:
    with ChatServer(faults=lambda _: "cut-off") as server:
        with pytest.raises(Exception, match="IncompleteRead"):
            _post(server.base_url)
        assert server.log.bills["cut-off"].n == 1


def test_a_timeout_lasts_as_long_as_the_client_waits() -> None:
    with ChatServer(faults=lambda n: "timeout" if n == 0 else None) as server:
        with pytest.raises(TimeoutError):
            _post(server.base_url, seconds=0.2)
        assert _post(server.base_url)[0] == 200
        assert server.log.n_answered == 1


def test_a_slow_answer_is_late_and_good() -> None:
    with ChatServer(faults=lambda _: "slow", slow_seconds=0.2) as server:
        started = time.monotonic()
        assert _post(server.base_url)[0] == 200
        assert time.monotonic() - started >= 0.2
        assert server.log.n_answered == 1


def test_requests_wait_for_their_latency_at_the_same_time() -> None:
    def ask() -> None:
        _post(server.base_url)

    with ChatServer(latency_seconds=0.2) as server:
        started = time.monotonic()
        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert 0.2 <= time.monotonic() - started < 1.0
        assert server.log.most_at_once == 8
        assert len(server.log.arrivals) == 8


def test_what_nobody_waits_for_is_not_answered() -> None:
    async def leave(port: int) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        body = json.dumps(_BODY).encode()
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}"
        writer.write(head.encode() + b"\r\n\r\n" + body)
        await writer.drain()
        await asyncio.sleep(0.1)
        writer.close()
        await writer.wait_closed()

    with ChatServer(latency_seconds=0.3) as server:
        asyncio.run(leave(int(server.base_url.split(":")[2].partition("/")[0])))
        time.sleep(0.5)
        assert (server.log.n_received, server.log.n_answered) == (1, 0)


def test_a_server_with_a_key_refuses_others_and_repeats_what_they_said() -> None:
    with ChatServer(key="right") as server:
        status, _, text = _post(server.base_url, Authorization="Bearer wrong")
        assert (status, "wrong" in text) == (401, True)
        assert _post(server.base_url, Authorization="Bearer right")[0] == 200
        assert server.log.n_received == 1


def test_it_lists_its_model_and_knows_no_other_path() -> None:
    with ChatServer() as server:
        with urllib.request.urlopen(f"{server.base_url}/models") as response:  # noqa: S310
            assert json.load(response)["data"] == [{"id": "scripted"}]
        assert _post(f"{server.base_url}/wrong/embeddings?")[0] == 404
        assert _post(server.base_url, b"{")[0] == 400


def test_it_stops_at_once_while_requests_wait() -> None:
    def ask() -> None:
        with pytest.raises(ConnectionError):
            _post(server.base_url)

    with ChatServer(faults=lambda _: "timeout") as server:
        thread = threading.Thread(target=ask)
        thread.start()
        while not server.log.n_received:
            time.sleep(0.01)
        started = time.monotonic()
    thread.join()
    assert time.monotonic() - started < 5


def test_a_port_that_is_taken_is_an_error() -> None:
    with ChatServer() as server:
        port = int(server.base_url.split(":")[2].partition("/")[0])
        with pytest.raises(OSError, match="address already in use"), ChatServer(port=port):
            pass


def test_as_a_process_it_prints_its_address_and_shows_its_log() -> None:
    command = [sys.executable, "-m", "prefdata.testing.chat_server", "--attached", "--latency"]
    command += ["0.01", "--reply", "prefdata.testing.chat_server:echo", "--fault-share", "1"]
    command += ["--fault-kinds", "500"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert _post(address)[0] == 500
        log_address = f"{address.removesuffix('/v1')}/scripted/log"
        with urllib.request.urlopen(log_address) as response:  # noqa: S310
            assert json.load(response)["faulted"] == {"500": 1}
        process.communicate()
    assert process.returncode == 0


def test_every_kind_of_fault_can_be_drawn() -> None:
    kinds = Faults(1.0, FAULT_KINDS)
    assert {kinds(n) for n in range(500)} == set(FAULT_KINDS)
