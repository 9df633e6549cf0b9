"""The messages of one reply at Telegram: each part of it is shown, and never twice.

Telegram takes no key by which it knows a message again. So right before a new one goes out, its turn having
come, a `?` is kept, and after it its id; whoever finds a `?` sends nothing of the answer any more but a note,
by which it can be had again. What has an id is edited, as often as it takes. A placeholder needs no `?`:
lost, it is at worst an orphan.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress

from adapters.base import Button, Delivery, DeliveryFailed
from adapters.telegram_api import MessageGone, OutcomeUnknown, Place, TelegramApi
from adapters.telegram_sent import UNKNOWN, Sent
from adapters.telegram_text import Part

NOTES = 2
"""How often the note is tried whose own outcome is unknown."""

_TAKEN_BACK = Part("—")  # in what is too old to be deleted


class Once:
    """The messages that stand already, or are sent in answer to the message `reply_to`."""

    def __init__(self, api: TelegramApi, place: Place, delivery: Delivery, reply_to: int | None) -> None:
        self._api = api
        self._place = place
        self._delivery = delivery
        self._reply_to = reply_to
        self._ids = Sent.parse(delivery.sent_id).ids if delivery.sent_id else ()

    @property
    def certain(self) -> bool:
        """Whether it is known of all that was sent that it arrived."""
        return UNKNOWN not in self._ids

    @property
    def begun(self) -> bool:
        """Whether something of it was sent."""
        return bool(self._ids)

    async def frame(self, part: Part) -> bool:
        """Show what it has grown to, in one try; whether there was room. Raises as `send` and `edit` do."""
        if self._ids:
            return await self._api.edit(self._place, self._ids[0], part, urgency="frame")
        id = await self._api.send(self._place, part, reply_to=self._reply_to, urgency="placeholder")
        if id:
            await self._keep(id)
        return bool(id)

    async def clear(self) -> None:
        """Take back what stands, to send it anew."""
        await self._drop(0)

    async def show(
        self, parts: Sequence[Part], buttons: Sequence[Button], lost: Callable[[], tuple[str, Button]]
    ) -> str:
        """Show it whole, the buttons under its last part; else the note `lost`. Returns the sent id."""
        for at, part in enumerate(parts):
            below = buttons if at == len(parts) - 1 else ()
            if not (await self._edited(at, part, below) or await self._added(part, below)):
                await self._note(*lost())
                break
        else:
            await self._drop(len(parts))
        return str(Sent(self._place.chat_id, self._ids).known)

    async def _edited(self, at: int, part: Part, buttons: Sequence[Button]) -> bool:
        """Whether it stands in a message of before. Where that is gone, those after it go too: order."""
        if at >= len(self._ids) or self._ids[at] == UNKNOWN:
            return False
        try:
            await self._api.edit(self._place, self._ids[at], part, buttons=buttons)
        except MessageGone:
            await self._drop(at)
            return False
        return True

    async def _added(self, part: Part, buttons: Sequence[Button]) -> bool:
        """Whether it stands in a new message."""
        return self.certain and await self._sent(part, buttons)

    async def _note(self, text: str, button: Button) -> None:
        """Say once that the answer may not have arrived; the answer itself follows on the button."""
        stands, tried = self._ids[-1] != UNKNOWN, self._ids.count(UNKNOWN) > NOTES
        if not (stands or tried or await self._sent(Part(text), [button])):
            raise OutcomeUnknown("Whether an answer has arrived at Telegram is unknown, and of the note too.")

    async def _sent(self, part: Part, buttons: Sequence[Button]) -> bool:
        """Whether it surely arrived. Raises DeliveryFailed where it surely did not."""
        before = self._ids

        async def going(out: bool) -> None:
            await self._keep(*before, *([UNKNOWN] if out else []))

        reply_to = None if any(before) else self._reply_to
        try:
            id = await self._api.send(self._place, part, reply_to=reply_to, buttons=buttons, going=going)
        except OutcomeUnknown:
            return False
        except DeliveryFailed:
            await self._keep(*before)
            raise
        await self._keep(*before, id)
        return True

    async def _keep(self, *ids: int) -> None:
        self._ids = ids
        await self._delivery.keep(str(Sent(self._place.chat_id, ids)))

    async def _drop(self, at: int) -> None:
        """Take back the messages from this one on."""
        ids, self._ids = self._ids[at:], self._ids[:at] + tuple(one for one in self._ids[at:] if not one)
        await drop(self._api, self._place, [one for one in ids if one])


async def drop(api: TelegramApi, place: Place, ids: Sequence[int]) -> None:
    """Delete these messages; what is too old for that is emptied."""
    if not ids:
        return
    try:
        await api.delete(place, ids)
    except MessageGone:
        for id in ids:
            with suppress(MessageGone):
                await api.edit(place, id, _TAKEN_BACK)
