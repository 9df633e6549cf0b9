"""A question put so that it can stand among the answered ones: alone, and without the person who asked it."""

import asyncio
import re
from collections.abc import Iterator, Sequence

from rag.llm import LanguageModel
from rag.oneself import goes_on, tells_of_oneself
from rag.rewriting import numbers, one_line, taken
from rag.text import FENCED, readable, shortened
from rag.topics import topics
from rag.types import ModelUnavailable
from rag.withheld import withheld

SECONDS = 5.0
"""So long a model may think about it, while a member of the staff waits."""

LIMIT = 300
"""Characters of such a question."""

_TOKENS = 200
# What an answer may depend on, whoever asks.
_THINGS = frozenset(("gpu", "machine", "system", "versions", "network"))
# Who they are, whatever else the clause says.
_WHO = frozenset(("uid", "name"))

_FENCES = re.compile(FENCED, re.MULTILINE)
_ERROR = re.compile(r"^.*\b\w*(?:Error|Exception)\b.*$", re.MULTILINE)
_SENTENCE = re.compile(r"(?:[^。！!？?；;\n.]|\.(?!\s|$))+[。！!？?；;.]*")
_CLAUSE = re.compile(r"(?:(?![，,]\s*)[\s\S])+(?:[，,]\s*)?")
_MENTION = re.compile(r"(?<![\w.])@[^\s@，,。]+\s?")
_NUMBER = re.compile(
    r"(?:我的?|\bmy )?(?:学号|报名号|\buid|\bstudent (?:id|number|no))\W{0,3}(?:[是为]|is)?\s*"
    r"[a-z]?\d{4,}(?:的|[，,。.])?\s*",
    re.IGNORECASE,
)
_GREETING = re.compile(
    r"^(?:(?:老师|助教|同学|大家|各位|大佬|群友|你|您)们?(?:好|[，,！!~、。\s])"
    r"|(?:hi|hello|hey|excuse me)(?: (?:all|there|everyone))?(?![a-z])"
    r"|我?想?要?(?:请问|请教|问|麻烦|求助)(?:一?下)?|(?:帮|告诉|教)我|[\s，,。！!~、:：])+",
    re.IGNORECASE,
)
_THANKS = re.compile(
    r"(?:[\s，,。！!~]*(?:[多感]?谢谢?(?:大家|老师|各位|大佬|你|您|了)*|急|在线等|thanks?(?: you)?|please))+"
    r"[。.！!~\s]*$",
    re.IGNORECASE,
)
_ONESELF = re.compile(r"(?<!自)(?:我|咱|俺)们?(?:的(?=[\u3400-\u9fffA-Za-z]))?|本人的?")


class Drafting:
    """Drafts questions with a model, where there is one, else by rules."""

    def __init__(self, model: LanguageModel | None, seconds: float = SECONDS) -> None:
        self._model = model
        self._seconds = seconds

    async def draft(self, question: str, before: str = "", names: Sequence[str] = ()) -> str:
        """The question on one line, without `names`; `before` is what was said before it."""
        plain = impersonal(question, names)
        if self._model is None:
            return plain
        from rag.prompts import drafting_prompt

        try:
            async with asyncio.timeout(self._seconds):
                said = await self._model.complete(drafting_prompt(question, before), _TOKENS)
        except (ModelUnavailable, TimeoutError):
            return plain
        text = impersonal(one_line(said, question), names)
        given = [question, before]
        fits = text and numbers(text) <= numbers(" ".join(given)) and taken(text, given)
        return text if fits else plain


def impersonal(text: str, names: Sequence[str] = ()) -> str:
    """The text on one line, without who wrote it: greetings, secrets, mentions, and what they say they are.

    What only tells of its writer's machine stays: the answer may depend on that.
    """
    plain = _NUMBER.sub("", _MENTION.sub("", _FENCES.sub("\n", readable(text))))
    sentences = ("".join(_kept(sentence[0], names)).strip() for sentence in _SENTENCE.finditer(plain))
    kept = _THANKS.sub("", " ".join(filter(None, sentences))) or " ".join(readable(text).split())
    error = _ERROR.findall(text)
    if error and error[-1].strip() not in kept:
        kept = f"{kept} {error[-1].strip()}"
    return " ".join(_ONESELF.sub("", shortened(kept, LIMIT)).split())


def _kept(sentence: str, names: Sequence[str]) -> Iterator[str]:
    dropped = False
    for clause in _CLAUSE.findall(sentence):
        about = topics(clause)
        tells = tells_of_oneself(clause) or (dropped and goes_on(clause))
        named = any(name in clause for name in names if len(name) > 1)
        dropped = named or withheld(clause) or (tells and (bool(about & _WHO) or not about & _THINGS))
        if not dropped:
            yield _GREETING.sub("", clause)
