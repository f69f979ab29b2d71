"""What a request may cost at most, and what has been spent already."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.chat.requests import prompt_bytes
from prefdata.core.fingerprint import canonical_json

if TYPE_CHECKING:
    from prefdata.catalog import Catalog
    from prefdata.chat.journal import Account
    from prefdata.protocols import ChatParams, ChatRequest, Usage

__all__ = ["Bounds", "Committed"]

_MILLION = 1e6
_TOKENS_PER_MESSAGE = 16
_TOKENS_PER_REQUEST = 64
"""What chat templates put around messages, the system prompts of their own among it."""


class Bounds:
    """The most tokens that requests to one chat model may take.

    Tokenisers that work on bytes, as those of chat models do, make no more tokens than there are
    bytes. What the template adds is not known: it is taken to be what templates usually add, or
    more where the server has shown more.
    """

    def __init__(self, model: ChatParams, shown: int = 0) -> None:
        """Begin with what is known.

        Args:
            model: Its price and its further fields of the request.
            shown: Tokens beyond the bytes of its messages that a request is known to have taken.
        """
        self._price = model.price
        self._extra = len(canonical_json(model.extra_body)) if model.extra_body else 0
        self._shown = shown

    def prompt_tokens(self, request: ChatRequest) -> int:
        """Return the most tokens that a request's prompt may have."""
        around = _TOKENS_PER_REQUEST + _TOKENS_PER_MESSAGE * len(request.messages)
        return prompt_bytes(request) + max(around + self._extra, self._shown)

    def tokens(self, request: ChatRequest) -> int:
        """Return the most tokens that a request and its answer may have."""
        return self.prompt_tokens(request) + request.max_tokens

    def cost(self, request: ChatRequest) -> float:
        """Return the most that sending a request may cost; 0 without a price."""
        price = self._price
        if price is None:
            return 0.0
        of_prompt = max(price.input, price.cached_input or 0.0)
        total = self.prompt_tokens(request) * of_prompt + request.max_tokens * price.output
        return total / _MILLION

    def learn(self, request: ChatRequest, usage: Usage) -> None:
        """See what the server counted."""
        beyond = usage.prompt_tokens - prompt_bytes(request)
        self._shown = max(self._shown, beyond)


class Committed:
    """What the table ``spending`` says of a step and a model, over all runs."""

    def __init__(self, catalog: Catalog, account: Account) -> None:
        """Look at nothing yet."""
        self._catalog = catalog
        self._account = account
        self.cost = 0.0
        """Certain and uncertain costs together."""
        self.stretches: frozenset[str] = frozenset()
        """Names of the stretches that are in it."""

    def read(self) -> None:
        """Read the table as it is now."""
        account = self._account
        rows = (
            self._catalog.scan("spending")
            .filter(
                pl.col("step") == account.step,
                pl.col("model") == account.model,
                pl.col("server") == account.server,
                pl.col("currency").eq_missing(pl.lit(account.currency)),
            )
            .select("spending_id", cost=pl.sum_horizontal("cost", "uncertain_cost"))
            .unique("spending_id")
            .collect()
        )
        self.cost = float(rows["cost"].sum())
        self.stretches = frozenset(rows["spending_id"])
