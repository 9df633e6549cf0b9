"""What is kept of a conversation's older part: notes that grow with it, and what a model finds told in it."""

import json
import logging
import re
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from rag.asking import is_question
from rag.citations import without_citations
from rag.draft import NO_EVIDENCE
from rag.facts import LIMIT
from rag.llm import LanguageModel
from rag.terms import terms
from rag.text import FENCED, readable
from rag.types import Exchange, ModelUnavailable
from rag.withheld import withheld

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

logger = logging.getLogger(__name__)

SUMMARY_LIMIT = 1200
"""Characters of a summary."""

_TOKENS = 800
_ASKED, _ANSWERED = 80, 120
_READ = 2000

_CODE = re.compile(FENCED, re.MULTILINE)
_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)
_MARKUP = re.compile(r"^[ \t]*+(?:[#>*+-]++|\d++[.)])[ \t]++|\*\*|`", re.MULTILINE)
_SENTENCE = re.compile(r"[^\s。！？!?][^\n。！？!?]*?(?:[。！？!?]|\.(?=\s)|$)", re.MULTILINE)


class Summariser:
    """Tells in short what was said: in a model's words or, without one, in the speakers'. It never fails."""

    def __init__(self, model: LanguageModel | None = None) -> None:
        self._model = model

    async def fold(self, summary: str, exchanges: Sequence[Exchange]) -> str:
        """The summary that tells of these exchanges too, SUMMARY_LIMIT characters of lines; oldest first."""
        return await self._worded(summary, exchanges) or _extract(summary, exchanges)

    async def facts(self, exchanges: Sequence[Exchange]) -> list[tuple[str, Exchange]]:
        """What a model finds that askers told of themselves, each with where; without a model none.

        Only what stands in the words of that exchange's question is kept.
        """
        if self._model is None or not exchanges:
            return []
        from rag.prompts import facts_prompt

        said = await _said(self._model, await facts_prompt(exchanges))
        found = [(fact, exchanges[at]) for line in said.splitlines() for fact, at in _fact(line, exchanges)]
        return list({(fact, exchange.at): (fact, exchange) for fact, exchange in found}.values())

    async def _worded(self, summary: str, exchanges: Sequence[Exchange]) -> str:
        if self._model is None or not exchanges:
            return ""
        from rag.prompts import summary_prompt, tells_summarising

        said = await _said(self._model, await summary_prompt(summary, exchanges, SUMMARY_LIMIT))
        plain = without_citations(_CODE.sub("", said))
        lines = [line for line in map(str.strip, plain.splitlines()) if line and not withheld(line)]
        return "" if NO_EVIDENCE in plain or tells_summarising(plain) else "\n".join(_within(lines))


async def _said(model: LanguageModel, messages: "Sequence[BaseMessage]") -> str:
    """The model's words, none where it fails."""
    try:
        return _THOUGHT.sub("", readable(await model.complete(messages, _TOKENS)))
    except ModelUnavailable as problem:
        logger.info("Older turns are kept without the model: %s", problem)
        return ""


def _extract(summary: str, exchanges: Sequence[Exchange]) -> str:
    """The newest lines of the summary and one for each exchange."""
    told = [_line(exchange) for exchange in exchanges if not withheld(exchange.question)]
    return "\n".join(reversed(_within([*summary.splitlines(), *told][::-1])))


def _within(lines: Sequence[str]) -> list[str]:
    """The first of the lines, as many as there is room for; of the very first as much as there is."""
    kept: list[str] = []
    room = SUMMARY_LIMIT
    for line in lines:
        room -= len(line) + 1
        if kept and room < 0:
            break
        kept.append(line[:SUMMARY_LIMIT])
    return kept


def _line(exchange: Exchange) -> str:
    day = f"{datetime.fromtimestamp(exchange.at):%Y-%m-%d}"
    asked, answered = _cut(exchange.question, _ASKED), _cut(_gist(exchange.answer), _ANSWERED)
    return f"{day}: {asked} → {answered}" if answered else f"{day}: {asked}"


def _gist(answer: str) -> str:
    """The first sentence of its prose, where it has one so early."""
    prose = _MARKUP.sub("", _CODE.sub("", without_citations(answer[:_READ])))
    sentence = _SENTENCE.search(prose)
    return sentence[0] if sentence else ""


def _cut(text: str, limit: int) -> str:
    words = " ".join(readable(text).split())
    return words if len(words) <= limit else f"{words[: limit - 1].rstrip()}…"


def _fact(line: str, exchanges: Sequence[Exchange]) -> list[tuple[str, int]]:
    """The fact that a line of a model's reply gives, with the place of its exchange, if it is good."""
    try:
        row = json.loads(line)
        fact, at = row["fact"].strip(), int(row["n"]) - 1
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
        return []
    if not (0 <= at < len(exchanges) and 0 < len(fact) <= LIMIT) or is_question(fact) or withheld(fact):
        return []
    said = set(terms(fact))
    question = exchanges[at].question
    stands = said and said <= set(terms(question)) and not withheld(question)
    return [(fact, at)] if stands else []
