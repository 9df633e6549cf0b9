"""From the inbox to shown replies: many conversations at once, and each in the hands of one worker."""

import asyncio
from collections.abc import Mapping

from adapters.base import Adapter
from bot.assistant import Assistant
from bot.besides import Besides
from bot.chores import Chores
from bot.course import Limits
from bot.errands import Errands
from bot.handling import Handling
from bot.hands import Hands
from memory.mail import Inbox, Job


class Worker:
    """Answers the conversations of these platforms, `slots` at once; one chat gets at most half of them.

    It does `chores` too, while there are places at the gate, and `errands`. Any number of workers, in any
    number of processes, may share an inbox.
    """

    def __init__(
        self,
        inbox: Inbox,
        assistant: Assistant,
        platforms: Mapping[str, Adapter],
        limits: Limits,
        slots: int = 256,
        *,
        besides: Besides,
        chores: Chores | None = None,
        errands: Errands | None = None,
    ) -> None:
        def handling(job: Job) -> Handling:
            return Handling(job, inbox, assistant, platforms, limits, besides)

        self._inbox = inbox
        self._answering = Hands(inbox, handling, list(platforms), slots)
        self._hands = [self._answering]
        if chores:
            self._hands.append(chores.hands(lambda: len(self._answering) < limits.answers_at_once))
        if errands:
            self._hands.append(errands.hands())

    async def run(self) -> None:
        """Take conversations and answer them until cancelled."""
        async with asyncio.TaskGroup() as group:
            for work in (self._inbox.listen(), *(hands.run() for hands in self._hands)):
                group.create_task(work)

    async def drain(self, within: float) -> None:
        """Take no more; let answers end `within` so many seconds, and give back what is not done by then.

        `run` goes on meanwhile: it keeps what is in hand.
        """
        await asyncio.gather(*(hands.drain(within) for hands in self._hands))
