"""The error tree, cut by who must act; the exit status follows from the branch.

PrefdataError
├── UserError (exit 2): the author of the command or recipe acts
│   ├── RecipeError          recipe            the recipe file is wrong
│   ├── UnknownNameError     unknown-name      no table, source, stage, tag … of that name
│   ├── MissingExtraError    missing-extra     an optional dependency is not installed
│   ├── QueryError           query             the SQL cannot run
│   └── WorkspaceError       workspace         no catalog here, or one where none may be
├── DataError (exit 3): the owner of the data or of the adapter acts
│   ├── SchemaMismatchError  schema-mismatch   a frame does not have the columns of its contract
│   ├── SourceDriftError     source-drift      a raw file is not what the adapter was written for
│   ├── RelationError        relation          a key points to nothing
│   ├── RejectsError         rejects           more rows were rejected than allowed
│   ├── ValidationError      validation        expectations failed
│   └── RefusedError         refused           a check forbids publishing
├── SetupError (exit 4): the operator acts: network, disk, quota, GPU
│   ├── FetchError           fetch             bytes could not be had
│   ├── ConflictError        conflict          another writer won
│   ├── BackendError         backend           a model or device failed
│   └── BudgetError          budget            the cost limit is reached
└── InternalError (exit 70)  internal          a promise of ours is broken
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "BackendError",
    "BudgetError",
    "ConflictError",
    "DataError",
    "FetchError",
    "InternalError",
    "MissingExtraError",
    "PrefdataError",
    "QueryError",
    "RecipeError",
    "RefusedError",
    "RejectsError",
    "RelationError",
    "SchemaMismatchError",
    "SetupError",
    "SourceDriftError",
    "UnknownNameError",
    "UserError",
    "ValidationError",
    "WorkspaceError",
]


class PrefdataError(Exception):
    """Base of all errors that a user can act on.

    Args:
        what: One sentence that says what happened.
        where: File and row, table, or setting it happened at.
        fix: A command or an edit that helps.
    """

    code: ClassVar[str] = "error"
    exit_status: ClassVar[int] = 1

    def __init__(self, what: str, *, where: str | None = None, fix: str | None = None) -> None:
        """Store the three parts and make the message from them."""
        super().__init__(what)
        self.what = what
        self.where = where
        self.fix = fix

    def __reduce__(self) -> tuple[Any, ...]:
        """Survive pickling, which keyword-only constructors break otherwise."""
        return _rebuild, (type(self), self.what, self.where, self.fix, self.__dict__)

    def __str__(self) -> str:
        """Return the message that the command line prints."""
        lines = [f"error[{self.code}]: {self.what}"]
        if self.where:
            lines.append(f"  where: {self.where}")
        if self.fix:
            lines.append(f"  fix:   {self.fix}")
        return "\n".join(lines)


def _rebuild(
    kind: type[PrefdataError],
    what: str,
    where: str | None,
    fix: str | None,
    state: dict[str, Any],
) -> PrefdataError:
    error = kind.__new__(kind)
    PrefdataError.__init__(error, what, where=where, fix=fix)
    error.__dict__.update(state)
    return error


class UserError(PrefdataError):
    """The author of the command or recipe must act."""

    code = "user"
    exit_status = 2


class RecipeError(UserError):
    """A recipe file is wrong."""

    code = "recipe"


class UnknownNameError(UserError):
    """Something was asked for by a name that nothing has.

    Args:
        kind: What was asked for, such as ``stage``.
        name: The name that was asked for.
        known: The names that exist.
        where: File and line, or option.
    """

    code = "unknown-name"

    def __init__(
        self, kind: str, name: str, *, known: Iterable[str], where: str | None = None
    ) -> None:
        """Suggest the nearest known name."""
        names = sorted(known)
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"Did you mean {near[0]!r}? " if near else ""
        listed = ", ".join(names) if names else "none"
        super().__init__(
            f"There is no {kind} named {name!r}.", where=where, fix=f"{hint}Known: {listed}."
        )


class MissingExtraError(UserError):
    """An optional dependency is not installed.

    Args:
        what: The part that needs it, at the start of a sentence.
        extra: The extra of this package that brings it.
    """

    code = "missing-extra"

    def __init__(self, what: str, *, extra: str) -> None:
        """Name the command that installs the extra."""
        super().__init__(
            f"{what} needs packages that are not installed.",
            where=f"extra {extra!r}",
            fix=f"pip install 'prefdata[{extra}]'",
        )


class QueryError(UserError):
    """An SQL statement cannot run."""

    code = "query"


class WorkspaceError(UserError):
    """There is no workspace here, or there is one where none may be."""

    code = "workspace"


class DataError(PrefdataError):
    """The owner of the data or of the adapter must act."""

    code = "data"
    exit_status = 3


class SchemaMismatchError(DataError):
    """A frame does not have the columns of its contract."""

    code = "schema-mismatch"


class SourceDriftError(DataError):
    """A raw file is not what the adapter was written for."""

    code = "source-drift"


class RelationError(DataError):
    """A key points to nothing."""

    code = "relation"


class RejectsError(DataError):
    """More rows were rejected than allowed."""

    code = "rejects"


class ValidationError(DataError):
    """Expectations on the catalog failed."""

    code = "validation"


class RefusedError(DataError):
    """Checks before publishing forbid it; nothing was sent."""

    code = "refused"
    findings: tuple[Any, ...] = ()
    """What they found, as `prefdata.publishing.findings.Finding`."""


class SetupError(PrefdataError):
    """The operator must act: network, disk, quota, GPU."""

    code = "setup"
    exit_status = 4
    retryable: bool = False


class FetchError(SetupError):
    """Bytes could not be had."""

    code = "fetch"


class ConflictError(SetupError):
    """Another writer committed first."""

    code = "conflict"
    retryable = True


class BackendError(SetupError):
    """A model or a device failed."""

    code = "backend"


class BudgetError(SetupError):
    """The cost limit is reached."""

    code = "budget"


class InternalError(PrefdataError):
    """A promise of ours is broken; please report it."""

    code = "internal"
    exit_status = 70
