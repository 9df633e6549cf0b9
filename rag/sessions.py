"""The sessions of the course: when each of them is, told by rules to those who ask just that."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

LENGTH = 60
"""Characters of a question that is about nothing but dates."""

REST = 2
"""Characters and words of such a question that neither ask for a date nor name a session."""


@dataclass(frozen=True, slots=True)
class Session:
    """A meeting of the course; `due` is when its homework has to be in. Both times know their zone."""

    name: str
    title: str = ""
    starts: datetime | None = None
    due: datetime | None = None
    url: str = ""
    cohort: str = ""


_WHEN = (
    r"什么时[候间]|啥时候?|何时|几点|[哪几](?:一)?[天号日]|(?:星期|周)几|时间|日期"
    r"|\bwhen\b|\bwhat (?:time|date|day)\b|\bwhich day\b|\bdates?\b"
)
_DUE = r"截止(?:时间|日期)?|最[晚迟]|到期|\bdeadlines?\b|\bddl\b|\bdue\b"
_ALL = (
    r"课程?表|课程(?:安排|时间表|日程)|日程表?|上课时间"
    r"|\b(?:course|class|lecture|session)s? (?:schedule|timetable|calendar|dates)\b"
    r"|^\W*(?:schedule|timetable)\W*$"
)
_NEXT = r"下一?[节次堂讲]|\bnext\b"
_NUMBER = re.compile(
    r"第?\s*(?P<chinese>[一二三四五六七八九十]{1,3}|\d{1,2})\s*(?:[节讲堂课]|次课|关)"
    r"|\b(?:session|lesson|lecture|class|no\.?|l)\s*#?(?P<english>\d{1,2})\b",
    re.IGNORECASE,
)
_MEETING = r"课程?(?![题件])|直播|讲座|\b(?:session|lesson|lecture|class|course)(?:es|s)?\b"
_HOMEWORK = r"作业|\bhomeworks?\b|\bassignments?\b"
_MANNERS = (
    r"开[始课讲]|开播|上|[要会请问那个节堂讲次的是在啊呢吗呀了有给我看发下一]|大家|助教|老师|提交|交|告诉"
    r"|\b(?:is|are|does|do|did|will|the|of|on|start|starts|begin|begins|it|our|a|for|in|be|to|show|me|please|hand)\b"
)
_WORDS = re.compile("|".join((_ALL, _DUE, _WHEN, _NEXT, _MEETING, _HOMEWORK, _MANNERS)), re.IGNORECASE)
_TIMETABLE = re.compile(_ALL, re.IGNORECASE)
_ASKS = re.compile(f"{_WHEN}|{_DUE}", re.IGNORECASE)
_OF_COURSE = re.compile(f"{_MEETING}|{_HOMEWORK}|{_DUE}|{_NEXT}|{_NUMBER.pattern}", re.IGNORECASE)
_OF_ANOTHER = re.compile(r"[一二三四五六七八九十\d]\s?期|\bcamp ?\d", re.IGNORECASE)
_LATIN = re.compile(r"[a-z][a-z0-9.+-]*|\d+")
_DIGITS = "零一二三四五六七八九十"


def scheduled(
    question: str, sessions: Sequence[Session], cohort: str = "", now: datetime | None = None
) -> str:
    """The lines (Markdown) of the sessions whose date the question asks for, "" where it asks anything else.

    `now` tells which session is the next one. Without sessions nothing is told.
    """
    sessions = of_cohort(sessions, cohort)
    if _OF_ANOTHER.search(question):
        return ""
    if not sessions or len(question) > LENGTH or not asks_for_date(question):
        return ""
    due = bool(re.search(_DUE, question, re.IGNORECASE))
    meant = [each for each in _meant(question, sessions, now or datetime.now(UTC)) if _tells(each, due=due)]
    if not meant or _rest(question, meant) > REST:
        return ""
    return told(meant, chinese=bool(re.search(r"[\u4e00-\u9fff]", question)))


def asks_for_date(question: str) -> bool:
    """Whether the question is for the date of something in the course."""
    return bool(_TIMETABLE.search(question) or (_ASKS.search(question) and _OF_COURSE.search(question)))


def of_cohort(sessions: Sequence[Session], cohort: str) -> list[Session]:
    """Those that a member of the cohort has; all where there is none."""
    return [each for each in sessions if not cohort or each.cohort in ("", cohort)]


def told(sessions: Sequence[Session], *, chinese: bool) -> str:
    """A line for each session."""
    return "\n".join(_line(each, chinese) for each in sessions)


def _meant(question: str, sessions: Sequence[Session], now: datetime) -> Sequence[Session]:
    if re.search(_NEXT, question, re.IGNORECASE):
        coming = [each for each in sessions if each.starts and each.starts > now]
        return sorted(coming, key=_start)[:1]
    if number := _number(question):
        numbers = [_number(each.name) for each in sessions]
        # Where no name has a number, they are counted.
        counted = numbers if any(numbers) else range(1, len(sessions) + 1)
        return [each for each, its in zip(sessions, counted, strict=True) if its == number]
    shared = [_shared(question, each) for each in sessions]
    return [each for each, words in zip(sessions, shared, strict=True) if words == max(shared)]


def _start(session: Session) -> float:
    return session.starts.timestamp() if session.starts else 0.0


def _tells(session: Session, *, due: bool) -> bool:
    return bool(session.due if due else session.starts)


def _number(text: str) -> int:
    if not (found := _NUMBER.search(text)):
        return 0
    said = found["chinese"] or found["english"]
    if said.isdecimal():
        return int(said)
    tens, ten, ones = said.rpartition("十")
    return (_DIGITS.index(tens) if tens else 1) * 10 * bool(ten) + (_DIGITS.index(ones) if ones else 0)


def _shared(question: str, session: Session) -> int:
    """How much of the title is in the question: words, and pairs of Chinese characters."""
    asked, title = _WORDS.sub(" ", question).lower(), session.title.lower()
    return len(_grams(asked) & _grams(title))


def _grams(text: str) -> set[str]:
    return {*_LATIN.findall(text), *re.findall(r"(?=([\u4e00-\u9fff]{2}))", text)}


def _rest(question: str, meant: Sequence[Session]) -> int:
    """Words and Chinese characters that are left when all that is understood is taken away."""
    titles = " ".join(f"{each.name} {each.title}" for each in meant).lower()
    rest = _WORDS.sub(" ", _NUMBER.sub(" ", question)).lower()
    words = [*_LATIN.findall(rest), *re.findall(r"[\u4e00-\u9fff]", rest)]
    return sum(2 if word.isascii() else 1 for word in words if word not in titles)


def _line(session: Session, chinese: bool) -> str:
    name = f"**{session.name}**"
    title = f"[{session.title or session.name}]({session.url})" if session.url else session.title
    say: Callable[[datetime], str] = _in_chinese if chinese else _in_english
    times = [say(session.starts)] if session.starts else []
    if session.due:
        times.append(f"作业截止 {say(session.due)}" if chinese else f"homework due {say(session.due)}")
    head = " ".join(filter(None, (name, title)))
    return f"- {head}{'：' if chinese else ': '}{('，' if chinese else ', ').join(times) or '—'}"


def _in_chinese(at: datetime) -> str:
    return f"{at:%Y-%m-%d}（周{'一二三四五六日'[at.weekday()]}）{_clock(at)}"


def _in_english(at: datetime) -> str:
    day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[at.weekday()]
    return f"{day} {at:%Y-%m-%d} {_clock(at)}".rstrip()


def _clock(at: datetime) -> str:
    """Midnight stands for a day of which no time is told."""
    return f"{at:%H:%M}" if (at.hour, at.minute) != (0, 0) else ""
