"""An answer in the model's words: the prompt made to fit, its growth checked, begun anew where it breaks."""

import asyncio
import importlib
import logging
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rag.draft import Draft
from rag.grounding import given
from rag.links import only_given
from rag.llm import LanguageModel
from rag.material import Material
from rag.timing import Clock
from rag.types import Interrupted, PromptTooLong, Usage, Waiting

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

logger = logging.getLogger(__name__)

PERIOD = 0.03
"""Seconds between two growing answers, at least: people read no faster, and every platform shows fewer."""

BEGINNINGS = 2
"""How often an answer is begun that breaks off while it is shown."""


@dataclass(frozen=True, slots=True)
class Worded:
    """An answer in the model's words as far as it has grown.

    `cited` are the places of the passages cited, counted from 0; the text numbers them from 1 in this
    order. `waiting`: no server answers, and it is tried again. The last one has
    `final` set; `abstains` says that the material does not hold the answer, or the rest of it.
    """

    text: str
    cited: tuple[int, ...] = ()
    waiting: bool = False
    final: bool = False
    abstains: bool = False
    usage: Usage | None = None


class Wording:
    """Has a model answer from material. What fails for good raises ModelUnavailable."""

    def __init__(self, model: LanguageModel, course: str) -> None:
        self._model = model
        self._course = course
        self._warm = False

    async def warm(self) -> None:
        """Import what the first question would wait for."""
        if not self._warm:
            await self._model.warm()
            await asyncio.to_thread(importlib.import_module, "rag.prompts")
            self._warm = True

    async def stream(self, material: Material, clock: Clock) -> AsyncGenerator[Worded, None]:
        """Growing answers. One that breaks off is written anew, and shown from where it is longer."""
        await self.warm()
        shown, begun = Worded(""), 0
        while True:
            material, messages = await self._fitting(material)
            clock.lap("prompt")
            begun += 1
            try:
                async with aclosing(self._written(messages, material, clock)) as growing:
                    async for worded in growing:
                        if worded.final or len(worded.text) > len(shown.text):
                            shown = worded
                            yield worded
                        elif worded.waiting:
                            yield replace(shown, waiting=True)
                return
            except PromptTooLong:
                if (shorter := material.shorter()) is None:
                    raise
                material, begun = shorter, begun - 1
            except Interrupted as problem:
                if begun == BEGINNINGS:
                    raise
                logger.info("An answer is begun anew: %s", problem)

    async def _written(
        self, messages: "Sequence[BaseMessage]", material: Material, clock: Clock
    ) -> AsyncGenerator[Worded, None]:
        from rag.prompts import tells_rules

        draft, usage = Draft(len(material.hits)), None
        linked = f"{given(material)} {material.question}"
        shown, due = "", 0.0
        async with aclosing(self._model.stream(messages)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Waiting):
                    yield Worded("", waiting=True)
                elif isinstance(piece, Usage):
                    usage = piece
                else:
                    clock.mark("first_token")
                    draft.add(piece)
                    if draft.abstains:
                        break
                    if time.monotonic() >= due and (now := draft.shown()) != shown:
                        if tells_rules(now):
                            break
                        shown, due = now, time.monotonic() + PERIOD
                        yield Worded(only_given(shown, linked), draft.order)
        text = draft.close()
        if tells_rules(text):
            yield Worded("", final=True, abstains=True, usage=usage)
        else:
            text = only_given(text, linked)
            yield Worded(text, draft.order, final=True, abstains=draft.abstains, usage=usage)

    async def _fitting(self, material: Material) -> "tuple[Material, list[BaseMessage]]":
        """As much of the material as fits into the model's context, and the prompt with it."""
        from rag.prompts import answer_prompt

        while True:
            messages = await answer_prompt(self._course, material)
            if not await self._model.excess(messages) or (shorter := material.shorter()) is None:
                return material, messages
            material = shorter
