"""What people say of themselves in messages, and which of it matters for a question."""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from rag.asking import asks_back, is_question, pleads, wishes
from rag.oneself import goes_on, leads_in, tells_of_oneself
from rag.talk import Talk
from rag.terms import terms
from rag.text import FENCED, readable
from rag.tokens import normalised
from rag.topics import outdated, topics
from rag.types import Fact
from rag.withheld import withheld

LIMIT = 200
"""Characters of one fact."""

AT_MOST = 5
"""Facts of one message: who seems to tell more has pasted something."""

LONGEST = 300
"""Characters of a message that only tells of its writer."""

_READ = 4000
_MARKS = " \t,，.。!！;；"
_ASKING = (Talk.ASKING, Talk.FAILING, Talk.ERRAND)

_CODE = re.compile(rf"{FENCED}|`[^`\n]*`", re.MULTILINE)
_SENTENCE = re.compile(r"(?:[^。！!？?；;\n.]|\.(?!\s|$))+[。！!？?；;.]*")
# A comma, or a blank behind which Chinese goes on: that is how clauses are parted in chats.
_BETWEEN = re.compile(
    r"[，,]\s*|(?<!\s)\s+(?:-+|—+)\s+|(?<=[\u3400-\u9fff])[ \t]+(?=[\u3400-\u9fff])|"
    r"(?<![ \t])[ \t]+(?=[我你能怎咋会想请求给跑可该为哪那但]|没有?[a-z])|"
    r"(?<!\s)\s+(?=(?:(?:but|so|and) )?"
    r"(?:how (?:do|can|to|should)|(?:can|should|will|does|do|is) (?:i|it|the|this|that))\b)",
    re.IGNORECASE,
)


def facts_in(text: str) -> list[str]:
    """What the writer says of themself that may matter later, in their words, LIMIT characters each.

    Questions, requests, secrets, claims of a rank and orders to the bot are none.
    """
    plain = _CODE.sub("\n", readable(text[:_READ]))
    told = [fact for sentence in _SENTENCE.finditer(plain) for fact in _told(sentence[0])]
    return [fact[:LIMIT] for fact in dict.fromkeys(told)][:AT_MOST]


def only_tells(text: str) -> bool:
    """Whether a message tells something of its writer, and asks and complains of nothing."""
    if len(text) > LONGEST or withheld(text) or _CODE.search(text):
        return False
    plain = normalised(text)
    if any(one.heard(plain) for one in _ASKING):
        return False
    sentences = [match[0] for match in _SENTENCE.finditer(readable(text))]
    clauses = [sentence[slice(*span)] for sentence in sentences for span in _clauses(sentence)]
    said = [clause.strip(_MARKS) for clause in clauses if not leads_in(clause)]
    return any(map(tells_of_oneself, said)) and all(map(_only_tells, said))


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
        # Of what is asked for the newest alone holds.
        said = [fact for fact in newest if about & topics(fact.text)]
        return [
            fact
            for fact in near
            if not any(one.at > fact.at and outdated(fact.text, one.text) for one in said)
        ][:k]
    chosen = near[:k] + [fact for fact in newest if fact not in near][: max(k - len(near), 0)]
    return sorted(chosen, key=lambda one: -one.at)


def _told(sentence: str) -> Iterator[str]:
    """Its clauses from one that tells of the writer to the next one that asks or complains."""
    spans = list(_clauses(sentence))
    ours = [span for span in spans if tells_of_oneself(sentence[slice(*span)])]
    if not ours or withheld(sentence):
        return
    for other, run in groupby(spans, key=lambda span: _is_other(sentence[slice(*span)])):
        together = list(run)
        first = next((span for span in together if span in ours), None)
        if first and not other:
            yield sentence[first[0] : together[-1][1]].strip(_MARKS)


def _is_other(clause: str) -> bool:
    return is_question(clause) or (pleads(clause) and not tells_of_oneself(clause) and not goes_on(clause))


def _only_tells(clause: str) -> bool:
    tells = tells_of_oneself(clause) or goes_on(clause)
    return tells and not (is_question(clause) or pleads(clause) or wishes(clause))


def _clauses(sentence: str) -> Iterator[tuple[int, int]]:
    first = 0
    for between in _BETWEEN.finditer(sentence):
        yield first, between.start()
        first = between.end()
    yield first, len(sentence)
