"""What an object store answered, as errors that say who can do what about it.

The texts of servers are not repeated: some of them quote the key or the signature of a request.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from prefdata.core.errors import DataError, SetupError

if TYPE_CHECKING:
    from prefdata.catalog.workspace import Bucket

__all__ = ["missing_file", "other_bytes", "storage_error"]

_CODE = re.compile(r"AWS Error (\w+)(?: \(HTTP status (\d+)\))? during (\w+) operation")
_NAME = re.compile(r"Unable to parse ExceptionName: (\w+)")
_KEYS = "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, for a user "
# Codes of the server, with what they mean and what helps.
_KINDS: tuple[tuple[frozenset[str], str, str], ...] = (
    (
        frozenset({"NETWORK_CONNECTION", "REQUEST_TIMEOUT"}),
        "The object store cannot be reached, or does not answer in time",
        "Check [storage] endpoint in prefdata.toml and the network; then run again.",
    ),
    (
        frozenset({"NO_SUCH_BUCKET"}),
        "There is no such bucket in the object store",
        "Correct the warehouse in prefdata.toml, or have the bucket made.",
    ),
    (
        frozenset(
            {
                "ACCESS_DENIED",
                "INVALID_ACCESS_KEY_ID",
                "SIGNATURE_DOES_NOT_MATCH",
                "INVALID_CLIENT_TOKEN_ID",
                "INVALID_SIGNATURE",
                "MISSING_AUTHENTICATION_TOKEN",
                "UNRECOGNIZED_CLIENT",
                "ExpiredToken",
                "InvalidToken",
                "401",
                "403",
            }
        ),
        "The object store refuses these credentials, or there are none",
        f"{_KEYS}who may list, read, write and delete below the warehouse (docs/storage.md).",
    ),
    (
        frozenset({"PermanentRedirect", "AuthorizationHeaderMalformed", "301"}),
        "The bucket lies in another region",
        "Set [storage] region in prefdata.toml.",
    ),
    (
        frozenset(
            {
                "INTERNAL_FAILURE",
                "SERVICE_UNAVAILABLE",
                "SLOW_DOWN",
                "THROTTLING",
                "500",
                "502",
                "503",
                "504",
            }
        ),
        "The object store failed, also when it was asked again",
        "Wait and run the same command again: what was sent stays, and nothing half is there.",
    ),
)

_PASSING = frozenset({"NETWORK_CONNECTION", "500"})


def storage_error(error: OSError, bucket: Bucket) -> SetupError:
    """Return the error of a request that failed; `retryable` says whether waiting may help."""
    codes = _codes(error)
    kind = next((kind for kind in _KINDS if codes & kind[0]), None)
    if kind is None:
        what = f"The object store does not do what it was asked ({_told(error)})"
        fix = "Check the warehouse and [storage] in prefdata.toml, and the server's own log."
    else:
        _, what, fix = kind
    operation = _CODE.search(str(error))
    during = f", {operation[3]}" if operation else ""
    place = bucket.endpoint or "the default server"
    raised = SetupError(f"{what}.", where=f"{bucket.address} at {place}{during}", fix=fix)
    raised.retryable = kind is not None and bool(kind[0] & _PASSING)
    return raised


def _codes(error: OSError) -> set[str]:
    found, name = _CODE.search(str(error)), _NAME.search(str(error))
    # pyiceberg says so with an error of its own.
    denied = "ACCESS_DENIED" if isinstance(error, PermissionError) else None
    return {part for part in (*(found.groups() if found else ()), name and name[1], denied) if part}


def _told(error: OSError) -> str:
    found = _CODE.search(str(error))
    if found is None:
        return type(error).__name__
    name = _NAME.search(str(error))
    return (name[1] if name else found[1]) + (f", status {found[2]}" if found[2] else "")


def missing_file(where: str) -> DataError:
    """Return the error of a data file that the catalog names and the store does not have."""
    return DataError(
        "A data file of the catalog is not in the object store.",
        where=where,
        fix="`prefdata verify` lists what is missing. Ingest the sources concerned again with "
        "--force, or roll back.",
    )


def other_bytes(where: str) -> DataError:
    """Return the error of a data file whose bytes are not those that were written."""
    return DataError(
        "A data file of the object store has other bytes than were written.",
        where=where,
        fix="`prefdata verify --deep` lists damaged files. Ingest the sources concerned again "
        "with --force, or roll back.",
    )
