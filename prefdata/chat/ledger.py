"""What calls cost: prices of tokens, and counts that add up."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prefdata.protocols import ChatReply, Price, Usage

__all__ = ["FREE_FAULTS", "Tally", "price_of", "tally"]

_MILLION = 1e6

FREE_FAULTS = frozenset({"rate-limited", "request", "access", "missing"})
"""Faults after which a server has done no work: it refused, or was not asked."""


@dataclass(slots=True)
class Tally:
    """Counts and sums over attempts; the columns of the table ``spending``, in its order."""

    n_answers: int = 0
    n_attempts: int = 0
    n_faults: int = 0
    n_unreadable: int = 0
    n_lost: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0
    uncertain_cost: float = 0.0

    def add(self, other: Tally) -> None:
        """Add the counts of another."""
        self.n_answers += other.n_answers
        self.n_attempts += other.n_attempts
        self.n_faults += other.n_faults
        self.n_unreadable += other.n_unreadable
        self.n_lost += other.n_lost
        self.prompt_tokens += other.prompt_tokens
        self.cached_tokens += other.cached_tokens
        self.completion_tokens += other.completion_tokens
        self.cost += other.cost
        self.uncertain_cost += other.uncertain_cost

    def values(self) -> tuple[float, ...]:
        """Return the counts in their order."""
        # Not astuple, which takes ten times as long.
        return tuple(getattr(self, name) for name in _NAMES)

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return the names of the counts in their order."""
        return _NAMES


_NAMES = tuple(field.name for field in fields(Tally))


def price_of(usage: Usage, price: Price) -> float:
    """Return what an exchange cost, in the currency of the price."""
    cached = min(usage.cached_tokens, usage.prompt_tokens)
    of_cached = price.input if price.cached_input is None else price.cached_input
    total = (usage.prompt_tokens - cached) * price.input + cached * of_cached
    return (total + usage.completion_tokens * price.output) / _MILLION


def tally(reply: ChatReply, price: Price | None, most: float, *, is_unreadable: bool) -> Tally:
    """Return the counts of one attempt that has come to its end.

    Args:
        reply: What came of it.
        price: Of the tokens; the costs are 0 without.
        most: The most that it may have cost, where nobody counted.
        is_unreadable: Whether its text was not in the form that was asked for.
    """
    kind = None if reply.fault is None else reply.fault.kind
    # What is missing among the answers of a file was not sent by us.
    counts = Tally(n_attempts=int(kind != "missing"), n_faults=int(kind not in (None, "missing")))
    counts.n_unreadable = int(is_unreadable)
    if reply.usage is not None:
        counts.prompt_tokens = reply.usage.prompt_tokens
        counts.cached_tokens = reply.usage.cached_tokens
        counts.completion_tokens = reply.usage.completion_tokens
        if price is not None:
            counts.cost = price_of(reply.usage, price)
    elif kind not in FREE_FAULTS:
        counts.uncertain_cost = most
    return counts
