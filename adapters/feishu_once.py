"""The messages of one reply at Feishu: each part of it is shown, and never twice.

Feishu sends once per uuid for an hour. So before a message is sent, what its uuid is made of is kept, and
after it its id: whoever finds no id sends the same once more, and learns it. What has one is changed in its
place.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from hashlib import sha256

from adapters.base import AttachmentRefused, ChatClosed, Delivery, DeliveryFailed, Enclosure
from adapters.feishu_cards import Frame, Json, Part
from adapters.feishu_client import FeishuClient
from adapters.feishu_enclosed import begun, not_sent, uploaded
from adapters.feishu_entity import Entity, create
from adapters.feishu_faults import (
    CardRefused,
    ContentRefused,
    Dropped,
    MessageGone,
    Muted,
    NoAnswer,
    QuestionGone,
    QuotaUsedUp,
    ScopeMissing,
    StreamClosed,
)
from adapters.feishu_place import Place
from adapters.feishu_sent import Form, Sent, sent_id_of, sent_of

log = logging.getLogger(__name__)

# What no other form of the same would change.
_FOR_ALL_FORMS = (ChatClosed, ContentRefused, Muted, NoAnswer, QuestionGone, QuotaUsedUp)


class Once:
    """The messages that stand already, or are sent to this place. `renew`: seconds that a card streams on."""

    def __init__(
        self,
        client: FeishuClient,
        place: Place,
        delivery: Delivery,
        clock: Callable[[], float],
        renew: float,
    ) -> None:
        self._client = client
        self._place = place
        self._delivery = delivery
        self._clock = clock
        self._renew = renew
        self._sent = sent_of(delivery.sent_id)
        self._entity: Entity | None = None
        self._said: Frame | None = None  # what the card shows while it streams
        self._opened_at = 0.0
        self._reopened = False

    @property
    def begun(self) -> bool:
        """Whether something of it stands, or may stand."""
        return bool(self._sent)

    @property
    def messages(self) -> list[str]:
        """The ids of those that stand, in order."""
        return [one.message_id for one in self._sent if one.message_id]

    async def frame(self, frame: Frame) -> bool:
        """Show what it has grown to, in one try; whether more may follow."""
        try:
            await self._grown(frame)
        except Dropped:
            return True
        except (ChatClosed, Muted, QuestionGone):
            raise
        except DeliveryFailed as error:
            log.info("An answer comes whole, and is not seen to grow: %s", error)
            return False
        return self._entity is not None

    async def close(self) -> None:
        """End the streaming, whatever has become of the answer."""
        if self._entity and self._said:
            summary, self._said = self._said.summary, None
            with suppress(DeliveryFailed):
                await self._entity.close(summary)

    async def show(
        self,
        parts: Sequence[Part],
        withheld: Callable[[], Sequence[Part]],
        enclosures: Sequence[Enclosure] = (),
    ) -> str:
        """Show it whole, or where Feishu does not let it be said, `withheld`. Returns the sent id.

        To a question that was withdrawn nothing is shown. Raises DeliveryFailed.
        """
        try:
            try:
                await self._all(parts, enclosures)
            except ContentRefused:
                await self._all(withheld())
        except QuestionGone as error:
            log.info("%s", error)
            await self._drop(0)
        return sent_id_of(self._sent)

    async def _grown(self, frame: Frame) -> None:
        if self._said and self._entity:
            await self._grow(self._entity, frame.text)
        else:
            await self._begin(frame.text)
        self._said = frame if self._entity else None

    async def _begin(self, text: str) -> None:
        if not self._sent:
            await self._keep(0, Sent("", await create(self._client, text)))
        sent = self._sent[0]
        if sent.form != "entity":
            return
        entity = self._entity or Entity(self._client, sent.token, self._clock)
        if sent.message_id:
            await self._be_sure()
            await entity.restart(text)
        else:
            await self._send(0, "interactive", _card_of(sent.token), frame=True)
        self._entity, self._opened_at = entity, self._clock()

    async def _grow(self, entity: Entity, text: str) -> None:
        if self._clock() - self._opened_at > self._renew:
            await self._reopen(entity)
        try:
            await entity.grow(text)
        except StreamClosed:
            if self._reopened:
                raise
            self._reopened = True
            await self._be_sure()
            await self._reopen(entity)
            await entity.grow(text)
        self._reopened = False

    async def _reopen(self, entity: Entity) -> None:
        await entity.reopen()
        self._opened_at = self._clock()

    async def _be_sure(self) -> None:
        """Who has the conversation no more cannot keep anything: a card may show another's whole answer."""
        await self._keep(0, self._sent[0])

    async def _all(self, parts: Sequence[Part], enclosures: Sequence[Enclosure] = ()) -> None:
        for at, part in enumerate(parts):
            if at >= len(self._sent) or not self._sent[at].message_id:
                await self._begun(at, part)
            elif not await self._changed(at, part):
                await self._drop(at + 1)  # for their order
                await self._anew(at, part)
        for at, enclosure in enumerate(enclosures, len(parts)):
            await self._enclosed(at, enclosure)
        await self._drop(len(parts) + len(enclosures))

    async def _enclosed(self, at: int, enclosure: Enclosure) -> None:
        """Send it, but where it stands; where Feishu does not take it, say so."""
        file, there = begun(enclosure), self._sent[at : at + 1]
        if not there or there[0].token != file.token:
            await self._drop(at)
        elif there[0].message_id:
            return
        forms = [(Sent.plain("text"), not_sent(enclosure))]
        try:
            forms.insert(0, (file, await uploaded(self._client, enclosure)))
        except _FOR_ALL_FORMS:
            raise
        except (AttachmentRefused, DeliveryFailed) as error:
            log.warning("%s does not go with a reply: %s", enclosure.name, error)
        await self._first(at, forms)

    async def _begun(self, at: int, part: Part) -> None:
        """Send it, or what may have arrived already; that one then shows what it is to show now."""
        if at >= len(self._sent) or self._sent[at].form in ("image", "file"):
            await self._anew(at, part)
            return
        sent = self._sent[at]
        content = {"entity": _card_of(sent.token), "card": part.card, "post": part.post, "text": part.text}
        if sent.replaced:
            await self._client.delete(sent.replaced)
        try:
            await self._send(at, _kind(sent.form), content[sent.form])
        except (CardRefused, ScopeMissing):
            await self._anew(at, part)
        else:
            if sent.form in ("entity", "card") and not await self._changed(at, part):
                await self._anew(at, part)

    async def _changed(self, at: int, part: Part) -> bool:
        """Whether it stands in the message that was sent, as a card."""
        sent = self._sent[at]
        if sent.form == "entity" and await self._replaced(sent, part):
            return True
        if sent.form not in ("entity", "card"):
            return False
        try:
            await self._client.update_card(sent.message_id, part.card)
        except (CardRefused, MessageGone) as error:
            log.info("A card is sent anew, since it cannot be changed: %s", error)
            return False
        if sent.form == "entity":  # Feishu has taken the entity off the message
            self._said = None
            await self._keep(at, Sent(sent.message_id, "card-"))
        return True

    async def _replaced(self, sent: Sent, part: Part) -> bool:
        """Whether the card's entity shows it, and streams no more."""
        entity = self._entity if self._entity and self._entity.id == sent.token else None
        entity = entity or Entity(self._client, sent.token, self._clock)
        try:
            await entity.close(part.summary)
            self._said = None
            await entity.replace(part.card)
        except (CardRefused, MessageGone, ScopeMissing) as error:
            log.info("A card is changed as a message: %s", error)
            return False
        return True

    async def _anew(self, at: int, part: Part) -> None:
        """Send it in the place of what stood there."""
        old = self._sent[at].message_id if at < len(self._sent) else ""
        forms: list[tuple[Form, Json]] = [("card", part.card), ("post", part.post), ("text", part.text)]
        await self._first(at, [(Sent.plain(form, old), content) for form, content in forms])

    async def _first(self, at: int, forms: Sequence[tuple[Sent, Json]]) -> None:
        """Send it in the first of these forms that Feishu takes."""
        for sent, content in forms:
            await self._keep(at, sent)
            if sent.replaced and sent is forms[0][0]:
                await self._client.delete(sent.replaced)
            try:
                await self._send(at, _kind(sent.form), content)
                return
            except _FOR_ALL_FORMS as error:
                if not isinstance(error, NoAnswer):  # it surely has not arrived
                    await self._forget(at)
                raise
            except DeliveryFailed as error:
                if sent.form == "text":
                    await self._forget(at)
                    raise
                log.warning("A reply cannot be shown as %s, and is tried more simply: %s", sent.form, error)

    async def _send(self, at: int, kind: str, content: Json, frame: bool = False) -> None:
        """Send what was kept as this part, once."""
        place, sent = self._place, self._sent[at]
        uuid = sha256(f"{self._delivery.key} {at} {sent.token}".encode()).hexdigest()[:40]
        if place.question_id:
            answered = place.question_id, kind, content, uuid, place.threaded
            id = await self._client.reply(*answered, chat=place.chat_id, frame=frame)
        else:
            id = await self._client.send(place.chat_id, kind, content, uuid, frame=frame)
        await self._keep(at, Sent(id, sent.token))

    async def _keep(self, at: int, sent: Sent) -> None:
        self._sent[at : at + 1] = [sent]
        await self._delivery.keep(sent_id_of(self._sent))

    async def _forget(self, at: int) -> None:
        del self._sent[at:]
        await self._delivery.keep(sent_id_of(self._sent))

    async def _drop(self, at: int) -> None:
        """Take back the messages from this one on."""
        if at < len(self._sent):
            await drop(self._client, self._sent[at:])
            await self._forget(at)


async def drop(client: FeishuClient, sent: Sequence[Sent]) -> None:
    """Delete these messages."""
    for one in reversed(sent):
        if id := one.message_id or one.replaced:
            await client.delete(id)


def _kind(form: Form) -> str:
    return "interactive" if form in ("entity", "card") else form


def _card_of(card_id: str) -> Json:
    return {"type": "card", "data": {"card_id": card_id}}
