"""The open model: answers that are there are read, requests without one are written down."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from prefdata.backends._batch_files.answers import Answers
from prefdata.backends._batch_files.requests import ENDPOINT, request_line, write_requests
from prefdata.backends._openai_wire.body import body
from prefdata.chat.models import request_id
from prefdata.core.errors import BackendError
from prefdata.core.events import Note, once
from prefdata.protocols import ChatFault, ChatReply

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from prefdata.core.events import Report
    from prefdata.protocols import ChatParams, ChatRequest

__all__ = ["BatchFiles"]


class BatchFiles:
    """Answers from files; see `prefdata.protocols.ChatModel`.

    Args:
        params: How requests are worded.
        folder: Of this model's files.
        report: Told what is wrong with the files.
    """

    def __init__(self, params: ChatParams, folder: Path, report: Report) -> None:
        self._params = params
        self._folder = folder
        self._report = once(report)
        self._answers: Answers | None = None
        self._waiting: dict[str, Path] = {}
        """Where each request stands that was asked and has no answer."""

    async def ask(self, requests: Sequence[ChatRequest]) -> list[ChatReply]:
        """Return the answers that were brought back; requests without one go into a new file.

        Raises:
            BackendError: If the folder cannot be read or written.
        """
        asked = {request_id(request): request for request in requests}
        try:
            self._answers = answers = Answers.of(self._folder, self._answers)
            found = {one: answers.reply(one) for one in asked}
            self._write({one: asked[one] for one, reply in found.items() if reply is None})
        except OSError as error:
            raise BackendError(
                f"The files of requests and answers cannot be read or written: {error}",
                where=str(self._folder),
                fix="Check the folder and the room on its disk.",
            ) from error
        for note in answers.notes(asked):
            self._report(Note(f"{self._folder.name}: {note}"))
        for one in asked:
            if found[one] is not None:
                self._waiting.pop(one, None)
        fault = ChatFault("missing", self._what_to_do() if self._waiting else "")
        replies = {one: reply or ChatReply(fault=fault) for one, reply in found.items()}
        return [replies[request_id(request)] for request in requests]

    async def close(self) -> None:
        """Do nothing: no file is kept open."""

    def _write(self, missing: Mapping[str, ChatRequest]) -> None:
        lines = {one: request_line(one, body(r, self._params)) for one, r in missing.items()}
        if lines:
            self._waiting |= write_requests(self._folder, lines)

    def _what_to_do(self) -> str:
        """Say how the missing answers are had: which file, which command, where to put them."""
        files = list(dict.fromkeys(self._waiting.values()))
        first = files[0]
        answers = first.with_name(first.name.replace("requests-", "answers-", 1))
        command = (
            f"vllm run-batch -i {quote(str(first))} -o {quote(str(answers))} "
            f"--model {quote(self._params.model)}"
        )
        others = "".join(f", {path}" for path in files[1:])
        return (
            f"The requests without an answer stand in {first}{others}. Send "
            f"{'each file' if others else 'the file'} with `{command}`, or as a batch of the "
            f"endpoint {ENDPOINT} to OpenAI or another provider, and put the file of answers, and "
            f"that of errors if there is one, into {self._folder} as *.jsonl. Then run the same "
            "command again."
        )
