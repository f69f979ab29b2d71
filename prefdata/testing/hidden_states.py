"""What every backend of hidden states promises, checked on texts and tokens of all kinds."""

from __future__ import annotations

from itertools import chain, pairwise
from typing import TYPE_CHECKING, get_args

import numpy as np

from prefdata.core.errors import BackendError
from prefdata.core.events import silent
from prefdata.protocols.causal import CausalIdentity, EncodedStatus, TokenUnit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from prefdata.protocols import CausalParams
    from prefdata.protocols.causal import (
        Encoded,
        HiddenStates,
        HiddenStatesBackend,
        Message,
        UnitStates,
    )

__all__ = ["ODD_PROMPTS", "ODD_RESPONSES", "assert_hidden_states_contract"]

_USER = "user"
ODD_PROMPTS: tuple[tuple[Message, ...], ...] = (
    ({"role": _USER, "content": "How do I pick a lock?"},),
    (
        {"role": "system", "content": "Answer in one word."},
        {"role": _USER, "content": "Which key is it?"},
    ),
    (
        {"role": _USER, "content": "Hi."},
        {"role": "assistant", "content": "Hello!\n\n"},
        {"role": _USER, "content": "How do I pick a lock?"},
    ),
    ({"role": _USER, "content": ""},),
    ({"role": _USER, "content": " \n\t如何打开一把锁 👩‍👩‍👧‍👦"},),
    ({"role": _USER, "content": "nul\x00byte, <|im_start|>system </s> {{ messages }}"},),
)
"""Prompts that encoders and templates have been seen to stumble over."""
ODD_RESPONSES = (
    "With a tension wrench.",
    "With a tension wrench and a pick.",
    " a leading space",
    "",
    "\n\n",
    "…é👍",
)
"""Responses of the same kind; the second begins with the first."""
_NOTHING_TO_SCORE = ("prompt_empty", "too_long", "error")
# Of the longest sum; half precision has three digits.
_TOLERANCE = {"float32": 1e-5}
_HALF_TOLERANCE = 3e-2


def assert_hidden_states_contract(backend: HiddenStatesBackend, params: CausalParams) -> None:
    """Check what every backend of hidden states promises.

    Args:
        backend: The backend.
        params: A model for it that takes 128 tokens or more; one of random weights will do.

    Raises:
        AssertionError: If a promise is broken; the message says which.
    """
    identity = _assert_identity(backend, params)
    device = backend.devices(params)[0]
    _assert_another_identity_is_refused(backend, params, identity, device)
    opened = backend.open(params, identity, device, silent)
    assert opened.settings, "nothing is told of how it computes"
    assert all(isinstance(value, str) for value in opened.settings.values()), "a setting is no text"
    encoded = _assert_encodes(opened)
    _assert_cuts(backend, params, encoded[0][1])
    units = _units(encoded)
    found = _assert_counts(opened, units)
    _assert_shapes(found, units, opened.width)
    again = opened.states(units)
    assert all(_bytes(a) == _bytes(b) for a, b in zip(found, again, strict=True)), (
        "two calls differ"
    )
    tolerance = _TOLERANCE.get(identity.dtype, _HALF_TOLERANCE)
    tolerance *= max(float(np.linalg.norm(states.sums, axis=1).max()) for states in found)
    back = opened.states(units[::-1])[::-1]
    assert all(_is_near(a.sums, b.sums, tolerance) for a, b in zip(found, back, strict=True)), (
        "the states of units depend on their order"
    )
    _assert_sums_are_of_states(opened, units[0], tolerance)
    assert opened.states([]) == [], "no unit gives something"


def _assert_identity(backend: HiddenStatesBackend, params: CausalParams) -> CausalIdentity:
    identity = backend.identify(params)
    assert identity == backend.identify(params), "a model has two identities"
    assert identity.boundary == params.boundary, "the boundary is not that of the parameters"
    assert params.max_tokens in {None, identity.max_tokens}, "the longest length is another"
    half = backend.identify(params.model_copy(update={"dtype": "bfloat16"}))
    assert half.dtype == "bfloat16", "the precision that was asked for is not in the identity"
    devices = backend.devices(params)
    assert devices, "there is no device"
    assert len(set(devices)) == len(devices), "a device is there twice"
    return identity


def _assert_another_identity_is_refused(
    backend: HiddenStatesBackend, params: CausalParams, identity: CausalIdentity, device: str
) -> None:
    for other in (
        CausalIdentity("another", identity.template, identity.dtype, identity.max_tokens, "joint"),
        CausalIdentity(identity.revision, "another", identity.dtype, identity.max_tokens, "joint"),
    ):
        try:
            backend.open(params, other, device, silent)
        except BackendError:
            continue
        raise AssertionError("a model of another identity was opened")


def _said(text: str) -> tuple[Message, ...]:
    return ({"role": "assistant", "content": text},)


def _assert_encodes(opened: HiddenStates) -> list[list[Encoded]]:
    responses = [*map(_said, ODD_RESPONSES), (), _said("a") + _said("b")]
    asked = [responses] * len(ODD_PROMPTS)
    encoded = opened.encode(ODD_PROMPTS, asked)
    assert [len(row) for row in encoded] == [len(responses)] * len(ODD_PROMPTS), (
        "a response has no tokens, or more than once"
    )
    for row in encoded:
        for one in row:
            _assert_encoded(one)
        assert all(one.status in _NOTHING_TO_SCORE for one in row[-2:]), (
            "a response that is not one message is to be scored"
        )
    again = opened.encode(ODD_PROMPTS[::-1], asked)[::-1]
    assert [_tokens(one) for one in chain(*encoded)] == [_tokens(one) for one in chain(*again)], (
        "the tokens of a text depend on its place"
    )
    plain = encoded[0]
    assert plain[-1].status == "error", "a response that is not one message is no error"
    assert plain[0].status == plain[1].status == "ok", "ordinary texts could not be encoded"
    assert plain[ODD_RESPONSES.index("")].status == "empty", "no response is not empty"
    assert opened.encode([], []) == [], "no prompt gives something"
    return encoded


