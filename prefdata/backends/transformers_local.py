"""Chat models whose weights are in this process, through transformers, on GPU or CPU.

A result does not depend on the batch that a request is answered in. JSON is asked for in words
alone: decoding is not bound to a schema here, as servers can do it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.backends._causal.encode import TextReader, ends_of
from prefdata.backends._causal.identity import identify as identify_causal
from prefdata.backends._causal.identity import load_tokenizer
from prefdata.backends._causal.load import devices, load_model
from prefdata.backends._causal.locate import locate
from prefdata.backends._causal.templates import template_of
from prefdata.backends._transformers_local.generate import take_stops
from prefdata.backends._transformers_local.identity import as_causal, identify
from prefdata.backends._transformers_local.run import LocalChat, Parts
from prefdata.core.events import Note
from prefdata.protocols import ChatBackend

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.core.events import Report
    from prefdata.protocols import ChatModel, ChatParams

__all__ = ["transformers_local"]

_GROUP = 64
"""Requests that are handed over at once: those of about one length then share a batch. What is
handed over is lost together when the process is killed."""


def _open(params: ChatParams, folder: Path, report: Report) -> ChatModel:
    """Load the model onto the first of its devices."""
    del folder
    causal = as_causal(params)
    identity = identify_causal(causal)
    place = locate(params.model)
    tokenizer = load_tokenizer(place)
    template = template_of(causal, tokenizer)
    if template.kind == "plain":
        report(
            Note(
                f"the model {params.model} has no chat template, so it goes on with the text of "
                "the messages; models that were trained to answer have one"
            )
        )
    device = devices(causal)[0]
    model = load_model(place, None, dtype=identity.dtype, device=device, needs_head=True)
    parts = Parts(
        model=model,
        tokenizer=tokenizer,
        reader=TextReader(tokenizer, causal, identity),
        stops=ends_of(tokenizer, template) | take_stops(model),
        longest=identity.max_tokens,
    )
    return LocalChat(parts, params, report)


transformers_local = ChatBackend(
    name="transformers-local",
    summary="Weights in this process, through transformers; JSON is asked for in words alone.",
    identify=identify,
    open=_open,
    group=_GROUP,
    is_remote=False,
    holds_weights=True,
)
