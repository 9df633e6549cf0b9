"""What is held of a person, over all conversations, in Redis: shown, and forgotten."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

from redis.asyncio import Redis, RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.exceptions import ResponseError

from memory import keys, lines
from memory.base import Personal, Receipt, Vote
from memory.client import guarded
from memory.scripts import Argument, Script, Scripts, script
from memory.staff_people import StaffPeople
from memory.votes import vote_of

TRIES, PAUSE = 40, 0.05  # for the rewriting of files that is under way to end; seconds between two


class _Found(NamedTuple):
    votes: Mapping[str, Vote]
    asked: tuple[float, ...]
    spared_at: str
    conversations: Sequence[str]


class RedisPeople:
    """Finds what is a person's by an index in each partition.

    The scripts that keep something of them write it in the same step, so that nothing is ever kept
    that is not found.
    """

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._calls = Scripts(client)
        self._staffs = StaffPeople(client)
        self._held = script("held", "flags=no-writes")
        self._forget = script("forget", "flags=allow-oom")
        self._dead = script("dead", "flags=allow-oom")

    async def held(self, person: str, spared: str = "") -> Personal:
        """All that is held of them; the message `spared`, which asks for this, does not count."""
        found = await self._found(person)
        rows, dead, staffs = await asyncio.gather(
            self._each(self._held, found.conversations, person, lines.fields(person), spared),
            self._dead_letters(person, erase=False),
            self._staffs.held(person),
        )
        of = dict(zip(found.conversations, rows, strict=True))
        return Personal(
            {name: tuple(lines.turns(row[0])) for name, row in of.items() if row[0]},
            {name: tuple(lines.facts(row[1])) for name, row in of.items() if row[1]},
            found.votes,
            found.asked,
            {name: row[2] for name, row in of.items() if row[2]},
            sum(row[3] for row in rows),
            dead,
            *staffs,
        )

    async def forget_in(self, conversation: str, person: str, spared: str = "") -> None:
        """Erase what they said in this conversation, and what waits of it, in the same way."""
        await self._each(self._forget, [conversation], person, lines.fields(person), spared)
        await self._staffs.forget_in(_chat(conversation), person)
        await self._rewrite()

    async def forget(self, person: str, spared: str = "") -> Receipt:
        """Erase it; what is being answered for them meanwhile cannot be written back.

        The message `spared`, which asks for this, still waits to be answered, and so do those sent after it.
        Where it is cut off, the next call does the rest.
        """
        found = await self._found(person, spared)
        arguments = (person, lines.fields(person), spared, found.spared_at)
        # To the millisecond, in which the inbox counts.
        at = (int(found.spared_at) + 1) / 1000 if found.spared_at else time.time()
        rows, dead, staffs, _ = await asyncio.gather(
            self._each(self._forget, found.conversations, *arguments),
            self._dead_letters(person, erase=True),
            self._staffs.forget(person, at, spared),
            self._erase_own(person, found.conversations, at),
        )
        await self._rewrite()
        turns, facts, summaries, waiting = (sum(row[at] for row in rows) for at in range(4))
        touched = sum(any(row) for row in rows)
        own = (len(found.votes), len(found.asked))
        return Receipt(touched, turns, facts, summaries, waiting, dead, *own, *staffs)

    async def _found(self, person: str, spared: str = "") -> _Found:
        partitions = range(keys.PARTITIONS)
        async with guarded(), self._client.pipeline(transaction=False) as pipeline:
            pipeline.hgetall(keys.VOTES.of(person))
            pipeline.zrange(keys.ASKED.of(person), 0, -1, withscores=True)
            for partition in partitions:
                pipeline.smembers(keys.CONVERSATIONS.within(partition, person))
            for partition in partitions:
                pipeline.hget(keys.MESSAGE.within(partition, spared), "at")
            votes, asked, *found = await pipeline.execute()
        conversations, spared_at = found[: len(partitions)], found[len(partitions) :]
        return _Found(
            {id: vote_of(kept) for id, kept in votes.items()},
            tuple(at for _, at in asked),
            next(filter(None, spared_at), ""),
            sorted(chain.from_iterable(conversations)),
        )

    async def _erase_own(self, person: str, conversations: Sequence[str], at: float) -> None:
        refused = (f"{keys.REFUSED.of(person)}:{chat}" for chat in ("", *map(_chat, conversations)))
        async with guarded(), self._client.pipeline() as pipeline:
            pipeline.set(keys.FORGOTTEN.of(person), at, ex=keys.FORGOTTEN.seconds)
            pipeline.delete(keys.VOTES.of(person), keys.ASKED.of(person), *refused)
            await pipeline.execute()

    async def _each(self, script: Script, conversations: Sequence[str], *arguments: str) -> list[Any]:
        calls = (
            self._calls.run(script, [keys.prefix(keys.partition(name))], [name, *arguments])
            for name in conversations
        )
        async with guarded():
            return await asyncio.gather(*calls)

    async def _dead_letters(self, person: str, erase: bool) -> int:
        arguments: list[Argument] = [person, int(erase)]
        prefixes = ([keys.prefix(partition)] for partition in range(keys.PARTITIONS))
        async with guarded():
            counts = await asyncio.gather(
                *(self._calls.run(self._dead, prefix, arguments) for prefix in prefixes)
            )
        return sum(counts)

    async def _rewrite(self) -> None:
        """Have the files of every master written anew: what was erased stands in them until then."""
        client: object = self._client
        masters = client.get_primaries() if isinstance(client, RedisCluster) else [None]
        await asyncio.gather(*(self._rewrite_at(master) for master in masters))

    async def _rewrite_at(self, master: ClusterNode | None) -> None:
        place: Any = {"target_nodes": master} if master else {}
        for _ in range(TRIES):
            async with guarded():
                try:
                    # Where no file is kept this would begin one.
                    if (await self._client.info("persistence", **place))["aof_enabled"]:
                        await self._client.bgrewriteaof(**place)
                    return
                except ResponseError as refusal:
                    # One that had begun before still writes what was erased; who refuses it does so for good.
                    if "in progress" not in str(refusal):
                        return
            await asyncio.sleep(PAUSE)


def _chat(conversation: str) -> str:
    return ":".join(conversation.split(":")[:2])
