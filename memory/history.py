"""What was said in each conversation, in Redis: turns, a summary of the older ones, facts about people."""

from collections.abc import Sequence

from redis.asyncio import Redis

from memory import keys, lines
from memory.base import Fact, Remembered, Turn
from memory.client import guarded
from memory.scripts import Argument, Scripts, script

WINDOW = 20  # turns
KEPT = 2000  # turns
AT_ONCE = 50  # turns to be folded


class RedisHistory:
    """A list of turns, a list of facts and a hash for each conversation; each call is one round trip.

    The newest `kept` turns stay, and the newest facts, until a month after the last turn. The window grows
    to `window` turns and then loses two fifths of them at once.
    """

    def __init__(self, client: Redis, window: int = WINDOW, kept: int = KEPT) -> None:
        self._calls = Scripts(client)
        self._window = window
        self._kept = kept
        self._load = script("load", "flags=no-writes")
        self._older = script("older", "flags=no-writes")
        self._unfolded = script("unfolded", "flags=no-writes")
        self._append = script("append")
        self._fold = script("fold")
        self._clear = script("clear", "flags=allow-oom")
        self._drop = script("drop", "flags=allow-oom")

    async def load(self, conversation: str, sender: str = "") -> Remembered:
        """The window, the summary and the newest facts of this person."""
        arguments = (self._window, sender, lines.fields(sender))
        async with guarded():
            reply = await self._calls.run(self._load, _keys(conversation), [conversation, *arguments])
        turns, summary, facts, beyond, epoch = reply
        newest_first = lines.facts(facts)
        return Remembered(tuple(lines.turns(turns)), summary, tuple(newest_first[::-1]), beyond, epoch)

    async def older(self, conversation: str) -> list[Turn]:
        """The turns before the window that are still kept, oldest first; also those before a new start."""
        async with guarded():
            found = await self._calls.run(self._older, _keys(conversation), [conversation, self._window])
        return lines.turns(found)

    async def append(
        self, conversation: str, turn: Turn, facts: Sequence[Fact] = (), epoch: str = ""
    ) -> None:
        """Remember a turn with what its asker said of themself in it."""
        arguments = to_remember(turn, facts, epoch, self._window, self._kept)
        async with guarded():
            await self._calls.run(self._append, _keys(conversation), [conversation, *arguments])

    async def unfolded(self, conversation: str) -> tuple[str, list[Turn], str]:
        """The summary, the oldest turns before the window that it does not tell of, and the epoch.

        They are at most fifty: where there are more, fold these and ask again.
        """
        arguments = (conversation, self._window, AT_ONCE)
        async with guarded():
            reply = await self._calls.run(self._unfolded, _keys(conversation), arguments)
        summary, found, told, epoch = reply
        turns = lines.turns(found)
        # What cannot be read counts as told with the rest.
        return summary, turns, f"{epoch}/{told}/{len(found) - len(turns)}"

    async def fold(
        self, conversation: str, epoch: str, summary: str, turns: Sequence[Turn], facts: Sequence[Fact] = ()
    ) -> bool:
        """Let the summary tell of these turns too, which `unfolded` gave, all or the first of them.

        False where it tells of others by now, or something was forgotten.
        """
        read, told, unreadable = epoch.split("/")
        now_told = int(told) + int(unreadable) + len(turns)
        arguments: list[Argument] = [conversation, read, told, now_told, summary, *_facts(facts)]
        async with guarded():
            return bool(await self._calls.run(self._fold, _keys(conversation), arguments))

    async def clear(self, conversation: str) -> None:
        """Begin anew: window and summary are empty; older turns and facts stay kept."""
        async with guarded():
            await self._calls.run(self._clear, _keys(conversation), (conversation,))

    async def drop(self, conversation: str, sender: str, message_id: str) -> None:
        """Take a turn out, as if this message of theirs had not been answered; facts and summary stay."""
        arguments = (conversation, lines.fields(sender, message_id))
        async with guarded():
            await self._calls.run(self._drop, _keys(conversation), arguments)


def to_remember(turn: Turn, facts: Sequence[Fact], epoch: str, window: int, kept: int) -> list[Argument]:
    """What the script's `remember` reads. A fact without a sender is of who asked."""
    sender, id = turn.sender, turn.message_id
    names = (sender, lines.fields(sender), id, lines.last(id), lines.fields(sender, id))
    own = [fact if fact.sender else Fact(fact.text, fact.at, fact.message_id, sender) for fact in facts]
    return [window, max(kept, window), epoch, *names, lines.of_turn(turn), *_facts(own)]


def _facts(facts: Sequence[Fact]) -> list[str]:
    return [part for fact in facts for part in _fact(fact)]


def _fact(fact: Fact) -> tuple[str, ...]:
    sender, text = fact.sender, fact.text
    return sender, lines.fields(sender), lines.fields(sender, text), lines.of_fact(fact)


def _keys(conversation: str) -> list[str]:
    return [keys.prefix(keys.partition(conversation))]
