"""The hub's clients, pointed at a scripted hub: in this process, or in another."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest

__all__ = ["client_environment", "clients_of"]

_QUIET = {
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_UPDATE_CHECK": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_UPDATE_DOWNLOAD_COUNTS": "0",
    "HF_HUB_OFFLINE": "0",
}


def client_environment(
    endpoint: str, token: str | None, home: Path, *, is_xet: bool = False
) -> dict[str, str]:
    """Return the variables that point the clients of another process at a scripted hub.

    With them, no host but loopback is asked for anything.

    Args:
        endpoint: Of the hub.
        token: Of the user; None for nobody.
        home: A folder for their caches, and for the token of a login.
        is_xet: Whether they use hf_xet.
    """
    variables = {**_QUIET, "HF_ENDPOINT": endpoint, "HF_HOME": str(home)}
    variables["HF_HUB_DISABLE_XET"] = "0" if is_xet else "1"
    if token is not None:
        variables["HF_TOKEN"] = token
    return variables


@contextmanager
def clients_of(endpoint: str, token: str | None, home: Path) -> Iterator[pytest.MonkeyPatch]:
    """Point the clients of this process at a scripted hub, without hf_xet.

    The libraries read some variables when they are imported, which may have been long ago, so
    what they keep is set too. Other processes that start meanwhile inherit the variables.
    """
    import huggingface_hub
    import pytest
    from huggingface_hub import constants

    with pytest.MonkeyPatch.context() as patch:
        for name, value in client_environment(endpoint, token, home).items():
            patch.setenv(name, value)
        if token is None:
            patch.delenv("HF_TOKEN", raising=False)
        patch.setattr(constants, "HF_HUB_OFFLINE", False)
        patch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        patch.setattr(constants, "HF_TOKEN_PATH", str(home / "token"))
        try:
            yield patch
        finally:
            huggingface_hub.close_session()
