"""What follows from an answer that was shown: errands, and the entry in the journal."""

from collections.abc import Sequence

from bot.errands import Errand, queue
from memory.journal import Asked, Journal
from memory.mail import Inbox


class Besides:
    """Has it done; each errand and each entry once, however often this is called."""

    def __init__(self, inbox: Inbox, journal: Journal) -> None:
        self._inbox = inbox
        self._journal = journal

    async def do(self, errands: Sequence[Errand], entry: Asked | None) -> None:
        """All of it is safe when this returns. Raises MemoryUnavailable."""
        for errand in errands:
            await queue(self._inbox, errand)
        if entry is not None:
            await self._journal.put(entry)
