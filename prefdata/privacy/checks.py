"""What a find must fulfil beyond its form: check digits, real ranges, plausible lengths.

A check returns how much of the find holds, from its start, or None: an IBAN may be followed by
words that look like more of it.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["CHECKS", "luhn", "mod97"]

# ITU-T E.164, list of assigned country codes.
_COUNTRY = re.compile(
    r"1|7|20|27|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|21[1-368]|2[2-6][0-9]|29[01789]"
    r"|3[578][0-9]|42[013]|50[0-9]|59[0-9]|67[02-9]|68[0-35-9]|69[0-2]|80[08]|85[02356]|87[08]"
    r"|88[0-368]|96[0-8]|97[0-79]|99[2-68]"
)
# First digits and lengths: Visa, Mastercard, American Express, Discover, JCB, Diners, UnionPay. Old
# cards of Visa with 13 digits are left out: bar codes look like them.
_CARD = re.compile(
    r"4[0-9]{15}|5[1-5][0-9]{14}"
    r"|2(?:22[1-9]|2[3-9][0-9]|[3-6][0-9]{2}|7[01][0-9]|720)[0-9]{12}|3[47][0-9]{13}"
    r"|6(?:011|4[4-9][0-9]|5[0-9]{2})[0-9]{12}|35(?:2[89]|[3-8][0-9])[0-9]{12}"
    r"|3(?:0[0-5]|[689][0-9])[0-9]{11}|62[0-9]{14,17}"
)
# SWIFT, IBAN registry: length by country.
_IBAN_LENGTHS = {
    length: countries.split()
    for length, countries in {
        15: "NO",
        16: "BE",
        18: "DK FI FK FO GL NL SD",
        19: "MK SI",
        20: "AT BA EE KZ LT LU MN XK",
        21: "CH HR LI LV",
        22: "BG BH CR DE GB GE IE ME RS VA",
        23: "AE GI IL IQ OM SO TL",
        24: "AD CZ ES MD PK SA SE SK TN VG",
        25: "LY PT ST",
        26: "IS TR",
        27: "BI DJ FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
        29: "BR EG PS QA UA",
        30: "JO KW MU YE",
        31: "MT SC",
        32: "LC",
        33: "RU",
    }.items()
}
_IBAN_LENGTH = {country: n for n, countries in _IBAN_LENGTHS.items() for country in countries}
# RFC 1918, 3927, 4193, 5771, 6890: addresses that lead to nobody in particular. Those kept for
# documentation are not among them: what stands for an address in a text is treated as one.
_NOBODY = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "224.0.0.0/3",
        "::/16",
        "fc00::/7",
        "fe80::/10",
        "ff00::/8",
    )
)
_MIN_DIGITS, _MAX_DIGITS = 8, 15
_NORTH_AMERICAN_DIGITS = 11
_MIN_IPV6_GROUPS = 4


def luhn(digits: str) -> bool:
    """Tell whether the last digit is the check digit of the others (ISO/IEC 7812-1)."""
    doubled = (int(digit) * 2 for digit in digits[-2::-2])
    total = sum(int(digit) for digit in digits[::-2]) + sum(n - 9 * (n > 9) for n in doubled)  # noqa: PLR2004
    return total % 10 == 0


def mod97(account: str) -> bool:
    """Tell whether an IBAN without spaces has the right check digits (ISO 7064, mod 97-10)."""
    number = "".join(str(int(sign, 36)) for sign in account[4:] + account[:4])
    return int(number) % 97 == 1


def _digits(found: str) -> str:
    return re.sub("[^0-9]", "", found)


def _phone(found: str) -> str | None:
    digits = _digits(found)
    if not _MIN_DIGITS <= len(digits) <= _MAX_DIGITS or len(set(digits)) == 1:
        return None
    if not found.startswith("+"):
        return found
    if digits.startswith("1"):
        return found if len(digits) == _NORTH_AMERICAN_DIGITS else None
    return found if _COUNTRY.match(digits) else None


def _credit_card(found: str) -> str | None:
    digits = _digits(found)
    return found if _CARD.fullmatch(digits) and luhn(digits) else None


def _iban(found: str) -> str | None:
    length = _IBAN_LENGTH.get(found[:2])
    places = [place for place, sign in enumerate(found) if sign != " "]
    if length is None or len(places) < length:
        return None
    end = places[length - 1] + 1
    is_cut_in_a_word = end < len(found) and found[end] != " "
    account = found[:end].replace(" ", "")
    return found[:end] if not is_cut_in_a_word and mod97(account) else None


def _us_ssn(found: str) -> str | None:
    area, group, serial = found.split("-")
    is_issued = area not in {"000", "666"} and group != "00" and serial != "0000"
    return found if is_issued else None


def _ip(found: str) -> str | None:
    try:
        address = ipaddress.ip_address(found)
    except ValueError:
        return None
    n_groups = len([group for group in found.split(":") if group])
    is_short = address.version == 6 and n_groups < _MIN_IPV6_GROUPS  # noqa: PLR2004
    return None if is_short or any(address in network for network in _NOBODY) else found


CHECKS: Mapping[str, Callable[[str], str | None]] = {
    "credit-card": _credit_card,
    "iban": _iban,
    "ip": _ip,
    "phone": _phone,
    "us-ssn": _us_ssn,
}
"""By the name that ``patterns.yaml`` gives."""
