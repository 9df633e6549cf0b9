"""A question that leans on what was said before, put by the language model so that it stands alone."""

import asyncio
import re
from collections.abc import Sequence

from rag.followup import leans, of_oneself
from rag.llm import LanguageModel
from rag.text import readable
from rag.tokens import words
from rag.types import Followup, ModelUnavailable, Past

SECONDS = 3.0
"""So long a model may think about it, while the asker waits for the answer to begin."""

_TOKENS = 200
_LONGEST = 300
# Of its words so many were said before.
_TAKEN = 0.5

_CHINESE = re.compile(r"[\u3400-\u9fff]")
_ENGLISH = re.compile(r"[A-Za-z]{2,}")
_NUMBER = re.compile(r"\d+")
_QUOTED = re.compile(r"^[\"'“‘「`]+|[\"'”’」`]+$")
# A line of a dialogue, markup, or words about the task or the speaker.
_NO_QUESTION = re.compile(
    r"^\W*((\w+ )?question|rewritten|asked|answered|student|user|assistant)\s*[:：]"
    r"|^\W*(学生|用户|助教|助手|改写\w*|问题)\s*[:：]"
    r"|^\W*((i'?m |i am )?(very )?sorry|(i|we) (cannot|can't|could not|am unable)|as an ai)\b"
    r"|^\W*(抱歉|对不起|作为|我(无法|不能))"
    r"|</?\w+>|```",
    re.IGNORECASE,
)


async def rewritten(
    model: LanguageModel, asked: Followup, past: Past, *, seconds: float = SECONDS
) -> Followup:
    """The same in the model's words; as the rules put it where it leans on nothing, or the model is no help.

    The asker waits for the model no longer than `seconds`.
    """
    question = asked.question
    personal = of_oneself(question)
    if not (past.history or (personal and past.facts)) or not (personal or leans(question)):
        return asked
    from rag.prompts import rewriting_prompt

    try:
        async with asyncio.timeout(seconds):
            said = await model.complete(rewriting_prompt(question, past, personal), _TOKENS)
    except (ModelUnavailable, TimeoutError):
        return asked
    text = one_line(said, question)
    if not text or not numbers(question) <= numbers(text) or not _taken(text, question, past):
        return asked
    return Followup(text, text, after=asked.after)


def one_line(said: str, question: str) -> str:
    """What a model made of a question; empty where that is no single line of its language."""
    text = _QUOTED.sub("", readable(said).strip()).strip()
    fits = (
        "\n" not in text
        and len(text) <= max(_LONGEST, 2 * len(question))
        and not _NO_QUESTION.search(text)
        and _speaks(text, question)
    )
    return text if fits else ""


def numbers(text: str) -> set[str]:
    """Those in it."""
    return set(_NUMBER.findall(text))


def _speaks(text: str, question: str) -> bool:
    """Whether it is of the question's language; a name alone is of any."""
    if _CHINESE.search(question):
        return bool(_CHINESE.search(text))
    return len(_ENGLISH.findall(question)) < 2 or not _CHINESE.search(text)


def _taken(text: str, question: str, past: Past) -> bool:
    exchanges = [f"{one.question} {one.answer}" for one in past.history]
    return taken(text, [question, past.summary, *exchanges, *(fact.text for fact in past.facts)])


def taken(text: str, given: Sequence[str]) -> bool:
    """Whether most of its words were given: those of an answer or of the rules were not."""
    said = set(words(text))
    return len(said & set(words(" ".join(given)))) >= _TAKEN * len(said)
