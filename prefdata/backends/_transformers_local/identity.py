"""What names a chat model on this machine: its weights, and how messages become its tokens."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from prefdata.backends._causal.identity import identify as identify_causal
from prefdata.core.errors import UserError
from prefdata.core.fingerprint import canonical_json
from prefdata.protocols import CausalParams, ChatIdentity

if TYPE_CHECKING:
    from prefdata.protocols import ChatParams

__all__ = ["as_causal", "identify"]

_VERSION = 1
"""Raised when the same weights and requests give other answers."""

_DIGITS = 16
_OF_SERVERS = ("structured", "extra_body")


def identify(params: ChatParams) -> ChatIdentity:
    """Return the identity of a model; its weights are not loaded, but read once for their digest.

    A folder counts by its name alone, so answers stay known when it moves.

    Raises:
        MissingExtraError: If a library is not installed.
        UserError: If the parameters ask for what only a server can do.
        BackendError: If the model cannot be had or read.
    """
    if params.extra_body:
        raise UserError(
            "A model in this process takes no `extra_body`; that is for servers.",
            where=f"model: {params.model}",
            fix="Take it out, or serve the model: `backend: openai-compatible`.",
        )
    try:
        found = identify_causal(as_causal(params))
    except UserError as error:
        # Its advice names parameters that a chat model has not.
        raise UserError(
            error.what,
            where=f"model: {params.model}",
            fix="Merge an adapter into its model, save one chat template with the tokenizer, and "
            "name that folder.",
        ) from error
    folder = Path(params.model).expanduser()
    shapes = {k: v for k, v in params.wording().items() if k not in _OF_SERVERS}
    told = {"version": _VERSION, "template": found.template, "dtype": found.dtype}
    return ChatIdentity(
        server=f"weights:{found.revision[:_DIGITS]}",
        model=folder.resolve().name if folder.is_dir() else params.model,
        wording=canonical_json({**shapes, **told, "longest": found.max_tokens}),
    )


def as_causal(params: ChatParams) -> CausalParams:
    """Return the same model as one whose texts are read; its own chat template words them."""
    return CausalParams(
        model=params.model, system=params.system, dtype=params.dtype, device=params.device
    )
