"""Search over what was said in a conversation: by its words and those around them, and who told what when."""

import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rag.dates import spans
from rag.terms import terms
from rag.types import Exchange

Floats = NDArray[np.float64]

TEXT_LIMIT = 2000
"""Characters of one utterance that are searched; whole logs are pasted into chats."""

_OF_QUESTION, _OF_ANSWER = 1000, 600

PAUSE = 2 * 3600
"""Seconds of silence that end a sitting."""

# What surrounds an utterance says what it is about: the weights of those one and two away.
_AROUND = ((1, 0.6), (2, 0.3))
_K1, _B = 1.2, 0.75

# Beside 1 for the words around: fitted to five conversations, and rounded.
_SITTING, _SPEAKER, _TELLS, _TIMED, _DATED = 1.0, 2.0, 1.0, 5.0, 7.0

# What happened on a day is told then or soon after: in so many seconds it is less likely by e.
_FADES = 3 * 86400
_MANY = 9

_ASKER, _BOT = "asker", "bot"

_OF_ONESELF = re.compile(r"\b(?:i|my|me|we|our)\b|[我咱]", re.IGNORECASE)
_TO_ANOTHER = re.compile(r"\b(?:you|your)\b|[你您]", re.IGNORECASE)
_ASKS = re.compile(r"(?:[?？]|[吗呢么])\s*(?:\[[^\[\]]*\]\s*)?\Z")
_WHEN = re.compile(
    r"^\W*when\b|\b(?:what|which) (?:date|day|year|month|time)\b|\bhow long\b|"
    r"什么时候|何时|多久|哪一?[天年月周]|几[月号点]",
    re.IGNORECASE,
)
_TIMES = """
yesterday today tonight tomorrow last next ago since recently day week weekend month year morning monday
tuesday wednesday thursday friday saturday sunday january february march april june july august september
october november december
昨天 昨日 昨晚 今天 今日 今晚 明天 明日 前天 后天 上周 下周 这周 本周
周一 周二 周三 周四 周五 周六 周日 周末 星期 礼拜
上月 下月 本月 月初 月底 去年 今年 明年 前年 以来 几天 几周 几年
"""
_YEAR = re.compile(r"(?:19|20)\d\d")
_BOT_SAID = re.compile(
    r"你(?:刚[才刚]|之前|上次|昨天|前面)?.{0,4}(?:说|讲|给|推荐|建议|提到|发|教|回答|写)|"
    r"\byou (?:just |once )?(?:said|told|gave|recommend|suggest|mention|wrote|answer)|"
    r"\bdid you (?:say|tell|give|recommend|suggest|mention|write|answer)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Utterance:
    """What someone said; `at` is Unix seconds."""

    speaker: str
    text: str
    at: float


class TurnSearch:
    """The utterances of one conversation, oldest first; there is one at least."""

    def __init__(self, utterances: Sequence[Utterance]) -> None:
        texts = [one.text[:TEXT_LIMIT] for one in utterances]
        rows = [terms(text) for text in texts]
        self._said: defaultdict[str, list[int]] = defaultdict(list)
        for place, row in enumerate(rows):
            for term in row:
                self._said[term].append(place)
        self._lengths = np.array([len(row) for row in rows], np.float64)
        self._speakers = np.array([one.speaker for one in utterances], dtype=object)
        self._at = np.array([one.at for one in utterances], np.float64)
        self._sitting = np.cumsum(np.diff(self._at, prepend=self._at[:1]) > PAUSE)
        self._tells = np.array([_tells(text) for text in texts], np.float64)

    def scores(self, question: str, speakers: Collection[str] = (), now: float | None = None) -> Floats:
        """How well each utterance answers the question, shape (n,).

        What the only one of the `speakers` said counts more; without any they are those whom the question
        names. `now`, when it is asked in Unix seconds, is by default the time of the last utterance.
        """
        speakers = speakers or [name for name in set(self._speakers) if name.lower() in question.lower()]
        found = self.met(question, now, {term for name in speakers for term in terms(name)})
        found += _TELLS * self._tells
        if len(speakers) == 1:
            found += _SPEAKER * (self._speakers == next(iter(speakers)))
        if _WHEN.search(question):
            found += _TIMED * self._timed()
        return found

    def met(self, question: str, now: float | None = None, without: Collection[str] = ()) -> Floats:
        """How well each one meets the question's words, but for those `without`, and its dates; (n,)."""
        counts = self._counts([term for term in dict.fromkeys(terms(question)) if term not in without])
        around = _bm25(self._around(counts), self._around(self._lengths[None])[0])
        return around + _SITTING * self._by_sitting(counts) + _DATED * self._dated(question, now)

    def _timed(self) -> Floats:
        """1 for each utterance that says when, shape (n,)."""
        found = np.zeros(len(self._lengths))
        for term in (*_time_terms(), *filter(_YEAR.fullmatch, self._said)):
            found[self._said.get(term, [])] = 1
        return found

    def _counts(self, asked: Sequence[str]) -> Floats:
        """How often each term stands in each utterance, shape (number of terms that do at all, n)."""
        size = len(self._lengths)
        rows = [np.bincount(self._said[term], minlength=size) for term in asked if term in self._said]
        return np.array(rows, np.float64).reshape(len(rows), size)

    def _around(self, counts: Floats) -> Floats:
        total = counts.copy()
        for distance, weight in _AROUND:
            together = weight * (self._sitting[distance:] == self._sitting[:-distance])
            total[:, distance:] += together * counts[:, :-distance]
            total[:, :-distance] += together * counts[:, distance:]
        return total

    def _by_sitting(self, counts: Floats) -> Floats:
        starts = np.flatnonzero(np.diff(self._sitting, prepend=-1))
        lengths = np.add.reduceat(self._lengths, starts)
        return _bm25(np.add.reduceat(counts, starts, axis=1), lengths)[self._sitting]

    def _dated(self, question: str, now: float | None) -> Floats:
        """How near each one is to a time that the question names: 1 in it, less after it, 0 before it."""
        found = np.zeros(len(self._at))
        for span in spans(question, self._at[-1] if now is None else now):
            first = datetime.combine(span.first, time()).timestamp()
            end = datetime.combine(span.last + timedelta(1), time()).timestamp()
            late = np.maximum(self._at - end, 0) / _FADES
            found = np.maximum(found, np.where(self._at < first, 0, np.exp(-late)))
        return found


@lru_cache(maxsize=1)
def _time_terms() -> tuple[str, ...]:
    return tuple(terms(_TIMES))


def recalled(
    question: str, exchanges: Sequence[Exchange], k: int = 6, now: float | None = None
) -> list[Exchange]:
    """The k exchanges that answer a question about what was said, best first; `exchanges` are oldest first.

    They are fewer where fewer have to do with it, and the newest where it names nothing. Only the beginnings
    are read, of a question 1,000 characters and of an answer 600: what it is about stands there.
    """
    if not exchanges:
        return []
    search = TurnSearch([one for exchange in exchanges for one in _utterances(exchange)])
    question = question[:_OF_QUESTION]
    met = search.met(question, now)
    if not met.any():
        return list(reversed(exchanges[-k:])) if not terms(question) else []
    scores = search.scores(question, [_BOT if _BOT_SAID.search(question) else _ASKER], now)
    best = np.where(met > 0, scores, -np.inf).reshape(-1, 2).max(axis=1)
    order = np.argsort(-best, kind="stable")[:k]
    return [exchanges[at] for at in order if best[at] > -np.inf]


def _utterances(exchange: Exchange) -> tuple[Utterance, Utterance]:
    return (
        Utterance(_ASKER, exchange.question[:_OF_QUESTION], exchange.at),
        Utterance(_BOT, exchange.answer[:_OF_ANSWER], exchange.at),
    )


def _bm25(counts: Floats, lengths: Floats) -> Floats:
    """Summed over the terms; counts (terms, texts), lengths (texts,)."""
    held = (counts > 0).sum(axis=1, keepdims=True)
    rarity = np.log1p((len(lengths) - held + 0.5) / (held + 0.5))
    norm = _K1 * (1 - _B + _B * lengths / max(float(lengths.mean()), 1e-9))
    summed: Floats = (rarity * counts * (_K1 + 1) / (counts + norm)).sum(axis=0)
    return summed


def _tells(text: str) -> float:
    """How much it tells of the speaker: more by `I`, less by `you`, less where it ends with a question."""
    told, addressed = (min(len(one.findall(text)), _MANY) ** 0.5 for one in (_OF_ONESELF, _TO_ANOTHER))
    return float(told - addressed - bool(_ASKS.search(text)))
