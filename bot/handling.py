"""One conversation in hand: its letters become a question, that an answer, and this is shown once."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing, suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

from adapters.base import Adapter, ChatClosed, Delivery, DeliveryFailed, Reply
from bot import chores
from bot.assistant import Assistant, Step
from bot.attempt import AttemptFailed, cancelled, failure
from bot.batch import Batch, next_batch
from bot.besides import Besides
from bot.course import Limits
from bot.letters import Committed, Memo, Unreadable, memo_of
from bot.replies import not_taken_back
from bot.retracting import taken_back
from memory.base import LeaseLost, MailChanged, MemoryUnavailable
from memory.mail import Inbox, Job

TRIES = 3
"""Attempts that may fail, and deaths that may be a message's fault, before it is given up with an apology."""

_UNREACHABLE_PAUSE = 0.2  # seconds between two attempts to reach Redis
_LONGEST_PAUSE = 60.0  # seconds between two attempts to deliver
_GIVE_BACK = 1.0  # seconds with a Redis that does not answer; the lease ends soon by itself

log = logging.getLogger(__name__)

_Result = TypeVar("_Result")


class Handling:
    """Answers what waits in a conversation until it is let go, lost or given back.

    What it shows is committed before; what it writes is refused once another worker has the
    conversation. So it may be killed at any point, and another one goes on where it was.
    """

    def __init__(
        self,
        job: Job,
        inbox: Inbox,
        assistant: Assistant,
        platforms: Mapping[str, Adapter],
        limits: Limits,
        besides: Besides,
    ) -> None:
        self.job = job
        self._inbox = inbox
        self._assistant = assistant
        self._platforms = platforms
        self._limits = limits
        self._besides = besides
        self._begun = datetime.now(UTC)
        self._batch: Batch | None = None
        self._settling: Committed | None = None
        self._sent_id = ""
        self._held_until = job.held_until
        self._grave = ""  # why the letters are buried when they are done
        self._answering: asyncio.Task[None] | None = None
        self._stopped = False  # by a change of the mail

    async def run(self) -> None:
        """Answer, anew when the letters change meanwhile. When cancelled, give the conversation back."""
        try:
            while not await self._attempt():
                pass
        except LeaseLost:
            log.info("%s is in the hands of another worker", self.job.conversation)
        except asyncio.CancelledError:
            with suppress(LeaseLost, MemoryUnavailable, TimeoutError):
                async with asyncio.timeout(_GIVE_BACK):
                    await self._inbox.put_back(self.job)
            raise

    async def renewed(self, asked_at: float, changes: int | None) -> None:
        """Take in what a renewal that was `asked_at` (monotonic) told: `changes`, None if it is lost.

        Where the question is still the same one, it is answered on.
        """
        if changes is not None:
            self._held_until = asked_at + self._inbox.lease
        if changes == self.job.changes:
            return
        try:
            await self._look()
        except (MailChanged, LeaseLost, Unreadable):
            # What is to be done instead is seen when it has stopped.
            self._stopped = True
            if self._answering:
                self._answering.cancel()
        except MemoryUnavailable:
            return  # the next renewal tells of it again

    async def _attempt(self) -> bool:
        """Answer once; whether the conversation is let go."""
        self._stopped, self._settling = False, None
        self._answering = asyncio.create_task(self._answer())
        try:
            await asyncio.wait([self._answering])
        finally:
            await cancelled(self._answering)
        error = failure(self._answering)
        if self._stopped or isinstance(error, MailChanged):
            return await self._begin_again()
        if error:
            await self._give_up(error)
        return True

    async def _answer(self) -> None:
        batch = self._batch = self._next_batch(self.job)
        if batch is None:
            await self._insist(lambda: self._inbox.done(self.job, ()))
            return
        self._sent_id = batch.sent_id or self._sent_id
        spent = max(self.job.failures, self.job.blame)
        self._grave = "every attempt failed, or its worker died" if spent >= TRIES else ""
        if spent < TRIES + 1:
            delivery = Delivery(batch.message.id, self._sent_id, self._keep)
            adapter = self._platforms[batch.message.conversation.platform]
            async with aclosing(self._replies(batch)) as replies:
                self._sent_id = await adapter.show(replies, delivery)
            if (shown := self._settling) is not None:
                await self._insist(lambda: self._besides.do(shown.errands, shown.entry))
        await self._finish(batch)

    async def _replies(self, batch: Batch) -> AsyncGenerator[Reply, None]:
        if (kept := self._committed(batch)) is not None:
            await self._be_sure()
            yield await self._settled(batch, kept)
            return
        async with aclosing(self._steps(batch)) as steps:
            async for step in steps:
                reply = replace(step.reply, merged=batch.merged)
                if reply.final:
                    kept = await self._commit(batch, replace(step, reply=reply))
                    reply = await self._settled(batch, kept)
                elif batch.completes:
                    continue  # the answer that is finished stands until the next one is
                else:
                    await self._be_sure()
                yield reply

    async def _steps(self, batch: Batch) -> AsyncGenerator[Step, None]:
        if not batch.message.addressed and (self._grave or batch.handling == "late"):
            return  # nobody waits for it
        if self._grave:
            yield self._assistant.apology(batch.message)
        elif batch.handling == "late":
            yield self._assistant.late_step(batch.message)
        elif batch.handling == "answer":
            fetch = self._platforms[batch.message.conversation.platform].fetch
            async with aclosing(self._assistant.steps(batch.message, fetch)) as steps:
                async for step in steps:
                    # An apology must not take the place of an answer: those letters are tried again, alone.
                    if step.error and (self.job.failures + 1 < TRIES or batch.completes):
                        raise AttemptFailed(step.error)
                    self._grave = step.error
                    yield step

    async def _commit(self, batch: Batch, step: Step) -> Committed:
        entry = step.kept.entry if step.kept else None
        committed = Committed(batch.message.text, step.reply, step.retract, step.errands, entry)
        line = committed.to_json()
        if (kept := step.kept) is None:
            await self._insist(lambda: self._inbox.commit(self.job, line))
        else:
            remember = (kept.turn, kept.facts, kept.epoch)
            await self._insist(lambda: self._inbox.commit(self.job, line, *remember))
            await chores.queue(self._inbox, self.job.conversation, kept)
        return committed

    async def _settled(self, batch: Batch, committed: Committed) -> Reply:
        """The reply, when the answer that it takes back is gone; by its id, so that it may be done again."""
        self._settling = committed
        if not (id := committed.retract):
            return committed.reply
        key, asker, history = self.job.conversation, batch.message.sender.id, self._assistant.history
        adapter = self._platforms[batch.message.conversation.platform]
        gone = await self._insist(lambda: taken_back(self._inbox, history, adapter, key, asker, id))
        return committed.reply if gone else not_taken_back(committed.reply)

    async def _be_sure(self) -> None:
        """After a long pause, raise LeaseLost rather than show something over another worker's answer."""
        asked_at = time.monotonic()
        if asked_at > self._held_until:
            [changes] = await self._insist(lambda: self._inbox.renew([self.job]))
            if changes is None:
                raise LeaseLost("Another worker has taken the conversation over.")
            self._held_until = asked_at + self._inbox.lease

    async def _finish(self, batch: Batch) -> None:
        if self._grave:
            log.error("message %s is given up: %s", batch.message.id, self._grave)
            await self._insist(lambda: self._inbox.bury(self.job, batch.letter_ids, self._grave))
            return
        memo = ""
        if batch.handling == "answer" and not self._assistant.is_command(batch.message.text):
            memo = Memo(batch.message, self._sent_id, batch.merged).to_json()
        # An edit of a message that was merged into another is answered by itself.
        ids = sorted(batch.letter_ids, key=lambda id: id != batch.message.id)
        sent_id = "" if batch.completes else self._sent_id
        await self._insist(lambda: self._inbox.done(self.job, ids, sent_id, memo))

    async def _keep(self, sent_id: str) -> None:
        assert self._batch is not None  # something of it is shown
        letter_id, self._sent_id = self._batch.message.id, sent_id
        await self._insist(lambda: self._inbox.keep_sent(self.job, letter_id, sent_id))

    def _committed(self, batch: Batch) -> Committed | None:
        """What an earlier worker has committed, if the question is still the same."""
        if not self.job.answer or batch.handling != "answer":
            return None
        with suppress(Unreadable):
            kept = Committed.from_json(self.job.answer)
            asked = (kept.asked, kept.reply.in_reply_to)
            return kept if asked == (batch.message.text, batch.message.id) else None
        return None

    def _next_batch(self, job: Job) -> Batch | None:
        """What is to be answered; a letter that came in before what is in hand already waits for its turn."""
        held = self._batch.letter_ids if self._batch else ()
        begin = next((at for at, letter in enumerate(job.letters) if letter.id in held), 0)
        letters = job.letters[begin:]
        if not letters:
            return None
        memo = None if max(job.failures, job.blame) >= TRIES else memo_of(job.memo)
        asked = self._assistant
        return next_batch(letters, memo, self._begun, self._limits, asked.is_command, asked.is_timeless)

    async def _look(self) -> None:
        """See what came in; raises MailChanged where the question is another one now."""
        job = await self._inbox.look(self.job)
        batch, held = self._next_batch(job), self._batch
        self.job = job
        # Where its reply stands, this worker has kept itself.
        if not (batch and held and replace(batch, sent_id=held.sent_id) == held):
            raise MailChanged("The question in hand is another one now.")

    async def _begin_again(self) -> bool:
        self.job = await self._insist(lambda: self._inbox.look(self.job))
        there = {letter.id for letter in self.job.letters}
        if self._batch and not there.intersection(self._batch.letter_ids):
            await self._withdrawn(self._batch)
        if self._batch and self._batch.completes:
            self._sent_id = ""
        return False

    async def _withdrawn(self, batch: Batch) -> None:
        """Take back what was shown of it; a finished answer that it was to complete stays."""
        if self._sent_id and not batch.completes:
            with suppress(DeliveryFailed):
                await self._platforms[batch.message.conversation.platform].retract(self._sent_id)
        self._sent_id = ""

    async def _give_up(self, error: BaseException) -> None:
        """Put the letters back for a while, or bury them."""
        if isinstance(error, LeaseLost):
            raise error
        if not self.job.letters:
            await self._insist(lambda: self._inbox.done(self.job, ()))
            return
        ids = [letter.id for letter in self.job.letters[:1]]
        expected = isinstance(error, DeliveryFailed | Unreadable | AttemptFailed)
        log.warning("message %s is not answered yet: %s", *ids, error, exc_info=None if expected else error)
        age = self._begun.timestamp() - self.job.letters[0].at
        undeliverable = isinstance(error, DeliveryFailed) and age > self._limits.late_minutes * 60
        if undeliverable or isinstance(error, Unreadable | ChatClosed):
            await self._insist(lambda: self._inbox.bury(self.job, ids, str(error)))
        elif isinstance(error, DeliveryFailed):
            pause = min(max(age / 4, 1.0), _LONGEST_PAUSE)
            await self._insist(lambda: self._inbox.put_back(self.job, pause=pause))
        else:
            await self._insist(lambda: self._inbox.put_back(self.job, failed=True, pause=1.0))

    async def _insist(self, call: Callable[[], Awaitable[_Result]]) -> _Result:
        """Call until Redis takes it; where letters came in that change nothing, call again."""
        while True:
            try:
                return await call()
            except MailChanged:
                with suppress(MemoryUnavailable):
                    await self._look()
            except MemoryUnavailable:
                await asyncio.sleep(_UNREACHABLE_PAUSE)
