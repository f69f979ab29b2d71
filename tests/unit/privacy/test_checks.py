from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefdata.privacy.checks import CHECKS, luhn, mod97

__all__: list[str] = []

_DIGITS = st.text("0123456789", min_size=12, max_size=18)


@settings(max_examples=15)
@given(_DIGITS)
def test_of_ten_last_digits_one_is_the_check_digit_of_a_card(digits: str) -> None:
    assert sum(luhn(digits + last) for last in "0123456789") == 1


@settings(max_examples=15)
@given(st.text("0123456789", min_size=11, max_size=26))
def test_of_a_hundred_check_digits_one_makes_an_iban_or_two_that_are_equal(account: str) -> None:
    right = [n for n in range(2, 99) if mod97(f"DE{n:02d}{account}")]
    assert len(right) == 1


@pytest.mark.parametrize(
    ("check", "found", "held"),
    [
        # Golden values: the example of ISO/IEC 7812-1 and those of the IBAN registry.
        ("credit-card", "4539 1488 0343 6467", "4539 1488 0343 6467"),
        ("credit-card", "8273 1232 7352 0569", None),  # right by Luhn, and of no issuer
        ("iban", "GB82 WEST 1234 5698 7654 32", "GB82 WEST 1234 5698 7654 32"),
        ("iban", "NO93 8601 1117 947 AND", "NO93 8601 1117 947"),
        ("iban", "NO93 8601 1117 9471", None),
        ("phone", "+1 212 555 01", None),
        ("phone", "+210 555 0123", None),
        ("phone", "+44 20 7946 0123", "+44 20 7946 0123"),
        ("phone", "000-000-0000", None),
        ("ip", "172.20.1.1", None),
        ("ip", "172.32.1.1", "172.32.1.1"),
        ("ip", "81.2.69.01", None),
        ("ip", "2a02::1", None),  # two groups may be any two words of a program
        ("us-ssn", "219-09-9999", "219-09-9999"),
    ],
)
def test_a_check_returns_what_holds_of_a_find(check: str, found: str, held: str | None) -> None:
    assert CHECKS[check](found) == held
