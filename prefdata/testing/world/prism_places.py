"""Where the participants of the synthetic PRISM were born and live.

Published and kept: 11 special regions with their counts, 74 countries of birth and 37 of residence
(each plus ``Prefer not to say``), whether the two agree (1,320 / 177 / 3), 340 residents of the
United Kingdom, and 33 study locales with 386 ``us`` and 341 ``uk``. Which countries they are, and how
many people come from each within a region, is ours.
"""

# ruff: noqa: E501 - a table of words is easier to read unbroken

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from prefdata.testing.world.counts import apportion

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["SAME_COUNTRY", "SPECIAL_REGIONS", "UNKNOWN", "Place", "draw_places", "places"]

UNKNOWN = "Prefer not to say"

SPECIAL_REGIONS = {
    "US": 338,
    "Europe": 313,
    "UK": 292,
    "Latin America and the Caribbean": 146,
    "Australia and New Zealand": 129,
    "Africa": 118,
    "Asia": 60,
    "Northern America": 50,
    "Middle East": 50,
    UNKNOWN: 3,
    "Oceania": 1,
}
"""Participants by region of birth."""

SAME_COUNTRY = {"Yes": 1_320, "No": 177, UNKNOWN: 3}

# Region, subregion, special region: countries of residence | countries of birth only.
_COUNTRIES = """
Americas;Northern America;US;United States:USA:us|
Europe;Northern Europe;UK;United Kingdom:GBR:uk|
Americas;Northern America;Northern America;Canada:CAN:ca|
Oceania;Australia and New Zealand;Australia and New Zealand;Australia:AUS:au,New Zealand:NZL:nz|
Oceania;Melanesia;Oceania;|Fiji:FJI:fj
Americas;Latin America and the Caribbean;Latin America and the Caribbean;Mexico:MEX:mx,Chile:CHL:cl,Argentina:ARG:ar,Brazil:BRA:br,Costa Rica:CRI:cr|Colombia:COL:co,Venezuela:VEN:ve,Peru:PER:pe,Ecuador:ECU:ec,Cuba:CUB:cu,Jamaica:JAM:jm,Uruguay:URY:uy
Africa;Sub-Saharan Africa;Africa;South Africa:ZAF:za,Kenya:KEN:ke,Nigeria:NGA:ng|Zimbabwe:ZWE:zw,Ghana:GHA:gh,Ethiopia:ETH:et,Uganda:UGA:ug
Africa;Northern Africa;Africa;|Egypt:EGY:eg,Morocco:MAR:ma
Asia;Southern Asia;Asia;India:IND:in|Pakistan:PAK:pk,Bangladesh:BGD:bd,Sri Lanka:LKA:lk,Nepal:NPL:np
Asia;Eastern Asia;Asia;Japan:JPN:jp,South Korea:KOR:kr|China:CHN:cn,Hong Kong:HKG:hk
Asia;South-eastern Asia;Asia;Vietnam:VNM:vn|Philippines:PHL:ph,Singapore:SGP:sg
Asia;Western Asia;Middle East;Israel:ISR:il|Turkey:TUR:tr,Lebanon:LBN:lb,Iran:IRN:ir,Jordan:JOR:jo
Europe;Western Europe;Europe;Germany:DEU:de,France:FRA:fr,Netherlands:NLD:nl,Belgium:BEL:be,Austria:AUT:at,Switzerland:CHE:ch|Luxembourg:LUX:lu
Europe;Southern Europe;Europe;Spain:ESP:es,Italy:ITA:it,Portugal:PRT:pt,Greece:GRC:gr|Croatia:HRV:hr,Serbia:SRB:rs,Malta:MLT:mt
Europe;Northern Europe;Europe;Ireland:IRL:ie,Sweden:SWE:se,Finland:FIN:fi,Denmark:DNK:dk,Estonia:EST:ee,Latvia:LVA:lv|Lithuania:LTU:lt,Norway:NOR:no,Iceland:ISL:is
Europe;Eastern Europe;Europe;Poland:POL:pl,Hungary:HUN:hu,Czechia:CZE:cz|Romania:ROU:ro,Bulgaria:BGR:bg,Ukraine:UKR:ua,Russia:RUS:ru
"""

_N_LOCALES = 33
_RESIDENTS_UK, _LOCALE_US, _LOCALE_UK = 340, 386, 341


class Place(NamedTuple):
    """One country."""

    country: str
    iso: str
    locale: str
    region: str
    subregion: str
    special: str
    is_residence: bool


_NOWHERE = Place(UNKNOWN, UNKNOWN, "", UNKNOWN, UNKNOWN, UNKNOWN, is_residence=False)


