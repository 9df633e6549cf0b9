"""The answer chain: stand-alone question, search, an answer in a model's words, by a tool, or in quotes."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace

from rag.agent import Agent, wanted
from rag.asking import about_asker, asks_back, asks_for_talk
from rag.citations import to_source, told_apart
from rag.courtesy import courtesy
from rag.exercise import solved
from rag.facts import facts_in, only_tells, telling
from rag.followup import continues, followed
from rag.grounding import founded
from rag.llm import LanguageModel
from rag.material import Material
from rag.quotes import chosen, quoted, told_back
from rag.recall import recalled
from rag.relevance import FOREIGN, GROUNDS
from rag.rewriting import rewritten
from rag.sessions import Session, scheduled
from rag.talk import Talk
from rag.text import readable, shortened
from rag.timing import Clock
from rag.tokens import normalised
from rag.types import (
    NO_PAST,
    OTHERS,
    Answer,
    Exchange,
    Followup,
    Found,
    Hit,
    ModelUnavailable,
    Notice,
    Past,
    Searcher,
    Source,
)
from rag.wording import Worded, Wording

logger = logging.getLogger(__name__)

GIVEN = 6
"""Passages that the model gets."""

UNCITED = 3
"""Of these, how many are the sources of an answer that cites none."""

QUESTION_LIMIT = 4000
"""Characters of a question that are searched for and answered; whole logs are pasted into chats."""

TOLD = 3
"""Of what the asker said of themself, how much stands above quotes whose use depends on it."""

RECALLED = 4
"""Exchanges that are told again to who asks back for them."""


class AnswerChain:
    """Answers questions from what `searcher` finds, in the words of `model` or, without one, in quotes.

    With `tools` sums and equations are worked out, and dates told from the `sessions`. A search that fails
    raises IndexUnavailable or EmbedderUnavailable. A model that fails does not: the answer quotes, and its
    `notice` says why.
    """

    def __init__(
        self,
        searcher: Searcher,
        model: LanguageModel | None,
        course: str,
        sessions: Sequence[Session] = (),
        tools: bool = True,
    ) -> None:
        self._searcher = searcher
        self._model = model
        self._wording = Wording(model, course) if model else None
        self._sessions = sessions
        self._tools = tools
        self._agent = Agent(model, searcher, sessions, course) if model and tools else None

    async def warm(self) -> None:
        """Import what the first question would wait for."""
        if self._wording:
            await self._wording.warm()
        if self._agent:
            await self._agent.warm()

    async def answer(self, question: str, past: Past = NO_PAST, cohort: str = "") -> Answer:
        """The final answer."""
        async with aclosing(self.stream(question, past, cohort)) as answers:
            async for answer in answers:
                final = answer
        return final

    async def stream(
        self, question: str, past: Past = NO_PAST, cohort: str = ""
    ) -> AsyncGenerator[Answer, None]:
        """Growing answers, each replacing the one before, the last one final.

        What is of the asker's cohort is preferred, and what is of another one is named so.
        """
        clock = Clock()
        question = shortened(readable(question), QUESTION_LIMIT)
        if (answer := self._without_search(question, cohort)) is not None:
            yield replace(answer, final=True, ms=clock.total())
            return
        found = await self._found(await self._asked(question, past), cohort)
        clock.lap("search")
        material = await _material(question, past, found)
        if self._agent and wanted(question):
            async with aclosing(_aided(self._agent, material, found, cohort, clock)) as answers:
                async for answer in answers:
                    yield answer
                    if answer.final:
                        return
        if self._wording is None or not (material.hits or material.asks_back):
            yield _unworded(material, found, "no_model", clock)
        else:
            async with aclosing(_worded(self._wording, material, found, clock)) as answers:
                async for answer in answers:
                    yield answer

    def _without_search(self, question: str, cohort: str) -> Answer | None:
        """The answer to what needs no document: a courtesy, something told, a sum, a date."""
        if kind := courtesy(question):
            return Answer("", (), "not_ours", question, kind)
        if only_tells(question):
            return Answer("", (), "answered", question, "noted")
        if self._tools and (text := solved(question)):
            return Answer(text, (), "answered", question)
        if self._tools and not continues(question) and (text := scheduled(question, self._sessions, cohort)):
            return Answer(text, (), "answered", question)
        return None

    async def _asked(self, question: str, past: Past) -> Followup:
        asked = followed(question, _earlier(past.history), [fact.text for fact in past.facts])
        return await rewritten(self._model, asked, past) if self._model else asked

    async def _found(self, asked: Followup, cohort: str) -> Found:
        text = shortened(readable(asked.text), QUESTION_LIMIT)
        found = await asyncio.to_thread(self._searcher.search, text, cohort=cohort, followup=asked)
        return replace(found, hits=told_apart(found.hits, cohort)) if cohort else found


def _earlier(history: Sequence[Exchange]) -> list[str]:
    """What was asked before, also by others, but not what these said of themselves, nor courtesies."""
    asked = [exchange.question for exchange in history if not courtesy(exchange.question)]
    told = [one.removeprefix(OTHERS) for one in asked]
    return [text for one, text in zip(asked, told, strict=True) if one == text or not facts_in(text)]


async def _material(question: str, past: Past, found: Found) -> Material:
    grounds = bool(found.hits) and found.relevance >= GROUNDS
    back = asks_back(question)
    said = await past.own() if back else ()
    return Material(
        question,
        found.hits[:GIVEN] if grounds else (),
        past.history,
        past.summary,
        telling(question, past.facts)[::-1],
        await asyncio.to_thread(recalled, question, said, RECALLED, time.time()) if said else (),
        asks_back=back,
    )


async def _aided(
    agent: Agent, material: Material, found: Found, cohort: str, clock: Clock
) -> AsyncGenerator[Answer, None]:
    async with aclosing(agent.stream(material, cohort)) as growing:
        async for aided in growing:
            notice: Notice = "waiting" if aided.waiting else ""
            answer = Answer(aided.text, _sources(aided.hits), "answered", found.query, notice)
            if aided.final:
                clock.lap("model")
                answer = replace(answer, final=True, ms=clock.total(), usage=aided.usage)
            yield answer


async def _worded(
    wording: Wording, material: Material, found: Found, clock: Clock
) -> AsyncGenerator[Answer, None]:
    try:
        async with aclosing(wording.stream(material, clock)) as growing:
            async for worded in growing:
                if worded.final:
                    clock.lap("model")
                    yield _final(worded, material, found, clock)
                else:
                    notice: Notice = "waiting" if worded.waiting else ""
                    sources = _cited(worded, material)
                    yield Answer(worded.text, sources, "answered", found.query, notice)
    except ModelUnavailable as problem:
        logger.warning("Quoting instead of answering: %s", problem)
        clock.lap("model")
        yield _unworded(material, found, "model_down", clock)


def _final(worded: Worded, material: Material, found: Found, clock: Clock) -> Answer:
    if worded.abstains and not worded.cited:
        return replace(_nothing(material, found, clock), usage=worded.usage)
    if not founded(worded.text, material, bool(worded.cited)):
        return replace(_unworded(material, found, "", clock), usage=worded.usage)
    uncited = () if material.asks_back else _sources(material.hits[:UNCITED])
    sources = _cited(worded, material) or uncited
    return Answer(
        worded.text, sources, "answered", found.query, final=True, ms=clock.total(), usage=worded.usage
    )


def _unworded(material: Material, found: Found, notice: Notice, clock: Clock) -> Answer:
    """The asker's own words where they are asked for, else quotes, else nothing."""
    recalled = material.recalled if asks_for_talk(material.question) else ()
    if material.asks_back and (text := told_back(material.facts, recalled)):
        return Answer(text, (), "quoted", found.query, "remembered", final=True, ms=clock.total())
    if material.asks_back or not material.hits:
        return _nothing(material, found, clock)
    hits = chosen(found.hits)
    # A model would weigh what they said of themself; who reads quotes does that alone.
    told = told_back(material.facts[-TOLD:]) if about_asker(material.question) else ""
    sources, ms = _sources(hits), clock.total()
    return Answer(quoted(hits), sources, "quoted", found.query, notice, final=True, ms=ms, told=told)


def _nothing(material: Material, found: Found, clock: Clock) -> Answer:
    if material.asks_back:
        return Answer("", (), "no_evidence", found.query, "remembered", final=True, ms=clock.total())
    # Who complains that something fails is in the right place, whatever it is.
    failing = Talk.FAILING.heard(normalised(material.question))
    ours = bool(found.hits) and (found.relevance >= FOREIGN or failing)
    return Answer("", (), "no_evidence" if ours else "not_ours", found.query, final=True, ms=clock.total())


def _cited(worded: Worded, material: Material) -> tuple[Source, ...]:
    return _sources([material.hits[place] for place in worded.cited])


def _sources(hits: Sequence[Hit]) -> tuple[Source, ...]:
    return tuple(to_source(hit.passage) for hit in hits)
