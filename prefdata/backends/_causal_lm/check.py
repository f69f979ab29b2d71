"""Whether a model stands a way to share prompts: tried out when it is opened, not guessed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from prefdata.backends._causal_lm.alone import alone, apart
from prefdata.backends._causal_lm.cached import cached
from prefdata.backends._causal_lm.sharing import Sharing, promising
from prefdata.backends._hub.quiet import first_line, quietly
from prefdata.core.errors import BackendError
from prefdata.core.events import Note
from prefdata.protocols import TokenUnit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from prefdata.backends._causal_lm.backbone import Backbone
    from prefdata.backends._causal_lm.sharing import Mode, Wanted
    from prefdata.core.events import Report

__all__ = ["can_read_in_pieces", "choose", "difference"]

_EXACT, _HALF, _HALF_AT_MOST = 1e-5, 1e-3, 2e-2
_HALF_BYTES = 2
# Padding alone changes the rounding of half precision; a few such changes are no fault. What was
# seen of faults is 5e-2 and more.
_OF_NOISE = 4.0
_PIECE = 5
_CHUNK = 1 << 13
_WINDOW_NAMES = ("sliding_window", "attention_chunk_size", "window_size", "local_attention_window")
_LONG_WINDOW = 1024  # longer windows are not tried, because that would cost too much
_SHAPES = ((5, (7, 0)), (12, (4,)), (9, (11, 3, 8)), (3, (6, 6, 1, 13)))
_WINDOW_PROMPT, _WINDOW_MORE = 8, 8
_FAULTS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NotImplementedError,
    RuntimeError,
    TypeError,
    ValueError,
)


def choose(
    backbone: Backbone,
    wanted: Wanted,
    *,
    max_tokens: int,
    report: Report,
) -> Mode:
    """Return how to share prompts: the first way that gives what no sharing gives.

    It follows from the model, its precision and its device alone, so that work that goes on later
    goes on in the same way.

    Args:
        backbone: Of the model.
        wanted: What the user wants.
        max_tokens: Longest prompt and response together.
        report: Told of a way that should work and does not.

    Raises:
        BackendError: If the way that the user wants does not work for this model; or if states
            depend on what else is in a batch.
    """
    import torch

    with torch.inference_mode(), quietly():
        return _choose(backbone, wanted, max_tokens, report)


def _choose(backbone: Backbone, wanted: Wanted, max_tokens: int, report: Report) -> Mode:
    batches = _batches(backbone, max_tokens)
    truth = [[_apart(backbone, unit) for unit in batch] for batch in batches]
    noise, fault = _tried(backbone, "none", batches, truth)
    limit = _limit(backbone, noise)
    if fault or noise > limit:
        raise BackendError(
            f"The states of the model depend on what else is in a batch ({fault or _told(noise)}).",
            where=str(backbone.module.config.model_type),
            fix="It may route tokens by how many there are; set its capacity so that none is lost.",
        )
    modes: list[Mode] = promising(backbone) if wanted == "auto" else [wanted]
    for mode in modes:
        if mode == "none":
            break
        off, fault = _tried(backbone, mode, batches, truth)
        if not fault and off <= limit:
            return mode
        _tell(mode, fault or _told(off), wanted, report)
    return "none"


def can_read_in_pieces(backbone: Backbone) -> bool:
    """Tell whether a model that reads in pieces finds what it finds when it reads at once."""
    if backbone.cache_name is None:
        return False
    units = _batches(backbone, sum(max((p, *rs)) for p, rs in _SHAPES))[0]
    truth = [_apart(backbone, unit) for unit in units]
    noise, _ = _tried(backbone, "none", [units], [truth])
    try:
        found = [cached(backbone, unit, _PIECE).cpu().numpy() for unit in units]
    except _FAULTS:
        return False
    return _worst(found, truth) <= _limit(backbone, noise)


def _limit(backbone: Backbone, noise: float) -> float:
    """Return how far two ways may be apart, where padding alone moves results by the noise."""
    if backbone.dtype.itemsize > _HALF_BYTES:
        return _EXACT
    return max(_HALF, min(_OF_NOISE * noise, _HALF_AT_MOST))


def difference(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Return how far two answers for one unit are apart.

    Args:
        a: ``(K, 2, d)``: sums and last states.
        b: Likewise.

    Returns:
        The greatest difference of an inner product ``s_i s_j`` or ``s_i s_i`` of the sums of two
        responses, as a share of ``|s_i s_j| + s_i s_i``; infinite if something is not finite.
    """
    grams = [x[:, 0].astype(np.float64) @ x[:, 0].astype(np.float64).T for x in (a, b)]
    if not all(np.isfinite(gram).all() for gram in grams) or not np.isfinite(a).all():
        return float("inf")
    scale = np.abs(grams[1]) + np.diag(grams[1])[:, None]
    off = np.abs(grams[0] - grams[1])
    of_squares = np.diag(off)[:, None]
    return float((np.maximum(off, of_squares) / np.maximum(scale, np.finfo(float).tiny)).max())