def places() -> list[Place]:
    """List the countries, those with residents first within their region."""
    found = []
    for line in _COUNTRIES.strip().splitlines():
        region, subregion, special, countries = line.split(";")
        for index, group in enumerate(countries.split("|")):
            for entry in filter(None, group.split(",")):
                name, iso, locale = entry.split(":")
                found.append(
                    Place(name, iso, locale, region, subregion, special, is_residence=index == 0)
                )
    return found


def _births(rng: np.random.Generator, rows: int) -> list[Place]:
    """Draw the country of birth of everybody; rarely named countries get few people."""
    everywhere = places()
    births: list[Place] = []
    for special, people in apportion(SPECIAL_REGIONS, rows).items():
        here = [place for place in everywhere if place.special == special] or [_NOWHERE]
        first = here if people >= len(here) else here[:people]
        many = {place: 120 // (rank + 1) + 20 for rank, place in enumerate(here)}
        rest = apportion(
            {place: n if place.is_residence else 1 for place, n in many.items()},
            people - len(first),
        )
        births += first + [place for place, n in rest.items() for _ in range(n)]
    rng.shuffle(births)  # in place, though it is a list
    return births


def _residences(rng: np.random.Generator, births: list[Place]) -> list[Place]:
    """Let as many people move as published, mostly to the United Kingdom and States."""
    rows = len(births)
    known = np.array([place is not _NOWHERE for place in births])
    movers = apportion(SAME_COUNTRY, rows)["No"]
    must = np.array([not place.is_residence for place in births]) & known
    can = rng.permutation(np.flatnonzero(known & ~must))
    # One person of each country of residence stays, so that no country disappears.
    firsts = {place: row for row, place in reversed(list(enumerate(births)))}
    can = np.setdiff1d(can, list(firsts.values()), assume_unique=True)
    moving = np.concatenate([np.flatnonzero(must), can])[:movers]
    goals = [place for place in places() if place.is_residence]
    us, uk = (next(p for p in goals if p.iso == iso) for iso in ("USA", "GBR"))
    residences = list(births)
    leaves = {iso: sum(births[row].iso == iso for row in moving) for iso in ("USA", "GBR")}
    born = {iso: sum(place.iso == iso for place in births) for iso in ("USA", "GBR")}
    wanted = {
        "USA": round(_LOCALE_US * rows / 1_500) - born["USA"] + leaves["USA"],
        "GBR": round(_RESIDENTS_UK * rows / 1_500) - born["GBR"] + leaves["GBR"],
    }
    for row in moving.tolist():
        options = [p for p in (us, uk) if wanted[p.iso] > 0 and births[row].iso != p.iso]
        others = [p for p in goals if p.iso not in {"USA", "GBR", births[row].iso}]
        goal = options[0] if options else others[int(rng.integers(len(others)))]
        wanted[goal.iso] = wanted.get(goal.iso, 0) - 1
        residences[row] = goal
    return residences


def _locales(residences: list[Place]) -> list[str]:
    """Name where each was recruited: the residence, but small countries share a locale."""
    counts: dict[str, int] = {}
    for place in residences:
        counts[place.locale] = counts.get(place.locale, 0) + 1
    counts.pop("", None)
    ranked = sorted(counts, key=lambda locale: (-counts[locale], locale))
    shared = dict.fromkeys(ranked[_N_LOCALES:], ranked[min(_N_LOCALES, len(ranked)) - 1])
    # Who does not say where they live was recruited somewhere all the same.
    nowhere = iter(["uk", *ranked[2:4]] * len(residences))
    return [shared.get(place.locale, place.locale) or next(nowhere) for place in residences]


def draw_places(
    rng: np.random.Generator, rows: int
) -> tuple[list[dict[str, str]], list[str], NDArray[np.bool_]]:
    """Draw birth and residence of every participant.

    Returns:
        The `location` structs, the study locales, and who lives in the United States.
    """
    births = _births(rng, rows)
    residences = _residences(rng, births)
    locations = [_location(born, lives) for born, lives in zip(births, residences, strict=True)]
    is_us = np.array([place.iso == "USA" for place in residences])
    return locations, _locales(residences), is_us


def _location(born: Place, lives: Place) -> dict[str, Any]:
    same = "Yes" if born.iso == lives.iso else "No"
    return {
        "birth_country": born.country,
        "birth_countryISO": born.iso,
        "birth_region": born.region,
        "birth_subregion": born.subregion,
        "reside_country": lives.country,
        "reside_region": lives.region,
        "reside_subregion": lives.subregion,
        "reside_countryISO": lives.iso,
        "same_birth_reside_country": UNKNOWN if born is _NOWHERE else same,
        "special_region": born.special,
    }
