"""Turn what the hub's client raises into errors that say what to do, without any token."""

from __future__ import annotations

import errno
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from prefdata.core.errors import ConflictError, FetchError, PrefdataError, SetupError, UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "AGAIN",
    "explained",
    "is_outside",
    "may_not_write",
    "needs_login",
    "offline",
    "patiently",
    "scrubbed",
    "status_of",
]

AGAIN = "Run the same command again: what was uploaded is kept, and nothing is committed twice."
_ATTEMPTS = 6
_LONGEST_SECONDS = 60.0
_LIMIT_SECONDS = 330.0  # the hub counts requests in windows of five minutes
_TOO_MANY, _SERVER, _NO_SPACE = 429, 500, 507
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_PASSING = {408, _TOO_MANY, 500, 502, 503, 504}
_TOKEN = re.compile(r"\b(?:hf|api)_[A-Za-z0-9_-]{6,}|(?<=Bearer )\S+")


def scrubbed(text: str, token: str | None) -> str:
    """Return a text without the token, and without what looks like one."""
    if token:
        text = text.replace(token, "hf_…")
    return _TOKEN.sub("hf_…", text)


def status_of(error: BaseException) -> int | None:
    """Return the HTTP status behind an error; None where there is none."""
    response = getattr(_root(error), "response", None)
    return None if response is None else int(response.status_code)


def patiently() -> Any:
    """Return attempts that outlast a hiccup, and wait as long as the hub asks.

    Not for calls that change something and cannot tell whether they did: those look between two
    attempts whether the last one came through.
    """
    import stamina

    return stamina.retry_context(
        on=_passing, attempts=_ATTEMPTS, timeout=None, wait_initial=0.2, wait_max=30.0
    )


def _passing(error: Exception) -> bool | float:
    """Tell whether waiting may help, or for how many seconds to wait."""
    import httpx2

    if isinstance(error, PrefdataError):
        return False
    status = status_of(error)
    if status is None:
        return isinstance(_root(error), httpx2.TransportError)
    if status not in _PASSING:
        return False
    return _asked_seconds(_root(error)) or True


def _asked_seconds(error: BaseException) -> float:
    """Return how long the hub asks to wait; 0 where it does not say."""
    from huggingface_hub.utils import parse_ratelimit_headers  # type: ignore[attr-defined]

    headers = error.response.headers  # type: ignore[attr-defined]
    limit = parse_ratelimit_headers(headers)
    if limit is not None and limit.remaining == 0:
        return min(float(limit.reset_in_seconds) + 1, _LIMIT_SECONDS)
    said = headers.get("Retry-After", "")
    return min(float(said), _LONGEST_SECONDS) if said.strip().isdigit() else 0.0


def is_outside(error: BaseException) -> bool:
    """Tell whether the network, the hub or the disk is at fault, and not what is published."""
    import httpx2

    root = _root(error)
    if isinstance(root, OSError) and root.errno in _FULL:
        return True
    return status_of(error) is not None or isinstance(root, httpx2.TransportError)


def _root(error: BaseException) -> BaseException:
    """Return the error of the hub, the wire or the disk under what libraries wrapped around it."""
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError

    chain: list[BaseException] = []
    found: BaseException | None = error
    while found is not None and found not in chain:
        chain.append(found)
        found = found.__cause__ or found.__context__
    for kind in (HfHubHTTPError, httpx2.HTTPError, OSError):
        for one in chain:
            if isinstance(one, kind):
                return one
    return error


@contextmanager
def explained(target: str, page: str, token: str | None) -> Iterator[None]:
    """Raise the errors of the client as ours; others, which are bugs, pass."""
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled

    try:
        yield
    except PrefdataError:
        raise
    except HFValidationError as error:
        raise UserError(
            f"{target!r} is no name of a dataset on the hub.",
            where=target,
            fix="Write <user or organization>/<name>, of letters, digits, `-`, `_` and `.`.",
        ) from error
    except OfflineModeIsEnabled as error:
        raise offline("HF_HUB_OFFLINE is set", page) from error
    except (HfHubHTTPError, httpx2.HTTPError, OSError, RuntimeError, ValueError) as error:
        # hf_xet raises RuntimeError; a card that the hub refuses is a ValueError of its client.
        raise _told(error, target, page, token) from _without_token(error, token)


def offline(reason: str, page: str) -> FetchError:
    """Return the error for a machine that may not use the network."""
    return FetchError(
        f"The hub cannot be reached: {reason}.",
        where=page,
        fix="Unset it where there is a network, or stage without a target and send later.",
    )


