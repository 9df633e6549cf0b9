"""What the commands say that show a person's data to them, or erase it."""

from hashlib import sha256
from zoneinfo import ZoneInfo

from adapters.base import Button
from bot import mydata
from bot.command_call import Call, Said
from bot.desk_errands import shown_elsewhere
from memory.base import People

_CONFIRMING = {"confirm", "确认"}


class OwnData:
    """Shows and erases what is held of whoever asks. Every call may raise MemoryUnavailable."""

    def __init__(self, people: People, zone: ZoneInfo) -> None:
        self._people = people
        self._zone = zone

    async def shown(self, call: Call) -> Said:
        """All of it, page by page; in a group only how much there is."""
        held = await self._people.held(call.person, spared=call.message.id)
        if call.in_group:
            return Said(mydata.counts_here(held, call.conversation, call.language))
        if mydata.is_nothing(mydata.extent(held)):
            return Said(call.words.nothing_held)
        asked = call.arguments
        number = int(asked) if asked.isdecimal() and 0 < len(asked) < 5 else 1
        return Said(mydata.page(held, call.person, call.conversation, number, call.language, self._zone))

    async def erased(self, call: Call) -> Said:
        """All of it, once they have confirmed that."""
        verb, _, whose = call.arguments.partition(" ")
        if verb.lower() not in _CONFIRMING:
            return await self._asked_back(call)
        if whose and whose != _mark(call.person):
            return Said(call.words.not_yours)
        # This message stays until its receipt is shown.
        receipt = await self._people.forget(call.person, spared=call.message.id)
        errands = tuple(shown_elsewhere(receipt, call.message.id))
        return Said(mydata.receipt_text(receipt, call.language), errands=errands)

    async def erased_here(self, call: Call) -> Said:
        """What they said in this conversation."""
        await self._people.forget_in(call.conversation, call.person, spared=call.message.id)
        return Said(call.words.forgotten_here)

    async def _asked_back(self, call: Call) -> Said:
        extent = mydata.extent(await self._people.held(call.person, spared=call.message.id))
        if mydata.is_nothing(extent):
            return Said(call.words.nothing_held)
        # In a group anybody can press it, and nobody is to lose what is theirs by that.
        command = f"/forget confirm {_mark(call.person)}" if call.in_group else "/forget confirm"
        counts = call.words.comma.join(mydata.counted(extent, call.language))
        return Said(call.words.ask.format(counts=counts), (Button(call.words.confirm, command),))


def _mark(person: str) -> str:
    return sha256(person.encode(errors="replace")).hexdigest()[:8]
