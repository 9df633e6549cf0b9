"""What people say of themselves in messages, and which of it matters for a question."""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from rag.asking import asks_back, is_question
from rag.oneself import tells_of_oneself
from rag.talk import Talk
from rag.terms import terms
from rag.text import FENCED, readable
from rag.tokens import normalised
from rag.topics import topics
from rag.types import Fact
from rag.withheld import withheld

LIMIT = 200
"""Characters of one fact."""

AT_MOST = 5
"""Facts of one message: who seems to tell more has pasted something."""

MOST = 0.8
"""Of a message that only tells of its writer, so many of its characters are facts."""

_READ = 4000
_ASKING = (Talk.ASKING, Talk.FAILING, Talk.ERRAND)

_CODE = re.compile(rf"{FENCED}|`[^`\n]*`", re.MULTILINE)
_SENTENCE = re.compile(r"(?:[^。！!？?；;\n.]|\.(?!\s|$))+[。！!？?；;.]*")
# A comma, or a blank behind which Chinese goes on: that is how clauses are parted in chats.
_BETWEEN = re.compile(
    r"[，,]\s*|\s+(?:-+|—+)\s+|(?<=[\u3400-\u9fff])[ \t]+(?=[\u3400-\u9fff])|"
    r"[ \t]+(?=[我你能怎咋会想请求可该为哪那但]|没有?[a-z])|"
    r"\s+(?=(?:(?:but|so|and) )?"
    r"(?:how (?:do|can|to|should)|(?:can|should|will|does|do|is) (?:i|it|the|this|that))\b)",
    re.IGNORECASE,
)


def facts_in(text: str) -> list[str]:
    """What the writer says of themself that may matter later, in their words, LIMIT characters each.

    Questions, requests, secrets, claims of a rank and orders to the bot are none.
    """
    plain = _CODE.sub("\n", readable(text[:_READ]))
    sentences = (match[0] for match in _SENTENCE.finditer(plain))
    told = [fact for sentence in sentences if not withheld(sentence) for fact in _told(sentence)]
    return [fact[:LIMIT] for fact in dict.fromkeys(told)][:AT_MOST]


def only_tells(text: str) -> bool:
    """Whether a message tells something of its writer, and asks and complains of nothing."""
    told = sum(map(len, facts_in(text)))
    plain = normalised(text)
    return told >= MOST * len(text.strip()) > 0 and not any(one.heard(plain) for one in _ASKING)


def telling(question: str, facts: Sequence[Fact], k: int = 10) -> list[Fact]:
    """The facts that matter for a question, newest first; of two that contradict each other the later holds.

    Where the question names nothing of them, or asks for no fact itself, the newest others fill the k.
    """
    newest = sorted(
        {fact.text: fact for fact in sorted(facts, key=lambda one: one.at)}.values(), key=lambda one: -one.at
    )
    about, words = topics(question), set(terms(question))
    near = [fact for fact in newest if about & topics(fact.text) or words & set(terms(fact.text))]
    if asks_back(question) and (near or about):
        return near[:k]
    chosen = near[:k] + [fact for fact in newest if fact not in near][: max(k - len(near), 0)]
    return sorted(chosen, key=lambda one: -one.at)


def _told(sentence: str) -> Iterator[str]:
    """Its clauses from one that tells of the writer to the next one that asks."""
    clauses = list(_clauses(sentence))
    for asking, run in groupby(clauses, key=lambda span: is_question(sentence[slice(*span)])):
        if asking:
            continue
        spans = list(run)
        first = next((first for first, end in spans if tells_of_oneself(sentence[first:end])), None)
        if first is not None:
            yield sentence[first : spans[-1][1]].strip(" \t,，.。!！;；")


def _clauses(sentence: str) -> Iterator[tuple[int, int]]:
    first = 0
    for between in _BETWEEN.finditer(sentence):
        yield first, between.start()
        first = between.end()
    yield first, len(sentence)
