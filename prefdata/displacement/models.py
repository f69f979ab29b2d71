"""Which backend reads causal language models, and what names a scorer."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from prefdata.core.errors import UserError
from prefdata.core.fingerprint import digest
from prefdata.protocols import HiddenStatesBackend
from prefdata.registry import plugin

if TYPE_CHECKING:
    from prefdata.protocols import CausalIdentity

__all__ = ["causal_backend", "scorer_id"]

_BACKEND = "causal-lm"
_ID_DIGITS = 16
_VERSION = 1
"""Raised when the same model gives other scores of the same texts."""


def causal_backend(name: str = _BACKEND) -> HiddenStatesBackend:
    """Return the backend of a name.

    Raises:
        UnknownNameError: If there is none.
        UserError: If it is a backend for something else.
    """
    found = plugin("backend", name)
    if not isinstance(found, HiddenStatesBackend):
        raise UserError(
            f"The backend {name!r} gives no hidden states.", where="model", fix=f"Use {_BACKEND!r}."
        )
    return found


def scorer_id(backend: HiddenStatesBackend, identity: CausalIdentity) -> str:
    """Return the digest that names a scorer: scores compare within one."""
    return digest([_VERSION, backend.name, asdict(identity)])[:_ID_DIGITS]
