"""Chat models behind a server with OpenAI's protocol: vLLM, TGI, Ollama, llama.cpp, hosted ones.

It speaks HTTP through aiohttp and words requests itself, because of what a request costs: at 64
connections and 50 ms latency the openai client takes 2.4 ms of CPU (1.6 ms over aiohttp), httpx
0.28 takes 10 ms, because its pool looks at every connection for every request, httpx2 1.0 ms, and
aiohttp 0.3 ms (``python -m benchmarks.chat clients``). At 1,200 requests a second that is the
difference between a third of a core and more than one. What those clients would add, retries and
types, is done by `prefdata.chat` for all backends alike, or not needed for one endpoint.

Models that reason may send their reasoning in a field of its own, which is ignored, or at the start
of the text between ``<think>`` marks, which is cut off; either way its tokens are paid.
"""

from __future__ import annotations

import importlib.util
import os
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from prefdata.backends._openai_wire.identity import address, bare_address, identify
from prefdata.core.errors import BackendError, MissingExtraError
from prefdata.protocols import ChatBackend

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.core.events import Report
    from prefdata.protocols import ChatModel, ChatParams

__all__ = ["openai_compatible"]

_OPENAI = "api.openai.com"
_ENDPOINT = "chat/completions"
_VISIBLE = re.compile(r"[\x21-\x7e]+")


def _open(params: ChatParams, folder: Path, report: Report) -> ChatModel:
    """Take the key from the environment; a connection is made with the first request."""
    if importlib.util.find_spec("aiohttp") is None:
        raise MissingExtraError("A chat model behind a server", extra="llm")
    from prefdata.backends._openai_compatible.connection import Connection
    from prefdata.backends._openai_compatible.model import ServerModel

    shown = bare_address(params)
    connection = Connection(
        url=_endpoint(params),
        key=_key(params, shown),
        size=params.concurrency,
        timeout_seconds=params.timeout_seconds,
    )
    return ServerModel(params, connection, shown, report)


def _endpoint(params: ChatParams) -> str:
    """Return where requests are posted to; a query, such as a version, stays behind the path."""
    parts = urlsplit(address(params))
    return parts._replace(path=f"{parts.path.rstrip('/')}/{_ENDPOINT}", fragment="").geturl()


def _key(params: ChatParams, shown: str) -> str | None:
    """Return the key of the environment, or None where the server may need none.

    The key of OpenAI goes to OpenAI, to the address that the environment names, and wherever the
    parameters say so: a recipe of somebody else must not get it by naming a server alone.

    Raises:
        BackendError: If there is no key where one is needed.
    """
    is_openai = urlsplit(shown).hostname == _OPENAI
    is_named = "key_env" in params.model_fields_set
    is_of_environment = params.base_url is None
    if not (is_openai or is_named or is_of_environment):
        return None
    key = os.environ.get(params.key_env, "").strip()
    if key and not _VISIBLE.fullmatch(key):
        # It is not repeated, and neither would be the error of who tried to send it.
        raise BackendError(
            f"The key in {params.key_env} has characters that no key has.",
            where=shown,
            fix="Set it again, without line breaks and quotes.",
        )
    if key:
        return key
    if is_openai or is_named:
        raise BackendError(
            f"The environment has no key in {params.key_env}.",
            where=shown,
            fix=f"Set {params.key_env}, or `base_url` to a server that needs no key.",
        )
    return None


openai_compatible = ChatBackend(
    name="openai-compatible",
    summary="Any server with OpenAI's protocol: vLLM, TGI, Ollama, llama.cpp, hosted ones.",
    identify=identify,
    open=_open,
)
