"""Which backend serves a chat model, and what names the answers of one."""

from __future__ import annotations

from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING

from prefdata.core.errors import UserError
from prefdata.core.fingerprint import digest
from prefdata.protocols import ChatBackend
from prefdata.registry import plugin

if TYPE_CHECKING:
    from prefdata.protocols import ChatIdentity, ChatParams, ChatRequest

__all__ = ["chat_backend", "chat_id", "request_id"]

_SERVER = "openai-compatible"
_LOCAL = "transformers-local"
_CHAT_DIGITS = 16
_REQUEST_DIGITS = 32
_VERSION = 1
"""Raised when the same parameters word requests in another way."""


def chat_backend(params: ChatParams) -> ChatBackend:
    """Return the backend that parameters mean.

    Raises:
        UnknownNameError: If there is none of that name.
        UserError: If it is a backend for something else.
    """
    name = params.backend
    if name == "auto":
        name = _LOCAL if Path(params.model).expanduser().is_dir() else _SERVER
    found = plugin("backend", name, where="backend")
    if not isinstance(found, ChatBackend):
        raise UserError(
            f"The backend {name!r} answers no requests.", where="backend", fix=f"Use {_SERVER!r}."
        )
    return found


def chat_id(identity: ChatIdentity) -> str:
    """Return the digest that names the answers of a model: 16 hex digits.

    The backend is no part of it: a server's answers are the same whether they came at once or in
    a file.
    """
    return digest([_VERSION, asdict(identity)])[:_CHAT_DIGITS]


def request_id(request: ChatRequest) -> str:
    """Return the digest of a request: 32 hex digits; its stand-in is no part of it."""
    # Not asdict, which copies all messages and takes longer than the digest.
    content = {
        field.name: getattr(request, field.name)
        for field in fields(request)
        if field.name != "stand_in"
    }
    return digest(content)[:_REQUEST_DIGITS]
