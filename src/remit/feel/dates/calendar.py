"""The proleptic Gregorian calendar on day numbers; day 0 is 1970-01-01, years have no bounds."""

from __future__ import annotations

from typing import Final

MAX_YEAR: Final = 999_999_999
"""The year with the most digits that the standard's implementations agree on."""

_MONTH_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def month_length(year: int, month: int) -> int:
    """Days of a month.

    >>> month_length(2024, 2), month_length(1900, 2)
    (29, 28)
    """
    return 29 if month == 2 and is_leap(year) else _MONTH_LENGTHS[month - 1]


def day_number(year: int, month: int, day: int) -> int:
    """The day number of a date that exists.

    >>> day_number(1970, 1, 1), day_number(2000, 3, 1), day_number(-1, 12, 31)
    (0, 11017, -719529)
    """
    shifted = year - (month <= 2)
    era, year_of_era = divmod(shifted, 400)
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    return era * 146_097 + day_of_era - 719_468


def date_of(days: int) -> tuple[int, int, int]:
    """(year, month, day) of a day number.

    >>> date_of(11017)
    (2000, 3, 1)
    """
    era, day_of_era = divmod(days + 719_468, 146_097)
    year_of_era = (
        day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096
    ) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted_month = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * shifted_month + 2) // 5 + 1
    month = shifted_month + 3 if shifted_month < 10 else shifted_month - 9
    return year_of_era + era * 400 + (month <= 2), month, day


def weekday(days: int) -> int:
    """1 for Monday to 7 for Sunday."""
    return (days + 3) % 7 + 1


def day_of_year(days: int) -> int:
    year, _, _ = date_of(days)
    return days - day_number(year, 1, 1) + 1


def week_of_year(days: int) -> int:
    """The week by ISO 8601: the one that has the year's first Thursday is the first.

    >>> week_of_year(day_number(2010, 1, 1)), week_of_year(day_number(2003, 12, 29))
    (53, 1)
    """
    thursday = days - weekday(days) + 4
    return (day_of_year(thursday) - 1) // 7 + 1


def month_later(days: int, months: int) -> int:
    """The same day of the month `months` later, or that month's last day.

    >>> date_of(month_later(day_number(2024, 1, 31), 1))
    (2024, 2, 29)
    """
    year, month, day = date_of(days)
    year, index = divmod(year * 12 + month - 1 + months, 12)
    return day_number(year, index + 1, min(day, month_length(year, index + 1)))


def months_between(start: int, end: int) -> int:
    """Whole months from one day number to another, cut towards zero."""
    if end < start:
        return -months_between(end, start)
    first_year, first_month, first_day = date_of(start)
    year, month, day = date_of(end)
    return (year - first_year) * 12 + month - first_month - (day < first_day)
