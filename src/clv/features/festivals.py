"""Holidays by country: those that bring shops their peaks, and all public ones."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from typing import NamedTuple

#: A holiday counts as major where its English name has one of these words. A country without
#: any such holiday takes all of its public ones.
MAJOR_WORDS = (
    *("christmas", "easter", "thanksgiving", "spring festival", "lunar new year"),
    *("korean new year", "diwali", "deepavali", "eid al-fitr", "pesach", "passover"),
)
#: Unless it has this one too: Labor Thanksgiving Day is no feast.
MINOR_WORD = "labor"
#: Days before a major holiday in which gifts are bought, the holiday itself included.
RUN_UP = 14
#: Years beyond as_of that are looked through for the next holiday.
YEARS_AHEAD = 2
#: Countries south of the equator's seasons.
SOUTHERN = frozenset(
    "AR AU BO BR BW CL FJ LS MG MU MZ NA NZ PE PY SZ UY ZA ZM ZW".split()  # noqa: SIM905
)


class Festivals(NamedTuple):
    """Days of a country, in order."""

    major: tuple[date, ...]
    public: tuple[date, ...]


@cache
def country_code(name: str) -> str | None:
    """Two letters of a country given by code or English name; None for one not known."""
    return _codes().get(_bare(name))


@cache
def festivals(country: str, first_year: int, last_year: int) -> Festivals:
    """Holidays of a country.

    Parameters
    ----------
    country : two letters
    first_year, last_year : both included

    Notes
    -----
    Public holidays are those of the package `holidays`. Black Friday is major everywhere, and
    Easter Sunday wherever Christmas is a public holiday, though neither may be one itself.
    """
    import holidays
    from dateutil.easter import easter  # type: ignore[import-untyped]

    years = range(first_year, last_year + 1)
    named = holidays.country_holidays(country, years=years, language="en_US")
    told = [(day, name.lower()) for day, name in named.items()]
    major = {
        day
        for day, name in told
        if MINOR_WORD not in name and any(word in name for word in MAJOR_WORDS)
    }
    if not major:
        major = {day for day, _ in told}
    if any("christmas" in name for _, name in told):
        major |= {easter(year) for year in years}
    major |= {black_friday(year) for year in years}
    return Festivals(tuple(sorted(major)), tuple(sorted(day for day, _ in told)))


def black_friday(year: int) -> date:
    """The day after the fourth Thursday of November."""
    first = date(year, 11, 1)
    return first + timedelta(days=(3 - first.weekday()) % 7 + 22)


def run_up(major: tuple[date, ...]) -> list[date]:
    """Days on a major holiday or in the run-up to one, in order."""
    return sorted({day - timedelta(days=back) for day in major for back in range(RUN_UP + 1)})


def days_to_next(days: tuple[date, ...], today: date) -> int | None:
    """Days from today to the next of them, which is later; None where there is none."""
    return next(((day - today).days for day in days if day > today), None)


def days_since_last(days: tuple[date, ...], today: date) -> int | None:
    """Days from the last of them, today included; None where there is none."""
    return next(((today - day).days for day in reversed(days) if day <= today), None)


@cache
def _codes() -> dict[str, str]:
    from holidays.registry import COUNTRIES

    return {
        _bare(name): code
        for name, code, *others in COUNTRIES.values()
        for name in (name, code, *others)
    }


def _bare(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())
