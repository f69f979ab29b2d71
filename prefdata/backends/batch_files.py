"""Chat models that are asked through files: for batch prices, and for clusters without a network.

The first run writes files of requests and says what to do with them; a run after the answers were
put beside reads them, and writes what is missing into a new file. A stage that needs answers to
make further requests takes as many rounds.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from prefdata.backends._batch_files.run import BatchFiles
from prefdata.backends._openai_wire.identity import identify
from prefdata.chat.models import chat_id
from prefdata.protocols import ChatBackend

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.core.events import Report
    from prefdata.protocols import ChatModel, ChatParams

__all__ = ["batch_files"]

_GROUP = 50_000
"""Requests that are handed over at once: as many as a file takes."""
_DIGITS = 8
_NOT_IN_NAMES = re.compile(r"[^\w.-]+")


def _open(params: ChatParams, folder: Path, report: Report) -> ChatModel:
    """Take a folder of this model's own: an id names a request, not whom it was sent to."""
    chat = chat_id(identify(params))[:_DIGITS]
    name = _NOT_IN_NAMES.sub("-", params.model).strip("-.") or "model"
    return BatchFiles(params, folder / f"{name}-{chat}", report)


batch_files = ChatBackend(
    name="batch-files",
    summary="Files of requests that you send to a batch endpoint, or to `vllm run-batch`.",
    identify=identify,
    open=_open,
    group=_GROUP,
    is_remote=False,
)
