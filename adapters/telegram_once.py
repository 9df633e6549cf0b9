"""The messages of one reply at Telegram: each part of it is shown, and never twice.

Telegram takes no key by which it knows a message again. So right before a new one goes out, its turn having
come, a `?` is kept, and after it its id; whoever finds a `?` sends nothing of the answer any more but a note,
by which it can be had again. What has an id is edited, as often as it takes. A placeholder needs no `?`:
lost, it is at worst an orphan. What answers no message of its own, and so could not be had again, always
comes in the place of one.

A file stands in a message of its own below the text, which is sent in the same way; its digest is kept with
its id, so that it stays where it is.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from adapters.base import Button, Delivery, DeliveryFailed, Enclosure, Reaction, Reply
from adapters.telegram_api import MessageGone, OutcomeUnknown, Place, TelegramApi
from adapters.telegram_enclosed import digest
from adapters.telegram_faults import FileRefused
from adapters.telegram_sent import UNKNOWN, Sent, message_of
from adapters.telegram_text import Part

NOTES = 2
"""How often the note is tried whose own outcome is unknown."""

Piece = Part | Enclosure
"""What fills a message."""

_PLACEHOLDER = Part("…")
_TAKEN_BACK = Part("—")  # in what is too old to be deleted
_SIGNS: Mapping[Reaction, str] = {"thanks": "❤"}

log = logging.getLogger(__name__)


class Once:
    """The messages of a reply: those that stand already, and those that are sent."""

    def __init__(self, api: TelegramApi, place: Place, delivery: Delivery, reply: Reply) -> None:
        self._api = api
        self._place = place
        self._delivery = delivery
        self._message = message_of(reply.in_reply_to, place.chat_id)
        self._answers = delivery.key == reply.in_reply_to
        # In a direct chat everybody sees what it answers, unless it comes late.
        soon = self._answers and not (place.group or delivery.sent_id)
        self._reply_to = None if soon else self._message
        stood = Sent.parse(delivery.sent_id) if delivery.sent_id else Sent(place.chat_id)
        self._ids, self._files = stood.ids, dict(stood.files)

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

    async def reacted(self, reaction: Reaction) -> bool:
        """Whether a sign to the message that it answers takes its place; it may be put there again."""
        if self._ids or self._message is None:
            return False
        try:
            await self._api.react(self._place, self._message, _SIGNS[reaction])
        except DeliveryFailed as error:
            log.info("A message gets no sign but a reply: %s", error)
            return False
        return True

    async def clear(self) -> None:
        """Take back what stands, to send it anew."""
        await self._drop(0)

    async def show(
        self, pieces: Sequence[Piece], buttons: Sequence[Button], lost: Callable[[], tuple[str, Button]]
    ) -> str:
        """Show it whole, the buttons under its last text; else the note `lost`. Returns the sent id."""
        last = sum(isinstance(piece, Part) for piece in pieces) - 1
        for at, piece in enumerate(pieces):
            below = buttons if at == last else ()
            if not (await self._edited(at, piece, below) or await self._added(piece, below)):
                await self._note(*lost())
                break
        else:
            await self._drop(len(pieces))
        return str(self._sent_as(self._ids).known)

    async def _edited(self, at: int, piece: Piece, buttons: Sequence[Button]) -> bool:
        """Whether it stands in a message of before. Where another stood, those after it go too: order."""
        if at >= len(self._ids) or (id := self._ids[at]) == UNKNOWN:
            return False
        if self._files.get(id, "") == _mark(piece):
            if isinstance(piece, Enclosure):
                return True
            with suppress(MessageGone):
                await self._api.edit(self._place, id, piece, buttons=buttons)
                return True
        await self._drop(at)
        return False

    async def _added(self, piece: Piece, buttons: Sequence[Button]) -> bool:
        """Whether it stands in a new message."""
        if not self.certain:
            return False
        if self._answers or isinstance(piece, Enclosure):
            return await self._sent(piece, buttons)
        id = await self._api.send(self._place, _PLACEHOLDER, reply_to=self._first_reply_to)
        await self._keep(*self._ids, id)
        await self._api.edit(self._place, id, piece, buttons=buttons)
        return True

    async def _note(self, text: str, button: Button) -> None:
        """Say once that the answer may not have arrived; the answer itself follows on the button."""
        if not self._answers:
            log.warning("Whether a file that was posted at Telegram has arrived is unknown.")
            return
        stands, tried = self._ids[-1] != UNKNOWN, self._ids.count(UNKNOWN) > NOTES
        if not (stands or tried or await self._sent(Part(text), [button])):
            raise OutcomeUnknown("Whether an answer has arrived at Telegram is unknown, and of the note too.")

    async def _sent(self, piece: Piece, buttons: Sequence[Button]) -> bool:
        """Whether it surely arrived, or is a file that is left out. Raises DeliveryFailed if it did not."""
        before = self._ids

        async def going(out: bool) -> None:
            await self._keep(*before, *([UNKNOWN] if out else []))

        reply_to = self._first_reply_to
        try:
            if isinstance(piece, Part):
                id = await self._api.send(self._place, piece, reply_to=reply_to, buttons=buttons, going=going)
            else:
                id = await self._api.send_file(self._place, piece, reply_to=reply_to, going=going)
                self._files[id] = digest(piece)
        except OutcomeUnknown:
            return False
        except DeliveryFailed as error:
            await self._keep(*before)
            if not isinstance(error, FileRefused):
                raise
            log.warning("A reply at Telegram goes without its file: %s", error)
            return True
        await self._keep(*before, id)
        return True

    @property
    def _first_reply_to(self) -> int | None:
        """What the next message is a reply to, as the first one is."""
        return None if any(self._ids) else self._reply_to

    def _sent_as(self, ids: Sequence[int]) -> Sent:
        return Sent(self._place.chat_id, tuple(ids), self._files)

    async def _keep(self, *ids: int) -> None:
        self._ids = ids
        await self._delivery.keep(str(self._sent_as(ids)))

    async def _drop(self, at: int) -> None:
        """Take back the messages from this one on."""
        ids, self._ids = self._ids[at:], self._ids[:at] + tuple(one for one in self._ids[at:] if not one)
        await drop(self._api, self._place, [one for one in ids if one])


def _mark(piece: Piece) -> str:
    return digest(piece) if isinstance(piece, Enclosure) else ""


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
