"""Why answers are missing, in the words of the one who can do something about it."""

from __future__ import annotations

import os
import re
from collections import Counter
from typing import TYPE_CHECKING

from prefdata.core.errors import BackendError, BudgetError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prefdata.chat.book import OverBudgetError
    from prefdata.chat.journal import Account
    from prefdata.protocols import ChatFault, ChatParams

__all__ = ["no_access", "not_all", "over_budget", "server_gone", "unreachable"]

_AGAIN = "Run the same command again: what was answered is kept and not asked again."
_OPENAI = "api.openai.com"
_ADDRESS = re.compile(r"(?P<scheme>\w+://)(?:[^/?#]*@)?(?P<host>[^/?#:]*)(?P<rest>[^?#]*)")
"""What a query or a name before the host holds may be secret."""


def no_access(fault: ChatFault, model: ChatParams, server: str) -> BackendError:
    """Return the error of a server that refuses all requests."""
    if fault.kind == "access":
        fix = (
            f"Check the key in the environment variable {model.key_env}, `base_url` and the name "
            "of the model, then run the same command again." + _why_no_key(model)
        )
    else:
        fix = (
            "Look at what it says: `limit_field`, `structured`, `send_seed`, `system`, `max_tokens`"
            " and `extra_body` change what is sent. Then run the same command again."
        )
    return BackendError(
        f"The server refuses every request: {fault.message}", where=_where(model, server), fix=fix
    )


def _why_no_key(model: ChatParams) -> str:
    """Return why a server may have got no key, which is the backend's rule."""
    told = ""
    if not os.environ.get(model.key_env, "").strip():
        told += f" {model.key_env} is not set in the environment."
    is_named = "key_env" in model.model_fields_set
    found = _ADDRESS.match((model.base_url or "").strip())
    if found is not None and found["host"].lower() != _OPENAI and not is_named:
        told += " The key of OpenAI is not sent to this server unless `key_env` names it."
    return told


def unreachable(
    fault: ChatFault | None, model: ChatParams, server: str, n_left: int
) -> BackendError:
    """Return the error of a server to which there was no connection."""
    said = "" if fault is None else f" {fault.message}"
    error = BackendError(
        f"The server could not be reached at {_address(model, server)}; {n_left:,} answers are "
        f"missing.{said}",
        where=_where(model, server),
        fix=f"See that the server is up, and check `base_url`. {_AGAIN}",
    )
    error.retryable = True
    return error


def server_gone(
    fault: ChatFault | None, model: ChatParams, server: str, n_left: int
) -> BackendError:
    """Return the error of a server that has stopped answering."""
    said = "" if fault is None else f" {fault.kind}: {fault.message}"
    error = BackendError(
        f"The server has stopped answering; {n_left:,} answers are missing. The last fault was"
        f"{said or ' not told.'}",
        where=_where(model, server),
        fix=f"See that the server is up. {_AGAIN}",
    )
    error.retryable = True
    return error


def not_all(
    faults: Sequence[ChatFault], model: ChatParams, server: str, n_left: int
) -> BackendError:
    """Return the error of a call in whose end some requests have no answer."""
    missing = [fault for fault in faults if fault.kind == "missing"]
    if missing and len(missing) == len(faults):
        what = f"{n_left:,} answers are missing. {missing[-1].message}"
    else:
        kinds = ", ".join(
            f"{kind} ({n:,})" for kind, n in Counter(fault.kind for fault in faults).most_common()
        )
        what = (
            f"{n_left:,} answers are missing after {model.attempts} attempts, made twice: {kinds}. "
            f"The last: {faults[-1].message if faults else 'unknown'}"
        )
    error = BackendError(what, where=_where(model, server), fix=_AGAIN)
    error.retryable = True
    return error


def over_budget(
    error: OverBudgetError, model: ChatParams, account: Account, n_left: int
) -> BudgetError:
    """Return the error of a budget that does not allow the next request."""
    currency = "" if model.price is None else f" {model.price.currency}"
    return BudgetError(
        f"The budget of {model.budget:g}{currency} does not allow the next request: "
        f"{error.spent:.6g}{currency} are spent, it may cost {error.most:.2g}{currency} at most, "
        f"and {n_left:,} answers are missing for this purpose ({account.purpose}) alone; what this "
        "step and later ones ask after it comes on top.",
        where=f"step {account.step}, model {model.model}",
        fix="Raise `budget` in the recipe and run the same command again: what was answered is "
        "kept. `FROM spending_summary` shows what it was spent on.",
    )


def _where(model: ChatParams, server: str) -> str:
    return f"{server}, model {model.model}"


def _address(model: ChatParams, server: str) -> str:
    """Return where the server is; the name under which its answers are kept may be another."""
    found = _ADDRESS.match((model.base_url or "").strip())
    if model.server is None or found is None:
        return server
    return "".join(found.group("scheme", "host", "rest"))
