"""The answer chain: stand-alone question, search, and an answer in a model's words or in quotes."""

import asyncio
import importlib
import logging
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace

from rag.citations import to_source, told_apart
from rag.draft import Draft
from rag.followup import standalone
from rag.llm import LanguageModel
from rag.quotes import chosen, quoted
from rag.relevance import GROUNDS
from rag.text import readable, shortened
from rag.types import Answer, Exchange, Found, Hit, ModelUnavailable, Notice, Searcher, Source

logger = logging.getLogger(__name__)

GIVEN = 6
"""Passages that the model gets."""

UNCITED = 3
"""Of these, how many are the sources of an answer that cites none."""

QUESTION_LIMIT = 4000
"""Characters of a question that are searched for and answered; whole logs are pasted into chats."""

PERIOD = 0.03
"""Seconds between two growing answers, at least: people read no faster, and every platform shows fewer."""


class AnswerChain:
    """Answers questions from what `searcher` finds, in the words of `model` or, without one, in quotes.

    A search that fails raises IndexUnavailable or EmbedderUnavailable. A model that fails does not:
    the answer quotes, and its `notice` says why.
    """

    def __init__(self, searcher: Searcher, model: LanguageModel | None, course: str) -> None:
        self._searcher = searcher
        self._model = model
        self._course = course
        self._warm = False

    async def warm(self) -> None:
        """Import what the first question would wait for."""
        if self._model and not self._warm:
            await self._model.warm()
            await asyncio.to_thread(importlib.import_module, "rag.prompts")
            self._warm = True

    async def answer(self, question: str, history: Sequence[Exchange] = (), cohort: str = "") -> Answer:
        """The final answer."""
        async with aclosing(self.stream(question, history, cohort)) as answers:
            async for answer in answers:
                final = answer
        return final

    async def stream(
        self, question: str, history: Sequence[Exchange] = (), cohort: str = ""
    ) -> AsyncGenerator[Answer, None]:
        """Growing answers, each replacing the one before, the last one final; `history` is oldest first.

        What is of the asker's cohort is preferred, and what is of another one is named so.
        """
        clock = _Clock()
        question = shortened(readable(question), QUESTION_LIMIT)
        query = shortened(readable(standalone(question, history)), QUESTION_LIMIT)
        found = await asyncio.to_thread(self._searcher.search, query, cohort=cohort)
        if cohort:
            found = replace(found, hits=told_apart(found.hits, cohort))
        clock.lap("search")
        if not found.hits or found.relevance < GROUNDS:
            yield _no_evidence(found, clock)
        elif self._model is None:
            yield _quoted(found, "no_model", clock)
        else:
            async with aclosing(self._worded(self._model, question, history, found, clock)) as answers:
                async for answer in answers:
                    yield answer

    async def _worded(
        self,
        model: LanguageModel,
        question: str,
        history: Sequence[Exchange],
        found: Found,
        clock: "_Clock",
    ) -> AsyncGenerator[Answer, None]:
        await self.warm()
        from rag.prompts import answer_prompt

        given = found.hits[:GIVEN]
        draft = Draft(len(given))
        messages = await answer_prompt(self._course, question, history, given)
        shown, due = "", 0.0
        clock.lap("prompt")
        try:
            async with aclosing(model.stream(messages)) as texts:
                async for text in texts:
                    clock.mark("first_token")
                    draft.add(text)
                    if draft.abstains:
                        break
                    if time.monotonic() >= due and (now := draft.shown()) != shown:
                        shown, due = now, time.monotonic() + PERIOD
                        yield Answer(shown, _sources(draft, given), "answered", found.query)
        except ModelUnavailable as problem:
            logger.warning("Quoting instead of answering: %s", problem)
            clock.lap("model")
            yield _quoted(found, "model_down", clock)
            return
        clock.lap("model")
        yield _final(draft, found, clock)


def _final(draft: Draft, found: Found, clock: "_Clock") -> Answer:
    given = found.hits[:GIVEN]
    text = draft.close()
    if draft.abstains and not draft.order:
        return _no_evidence(found, clock)
    if not text:
        return _quoted(found, "model_down", clock)
    sources = _sources(draft, given) or tuple(to_source(hit.passage) for hit in given[:UNCITED])
    return Answer(text, sources, "answered", found.query, final=True, ms=clock.total())


def _quoted(found: Found, notice: Notice, clock: "_Clock") -> Answer:
    hits = chosen(found.hits)
    sources = tuple(to_source(hit.passage) for hit in hits)
    return Answer(quoted(hits), sources, "quoted", found.query, notice, final=True, ms=clock.total())


def _no_evidence(found: Found, clock: "_Clock") -> Answer:
    return Answer("", (), "no_evidence", found.query, final=True, ms=clock.total())


def _sources(draft: Draft, given: Sequence[Hit]) -> tuple[Source, ...]:
    return tuple(to_source(given[place].passage) for place in draft.order)


class _Clock:
    """Milliseconds by step; a lap begins where the one before ended."""

    def __init__(self) -> None:
        self._start = self._lap = time.perf_counter()
        self._ms: dict[str, float] = {}

    def mark(self, step: str) -> None:
        """Note the first time this is reached in the lap."""
        if step not in self._ms:
            self._ms[step] = (time.perf_counter() - self._lap) * 1000

    def lap(self, step: str) -> None:
        self.mark(step)
        self._lap = time.perf_counter()

    def total(self) -> dict[str, float]:
        return {**self._ms, "total": (time.perf_counter() - self._start) * 1000}