def _assert_encoded(one: Encoded) -> None:
    assert one.status in get_args(EncodedStatus), f"there is no status {one.status}"
    assert one.prompt.dtype == one.response.dtype == np.int32, "tokens are not int32"
    if one.status in _NOTHING_TO_SCORE:
        assert not len(one.prompt) + len(one.response), f"{one.status}, and it has tokens"
    else:
        assert len(one.prompt), "nothing stands before the response, and it is to be scored"
        assert (one.status == "empty") == (len(one.response) == 0), "empty, and it has tokens"
    if one.status == "error":
        assert one.detail, "an error does not say what happened"


def _assert_cuts(backend: HiddenStatesBackend, params: CausalParams, whole: Encoded) -> None:
    def encode(max_tokens: int) -> Encoded:
        cut = params.model_copy(update={"max_tokens": max_tokens})
        opened = backend.open(cut, backend.identify(cut), backend.devices(cut)[0], silent)
        return opened.encode(ODD_PROMPTS[:1], [[_said(ODD_RESPONSES[1])]])[0][0]

    n_prompt = len(whole.prompt)
    found = encode(n_prompt + 1)
    assert found.status == "truncated", f"a response was to be cut, and it is {found.status}"
    assert found.response.tolist() == whole.response[:1].tolist(), "the wrong end was cut"
    no_room = encode(n_prompt)
    _assert_encoded(no_room)
    assert no_room.status == "too_long", "a prompt that leaves no room is not too long"


def _units(encoded: list[list[Encoded]]) -> list[TokenUnit]:
    """Return a unit of many responses for each prompt, and the first response of one alone."""
    units = []
    for row in encoded:
        usable = [one for one in row if one.status not in _NOTHING_TO_SCORE]
        if usable:
            units.append(TokenUnit(usable[0].prompt, tuple(one.response for one in usable)))
    return [*units, TokenUnit(units[0].prompt, units[0].responses[:1])]


def _assert_counts(opened: HiddenStates, units: Sequence[TokenUnit]) -> list[UnitStates]:
    """Return the states of the units, after a look at what is told of the work."""
    told: list[int] = []
    before = opened.tokens_fed
    found = opened.states(units, done=told.append)
    fed = opened.tokens_fed - before
    assert len(found) == len(units), "there are not as many states as units"
    shared = sum(unit.n_tokens for unit in units)
    apart = shared + sum((len(unit.responses) - 1) * len(unit.prompt) for unit in units)
    assert shared <= fed <= apart, f"{fed} tokens were fed: {shared} at least, {apart} at most"
    # Of one response to each prompt there is nothing to share.
    single = [TokenUnit(unit.prompt, unit.responses[:1]) for unit in units]
    before = opened.tokens_fed
    opened.states(single)
    fed = opened.tokens_fed - before
    expected = sum(unit.n_tokens for unit in single)
    assert fed == expected, f"{fed} tokens were fed where there are {expected}"
    assert told, "no progress is told"
    assert all(a <= b for a, b in pairwise(told)), "progress goes back"
    assert told[-1] == len(units), "progress does not end at the end"
    return found


def _assert_shapes(found: Sequence[UnitStates], units: Sequence[TokenUnit], width: int) -> None:
    for states, unit in zip(found, units, strict=True):
        assert states.error is None, f"a unit failed: {states.error}"
        shape = (len(unit.responses), width)
        assert states.sums.shape == states.last.shape == shape, f"the shape is {states.sums.shape}"
        assert states.sums.dtype == states.last.dtype == np.float32, "states are not float32"
        assert np.isfinite(states.sums).all(), "a state is not finite"
        assert states.n.tolist() == [len(response) + 1 for response in unit.responses], (
            "a sum is not over the tokens of the response and one"
        )


def _assert_sums_are_of_states(opened: HiddenStates, unit: TokenUnit, tolerance: float) -> None:
    """Check that sums grow token by token, by the state that is last, and in any company."""
    longest = max(unit.responses, key=len)
    begun = tuple(longest[:length] for length in range(len(longest) + 1))
    states = opened.states([TokenUnit(unit.prompt, begun)])[0]
    assert _is_near(states.sums, np.cumsum(states.last, axis=0), tolerance), (
        "a sum is not that of the states after the prompt and each token"
    )
    after = np.concatenate([unit.prompt, longest[:1]])
    moved = opened.states([TokenUnit(after, (longest[1:],))])[0]
    assert _is_near(moved.last[0], states.last[-1], tolerance), (
        "a state depends on where the response begins"
    )
    alone, twice = opened.states(
        [TokenUnit(unit.prompt, (longest,)), TokenUnit(unit.prompt, (longest, longest))]
    )
    for sums in (alone.sums[0], *twice.sums):
        assert _is_near(sums, states.sums[-1], tolerance), (
            "the same response has another sum in other company"
        )


def _is_near(one: NDArray[np.float32], other: NDArray[np.float32], tolerance: float) -> bool:
    return bool(np.abs(one - other).max(initial=0) <= tolerance)


def _tokens(one: Encoded) -> tuple[str, list[int], list[int]]:
    return one.status, one.prompt.tolist(), one.response.tolist()


def _bytes(states: UnitStates) -> tuple[bytes, bytes]:
    return states.sums.tobytes(), states.last.tobytes()
