"""Rates are even: a second's worth at once, and the limit over any minute."""

from __future__ import annotations

import asyncio
import time

from hypothesis import given
from hypothesis import strategies as st

from prefdata.chat.limits import Pace, Rate

__all__: list[str] = []


@given(
    st.floats(1, 1e6),
    st.lists(st.tuples(st.floats(0, 30), st.floats(0.001, 3)), min_size=1, max_size=60),
)
def test_no_stretch_of_time_sees_more_than_the_rate(
    per_minute: float, asked: list[tuple[float, float]]
) -> None:
    now = [0.0]
    rate = Rate(per_minute, lambda: now[0])
    sent: list[tuple[float, float]] = []
    for pause, share in asked:
        now[0] += pause
        amount = share * per_minute / 60
        sent.append((now[0] + rate.take(amount), amount))
    for i, (begin, _) in enumerate(sent):
        # All but the last of a stretch have gone through at an even rate, but for one second.
        for j in range(i, len(sent)):
            through = sum(amount for _, amount in sent[i:j])
            assert through <= (sent[j][0] - begin + 1) * per_minute / 60 * (1 + 1e-6)


def test_an_amount_above_the_limit_goes_through_in_its_time() -> None:
    now = [0.0]
    rate = Rate(60, lambda: now[0])
    assert rate.take(600) == 0
    assert 598 <= rate.take(1) <= 600
    now[0] = 1000
    assert rate.take(1) == 0


def test_the_slower_limit_decides() -> None:
    async def sent(pace: Pace) -> float:
        started = time.monotonic()
        for _ in range(3):
            await pace.wait(1, 10)
        return time.monotonic() - started

    assert Pace().is_free
    assert not Pace(6).is_free
    assert asyncio.run(sent(Pace(None, None))) < 0.5
    # Ten tokens each at a hundred a second, after a burst of a hundred, do not wait.
    assert asyncio.run(sent(Pace(60_000, 6_000))) < 0.5
    assert asyncio.run(sent(Pace(60_000, 1_200))) >= 0.3
