"""A causal language model without its head: ids in, hidden states out."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from prefdata.backends._causal_lm.branches import by_branch
from prefdata.backends._hub.quiet import first_line
from prefdata.core.errors import BackendError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["PAD", "Backbone", "take"]

PAD = 0
"""The id that fills rows; what comes of it is never read."""

# Two ways to one state agree to rounding; another state, or one that has seen the future, does not.
_ROUNDING = {"float32": 1e-5, "bfloat16": 1e-2, "float16": 1e-2}
_PROBE = 6
_FIRST_ID, _LAST_ID = 3, 1000  # special tokens come first, and those of images last
_TURNING = ("dynamic", "longrope")
_CACHES = ("past_key_values", "cache_params")


@dataclass(frozen=True, slots=True)
class Backbone:
    """The layers of a model up to the last norm; see `prefdata.protocols.UnitStates`."""

    module: Any
    config: Any
    """Settings of the part that reads text."""
    device: Any
    dtype: Any
    width: int
    n_ids: int
    """Ids that have an embedding."""
    attention: str
    cache_name: str | None
    """What it calls the keys and values (or the state) of what it has read; None: it keeps none."""
    turn: int | None
    """Tokens from which on it codes all positions of a text in another way; None: never."""

    def states(
        self, ids: NDArray[np.int64], positions: NDArray[np.int64] | None = None, mask: Any = None
    ) -> Any:
        """Return the states of rows of ids.

        Args:
            ids: ``(b, w)``.
            positions: ``(b, w)``; from 0 on when left out.
            mask: As the model takes it; causal when left out.

        Returns:
            A tensor ``(b, w, d)`` on the device, in the precision of the model.
        """
        more = {} if positions is None else {"position_ids": self.tensor(positions)}
        if mask is not None:
            more["attention_mask"] = mask
        return _last(self.module(input_ids=self.tensor(ids), use_cache=False, **more))

    def extended(self, ids: NDArray[np.int64], cache: Any) -> tuple[Any, Any]:
        """Return the states of rows of ids that follow what was read, and the cache of all.

        Args:
            ids: ``(b, w)``.
            cache: Of what was read, which is changed; None at the start.

        Raises:
            ValueError: If the model keeps no cache.
        """
        if self.cache_name is None:
            raise ValueError("the model keeps nothing of what it has read")
        found = self.module(input_ids=self.tensor(ids), use_cache=True, **{self.cache_name: cache})
        kept = getattr(found, self.cache_name, None)
        if kept is None:
            raise ValueError("the model keeps nothing of what it has read")
        return _last(found), kept

    def unwind(self) -> None:
        """Let the model forget how long the longest text was that it has read.

        Positions that grow with the text stay as they are until a short one comes.
        """
        self.states(self.drawn([1], 0)[0].astype("int64")[None])

    def tensor(self, numbers: NDArray[Any]) -> Any:
        """Return numbers as a tensor on the device."""
        import torch

        return torch.from_numpy(numbers).to(self.device, non_blocking=True)

    def drawn(self, lengths: Sequence[int], seed: int) -> list[NDArray[np.int32]]:
        """Return texts of chance of the given lengths, the same ones for the same seed."""
        import numpy as np

        random = np.random.default_rng(seed)
        low, high = min(_FIRST_ID, self.n_ids - 1), min(_LAST_ID, self.n_ids)
        return [random.integers(low, high, n, dtype=np.int32) for n in lengths]


def take(model: Any, where: str) -> Backbone:
    """Return the backbone of a causal language model, after a look at what it gives.

    Args:
        model: A ``PreTrainedModel`` on its device, in evaluation mode.
        where: Its folder, for errors.

    Raises:
        BackendError: If its states are not what its unembedding is applied to, or depend on later
            tokens; or if it fails on a few tokens.
    """
    # A few classes for text alone bear the name of the whole they are a part of.
    module = model.base_model if model.base_model is not model else getattr(model, "model", None)
    kind = type(model).__name__
    if module is None:
        raise _refused(kind, "has no backbone of its own", where)
    try:
        backbone = _wrapped(module)
        probe = backbone.drawn([_PROBE], 0)[0].astype("int64")[None]
        try:
            found = backbone.states(probe)
        except ValueError:  # some models learn only in their layers that they cannot do without
            if backbone.attention == "eager":
                raise
            model.set_attn_implementation("eager")
            backbone = _wrapped(module)
            found = backbone.states(probe)
        seen = _seen_by_head(model, backbone, probe)
        other = probe.copy()
        other[0, -1] = (other[0, -1] + 1) % backbone.n_ids
        earlier = backbone.states(other)[:, :-1]
    except (AttributeError, IndexError, RuntimeError, TypeError, ValueError, KeyError) as error:
        raise _refused(kind, f"failed on six tokens: {first_line(error)}", where) from error
    if not bool(found.isfinite().all()):
        raise _refused(kind, "gives states that are not finite", where)
    if not _is_same(earlier, found[:, :-1]):
        raise _refused(kind, "is bidirectional: a later token changes its earlier states", where)
    if seen is None or seen.shape != found.shape or not _is_same(seen, found):
        raise _refused(kind, "applies its unembedding to other states than its last ones", where)
    # Some models project their states before the unembedding, so the settings do not tell.
    return replace(backbone, width=int(found.shape[-1]))


def _wrapped(module: Any) -> Backbone:
    table = module.get_input_embeddings().weight
    config = module.config.get_text_config()
    parameters = inspect.signature(module.forward).parameters
    attention = str(getattr(config, "_attn_implementation", None) or "eager")
    if attention == "sdpa" and by_branch(module):
        attention = str(config._attn_implementation)  # noqa: SLF001 - transformers has no other name
    return Backbone(
        module=module,
        config=config,
        device=table.device,
        dtype=next(p.dtype for p in module.parameters() if p.is_floating_point()),
        width=int(config.hidden_size),
        n_ids=int(table.shape[0]),
        attention=attention,
        turn=_turn(config),
        cache_name=next((name for name in _CACHES if name in parameters), None),
    )


def _turn(config: Any) -> int | None:
    """Return from which length on rotary positions depend on the length of the text."""
    told = getattr(config, "rope_parameters", None) or {}
    kinds = [told, *(kind for kind in told.values() if isinstance(kind, dict))]
    turns = [
        kind.get("original_max_position_embeddings") or config.max_position_embeddings
        for kind in kinds
        if kind.get("rope_type") in _TURNING
    ]
    return min(turns, default=None)


def _last(found: Any) -> Any:
    return found.last_hidden_state if hasattr(found, "last_hidden_state") else found[0]


def _seen_by_head(model: Any, backbone: Backbone, ids: NDArray[np.int64]) -> Any:
    """Return what the unembedding of a model is applied to, or None if nothing can be seen."""
    head = model.get_output_embeddings()
    beside = [child for child in model.children() if child is not backbone.module]
    seen: list[Any] = []
    hooks = [
        module.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
        for module in ([head] if head is not None else beside)
    ]
    try:
        model(input_ids=backbone.tensor(ids), use_cache=False)
    finally:
        for hook in hooks:
            hook.remove()
    return seen[0] if seen else None


def _is_same(a: Any, b: Any) -> bool:
    """Tell whether states agree but for rounding; such that are not finite never do."""
    limit = _ROUNDING[str(a.dtype).removeprefix("torch.")]
    a, b = a.float(), b.float()
    return bool((a - b).norm() <= limit * b.norm())


def _refused(kind: str, reason: str, where: str) -> BackendError:
    return BackendError(
        f"The model ({kind}) {reason}.",
        where=where,
        fix="Name a causal language model of a kind that transformers has built in.",
    )
