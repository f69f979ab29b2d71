"""Which backend makes tokens, and what names a way to make them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.core.errors import UserError
from prefdata.core.fingerprint import digest
from prefdata.protocols import TokenizerBackend
from prefdata.registry import plugin

if TYPE_CHECKING:
    from prefdata.protocols import Tokenization

__all__ = ["tokenizer_backend", "tokenizer_digest"]

_BACKEND = "tokenizer"


def tokenizer_backend(name: str = _BACKEND) -> TokenizerBackend:
    """Return the backend of a name.

    Raises:
        UnknownNameError: If there is none.
        UserError: If it is a backend for something else.
    """
    found = plugin("backend", name)
    if not isinstance(found, TokenizerBackend):
        raise UserError(
            f"The backend {name!r} makes no tokens.", where="tokenizer", fix=f"Use {_BACKEND!r}."
        )
    return found


def tokenizer_digest(params: Tokenization) -> str:
    """Return the digest of what decides the tokens of messages, whatever folder it lies in.

    Raises:
        MissingExtraError: If transformers is not installed.
        UserError: If there is no such template, or it is not Jinja.
        BackendError: If there is no such tokenizer, or it cannot be had or loaded.
    """
    backend = tokenizer_backend()
    return digest([backend.name, backend.identify(params)])
