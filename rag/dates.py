"""The times that a question names: days, months and years, and what is counted from now (yesterday, 上周)."""

import calendar
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import NamedTuple

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    "nov(?:ember)?|dec(?:ember)?"
)
_DAY, _YEAR = r"(?P<day>[0-3]?\d)", r"(?P<year>(?:19|20)\d\d)"
_NUMBERED = (
    re.compile(rf"(?<!\d){_YEAR}[-/年](?P<month>[01]?\d)(?!\d)(?:[-/月]{_DAY}(?!\d))?"),
    re.compile(rf"(?<!\d)(?P<month>[01]?\d)月(?:{_DAY}(?!\d))?"),
)
_NAMED = (
    re.compile(rf"\b{_DAY}(?:st|nd|rd|th)?(?: of)? (?P<month>{_MONTH})\b(?:,? {_YEAR}\b)?", re.IGNORECASE),
    re.compile(rf"\b(?P<month>{_MONTH})\.? {_DAY}(?:st|nd|rd|th)?\b(?!\d)(?:,? {_YEAR}\b)?", re.IGNORECASE),
    # Not the verb: it stands behind a preposition or before a year.
    re.compile(rf"\b(?:in|of|during|since|last) (?P<month>{_MONTH})\b(?:,? {_YEAR}\b)?", re.IGNORECASE),
    re.compile(rf"\b(?P<month>{_MONTH}),? {_YEAR}\b", re.IGNORECASE),
)
_ONLY_YEAR = re.compile(rf"(?<![\d.]){_YEAR}(?![\d.])")

# How many days ago that may have begun and ended; people count weeks and months loosely.
_RELATIVE = {
    r"\btoday\b|今[天日晚早]": (0, 0),
    r"\byesterday\b|昨[天日晚]": (1, 1),
    r"前天": (2, 2),
    r"\bthis week\b|[这本]个?(?:周|星期|礼拜)": (6, 0),
    r"\blast week(?:end)?\b|上个?(?:周|星期|礼拜)": (13, 1),
    r"\bthis month\b|[这本]个?月": (30, 0),
    r"\blast month\b|上个?月": (61, 1),
    r"\blast year\b|去年": (730, 1),
}
_AGO = re.compile(
    r"(?P<count>\d{1,3}|[一二三四五六七八九十两])\s*个?(?P<unit>天|周|星期|月|days?|weeks?|"
    r"months?)(?:以?前| ago)",
    re.IGNORECASE,
)
_NUMERALS = {numeral: value for value, numeral in enumerate("一二三四五六七八九十", 1)} | {"两": 2}
_DAYS = {"天": 1, "d": 1, "周": 7, "星": 7, "w": 7, "月": 30, "m": 30}


class Span(NamedTuple):
    """From the beginning of the first day to the end of the last one."""

    first: date
    last: date


def spans(text: str, now: float) -> list[Span]:
    """The times that a text names; `now` (Unix seconds) is today, and what has no year is the last such."""
    today = datetime.fromtimestamp(now).date()
    return list(dict.fromkeys((*_counted(text, today), *_absolute(text, today))))


def _absolute(text: str, today: date) -> Iterator[Span]:
    for pattern in (*_NUMBERED, *_NAMED, _ONLY_YEAR):
        for match in pattern.finditer(text):
            # There is no 30th of February.
            with suppress(ValueError):
                yield _span(match.groupdict(), today)
        text = pattern.sub(" ", text)


def _span(parts: Mapping[str, str | None], today: date) -> Span:
    year = int(parts.get("year") or 0)
    named = parts.get("month")
    if named is None:
        return Span(date(year, 1, 1), date(year, 12, 31))
    month = int(named) if named.isdigit() else _MONTHS.index(named[:3].lower()) + 1
    year = year or today.year - (date(today.year, month, 1) > today)
    if day := parts.get("day"):
        return Span(date(year, month, int(day)), date(year, month, int(day)))
    return Span(date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1]))


def _counted(text: str, today: date) -> Iterator[Span]:
    for pattern, (farthest, nearest) in _RELATIVE.items():
        if re.search(pattern, text, re.IGNORECASE):
            yield Span(today - timedelta(farthest), today - timedelta(nearest))
    for match in _AGO.finditer(text):
        count = match["count"]
        days = (_NUMERALS.get(count) or int(count)) * _DAYS[match["unit"][0].lower()]
        about = days // 4
        yield Span(today - timedelta(days + about), today - timedelta(days - about))