def _told(error: BaseException, target: str, page: str, token: str | None) -> PrefdataError:
    """Return the error that says what happened and what to do."""
    root = _root(error)
    status = status_of(error)
    said = scrubbed(_said(root), token)
    if isinstance(error, ValueError) and "metadata" in str(error):
        return UserError(
            f"The hub refuses the card of {target}: {scrubbed(_said(error), token)}.",
            where="README.md",
            fix="Correct what it names; nothing was committed.",
        )
    if status is not None:
        return _of_status(status, root, said, target, page, token)
    if isinstance(root, OSError) and root.errno in _FULL:
        return SetupError(
            f"There is no space left on this machine: {said}.",
            where=scrubbed(str(root.filename or "temporary folder"), token),
            fix=f"Free space, or set TMPDIR and HF_HOME to a larger disk. {AGAIN}",
        )
    return _later(f"The hub did not answer: {said}.", page)


def _of_status(  # noqa: PLR0911 - one answer for each status
    status: int, root: BaseException, said: str, target: str, page: str, token: str | None
) -> PrefdataError:
    from huggingface_hub import errors

    base = page.partition("/datasets/")[0]
    if isinstance(root, errors.GatedRepoError):
        return SetupError(
            f"The dataset {target} is gated, and this user is not let in.",
            where=page,
            fix="Agree to its terms on that page, or publish as one of its owners.",
        )
    if isinstance(root, errors.RevisionNotFoundError):
        return UserError(
            f"The dataset {target} has no such branch, tag or commit.",
            where=page,
            fix="Choose a branch of it; `branch` makes one from main.",
        )
    if status == 401:  # noqa: PLR2004
        if token is None:
            return needs_login(target, base)
        return SetupError(
            f"The hub does not take the token: {said}.",
            where="HF_TOKEN, or the login of the hub",
            fix=f"Make a token with the role `write` at {base}/settings/tokens, then "
            f"`hf auth login` or set HF_TOKEN. {AGAIN}",
        )
    if status == 403:  # noqa: PLR2004
        return may_not_write(target, base, said)
    if isinstance(root, errors.RepositoryNotFoundError):
        return FetchError(
            f"The hub shows no dataset {target} to this user.",
            where=page,
            fix="Check the name and the token: `hf auth whoami`.",
        )
    if status == 412:  # noqa: PLR2004
        return ConflictError(
            f"Somebody changed {target} meanwhile.",
            where=page,
            fix="Run the same command again: it builds on what is there now.",
        )
    if status in {402, 413, _NO_SPACE}:
        return SetupError(
            f"The hub has no space left for {target}: {said}.",
            where=page,
            fix=f"Free storage at {base}/settings/billing, or publish under another owner. {AGAIN}",
        )
    if status in _PASSING or status >= _SERVER:
        return _later(f"The hub is busy ({status}): {said}.", page)
    return SetupError(
        f"The hub refuses ({status}): {said}.",
        where=page,
        fix=f"Correct what it names. {AGAIN}",
    )


def needs_login(target: str, base: str) -> SetupError:
    """Return the error for a user without a token."""
    return SetupError(
        f"To change {target}, the hub wants a token, and there is none.",
        where="HF_TOKEN, or the login of the hub",
        fix=f"Make one with the role `write` at {base}/settings/tokens, then `hf auth login`.",
    )


def may_not_write(target: str, base: str, said: str) -> SetupError:
    """Return the error for a token that may read and not write, or is of somebody else."""
    owner = target.partition("/")[0]
    return SetupError(
        f"The token may not change {target}: {said}.",
        where="HF_TOKEN, or the login of the hub",
        fix=f"Use a token with the role `write` of a member of {owner}, from {base}/settings/"
        f"tokens: `hf auth login`, or set HF_TOKEN. {AGAIN}",
    )


def _later(what: str, page: str) -> FetchError:
    error = FetchError(what, where=page, fix=f"Wait, and check the network. {AGAIN}")
    error.retryable = True
    return error


def _said(error: BaseException) -> str:
    """Return what the server or the system said, on one line, without its closing period."""
    text = getattr(error, "server_message", None) or str(error) or type(error).__name__
    line = " ".join(text.split())
    return line.rstrip(".")


def _without_token(error: BaseException, token: str | None) -> BaseException:
    """Return an error as a cause: as it is, unless its text holds the token."""
    return error if scrubbed(str(error), token) == str(error) else RuntimeError("hidden")