def _batches(backbone: Backbone, max_tokens: int) -> list[list[TokenUnit]]:
    """Return units of chance: short ones of several shapes, and one longer than a window."""
    shapes = [list(_SHAPES)]
    window = min(_windows(backbone), default=0)
    if window:
        response = min(window + _WINDOW_MORE, max_tokens - _WINDOW_PROMPT)
        n_long = -(-window // response) if response > 0 else 0
        if n_long:
            shapes.append([(_WINDOW_PROMPT, (response,) * n_long + (min(8, response),))])
    batches = []
    for seed, batch in enumerate(shapes):
        units = []
        for number, (n_prompt, lengths) in enumerate(batch):
            p = min(n_prompt, max_tokens - 1)
            cut = [p, *(min(n, max_tokens - p) for n in lengths)]
            prompt, *responses = backbone.drawn(cut, 10 * seed + number)
            units.append(TokenUnit(prompt, tuple(responses)))
        batches.append(units)
    return batches


def _windows(backbone: Backbone) -> list[int]:
    """Return how far some layers see, as far as it is known and can be tried."""
    told = [getattr(backbone.config, name, None) for name in _WINDOW_NAMES]
    return [n for n in told if isinstance(n, int) and 0 < n <= _LONG_WINDOW]


def _apart(backbone: Backbone, unit: TokenUnit) -> NDArray[np.float32]:
    """Return the truth: each response with its prompt in a row of its own, one at a time."""
    import torch

    parts = [alone(backbone, [part]) for part in apart(unit)]
    found: NDArray[np.float32] = torch.cat(parts).cpu().numpy()
    return found


def _tried(
    backbone: Backbone,
    mode: Mode,
    batches: Sequence[Sequence[TokenUnit]],
    truth: Sequence[Sequence[NDArray[np.float32]]],
) -> tuple[float, str]:
    """Return how far a mode is from the truth, and what went wrong, if something did.

    Units are computed alone and side by side, whatever batches the user wants: how they share
    must not follow from that.
    """
    sharing = Sharing(mode, backbone, _CHUNK)
    off = 0.0
    try:
        for units, known in zip(batches, truth, strict=True):
            off = max(off, _worst(_side_by_side(sharing, units), known))
            if mode == "packed":
                found = [_side_by_side(sharing, [unit])[0] for unit in units]
                off = max(off, _worst(found, known))
    except _FAULTS as error:
        return float("inf"), first_line(error).rstrip(".")
    return off, ""


def _side_by_side(sharing: Sharing, units: Sequence[TokenUnit]) -> list[NDArray[np.float32]]:
    parts = [part for unit in units for part in sharing.parts(unit)]
    rows = sharing.states(parts).cpu().numpy()
    edges = np.cumsum([len(unit.responses) for unit in units])[:-1]
    return list(np.split(rows, edges))


def _worst(found: Sequence[Any], truth: Sequence[NDArray[np.float32]]) -> float:
    return max(difference(a, b) for a, b in zip(found, truth, strict=True))


def _tell(mode: Mode, reason: str, wanted: str, report: Report) -> None:
    if wanted != "auto":
        raise BackendError(
            f"The model does not stand `sharing: {mode}`: {reason}.",
            where=f"sharing: {mode}",
            fix="Use `sharing: auto`.",
        )
    report(Note(f"Prompts cannot be shared as `{mode}` with this model: {reason}."))


def _told(off: float) -> str:
    return f"it is off by {off:.1g} of the scale"
