"""Routers by name, with their parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pydantic
from pydantic import Field, model_validator
from threadpoolctl import threadpool_limits

from prefdata.core.errors import RecipeError
from prefdata.protocols import Params, Router, RouterContext
from prefdata.registry import plugin

if TYPE_CHECKING:
    from collections.abc import Callable

    from prefdata.protocols import Context, Gains, RoutingData

__all__ = ["AUTO", "RANDOM", "RouterChoice", "caller", "preferred"]

RANDOM = "random"
"""The router that all others must beat; every evaluation has it."""
AUTO = "auto"
"""One of two, by what the vectors are of. That is settled before anything is measured: to take
whichever does best on the evaluation set would flatter it."""
_WITH_MODEL, _WITHOUT = "ensemble", "paired"


class RouterChoice(Params):
    """A router and its parameters; the name alone will do."""

    name: str = Field(description="Name of the router; see `prefdata router list`.")
    params: dict[str, Any] = Field(default_factory=dict, description="Its parameters.")

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value

    def load(self) -> tuple[Router, Params]:
        """Return the router and its checked parameters.

        Raises:
            UnknownNameError: If there is no such router.
            RecipeError: If the parameters do not fit.
        """
        found: Router = plugin("router", self.name, where="router")
        try:
            return found, found.params.model_validate(self.params)
        except pydantic.ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise RecipeError(
                f"The parameters of the router {self.name} do not fit: {first['msg']}.",
                where=f"router {self.name}, parameter {place or 'params'}",
                fix=f"It has these: {', '.join(found.params.model_fields) or 'none'}.",
            ) from error


def preferred(choice: RouterChoice, *, is_lexical: bool) -> RouterChoice:
    """Return the router that `auto` stands for; any other is returned as it is.

    Args:
        choice: What was wanted.
        is_lexical: Whether the vectors are of wording alone, on which reward heads rank weakly.
    """
    if choice.name != AUTO:
        return choice
    return RouterChoice(name=_WITHOUT if is_lexical else _WITH_MODEL)


def caller(choice: RouterChoice, context: Context) -> Callable[[RoutingData, int], Gains]:
    """Return a router as a function of data and a seed."""
    router, params = choice.load()

    def fit(data: RoutingData, seed: int) -> Gains:
        around = RouterContext(seed=seed, report=context.report, files=context.files)
        # As in `evaluate`; vectors are not made here, and may take all threads.
        with threadpool_limits(1):
            return router.fit(data, params, around)

    return fit
