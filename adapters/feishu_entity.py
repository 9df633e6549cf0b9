"""A card that CardKit keeps: it grows in streaming mode, and is written by one at a time."""

from collections.abc import Callable
from uuid import uuid4

from adapters.base import DeliveryFailed
from adapters.feishu_cards import ELEMENT, Json, growing_card, packed
from adapters.feishu_client import FeishuClient
from adapters.feishu_faults import CardRefused

_CARDS = "/open-apis/cardkit/v1/cards"
_EPOCH = 1_767_225_600  # 2026 begins
_NUMBERS = 2**31
_OVERTAKEN, _AHEAD = 300317, (1_000, 100_000, 0)  # 10 s, 17 min


async def create(client: FeishuClient, text: str) -> str:
    """A new one with what there is of an answer, in streaming mode; its id. In one try."""
    body = {"type": "card_json", "data": packed(growing_card(text))}
    card_id = (await client.call("POST", _CARDS, body=body, frame=True)).get("card_id")
    if not isinstance(card_id, str):
        raise DeliveryFailed("Feishu answered without the card_id of a card.")
    return card_id


class Entity:
    """One card, as far as this process writes it.

    Feishu takes a change only with a higher number than the last. Numbers are times, so that those of the
    process that writes last are the highest; if they are not (clocks differ, and in 248 days they begin
    anew), one that has the card to itself goes ahead. `clock` gives seconds since 1970.
    """

    def __init__(self, client: FeishuClient, card_id: str, clock: Callable[[], float]) -> None:
        self.id = card_id
        self._client = client
        self._clock = clock
        self._number = 0

    async def grow(self, text: str) -> None:
        """Show the whole text so far, in one try. Raises Dropped, StreamClosed, CardRefused."""
        await self._change("PUT", f"/elements/{ELEMENT}/content", {"content": text}, frame=True)

    async def reopen(self) -> None:
        """Let it stream for ten minutes from now, in one try."""
        await self._change("PATCH", "/settings", _settings({"streaming_mode": True}), frame=True)

    async def restart(self, text: str) -> None:
        """Let another answer grow in it, in one try."""
        await self._replace(growing_card(text), frame=True)

    async def close(self, summary: str) -> None:
        """End its streaming."""
        config = {"streaming_mode": False, "summary": {"content": summary}}
        await self._surely("PATCH", "/settings", _settings(config))

    async def replace(self, card: Json) -> None:
        """Show another card."""
        await self._replace(card)

    async def _replace(self, card: Json, frame: bool = False) -> None:
        await self._surely("PUT", "", {"card": {"type": "card_json", "data": packed(card)}}, frame)

    async def _surely(self, method: str, path: str, body: Json, frame: bool = False) -> None:
        for ahead in _AHEAD:
            try:
                await self._change(method, path, body, frame)
                return
            except CardRefused as error:
                if error.code != _OVERTAKEN or not ahead:
                    raise
            self._number += ahead

    async def _change(self, method: str, path: str, body: Json, frame: bool = False) -> None:
        self._number = max(self._number + 1, int((self._clock() - _EPOCH) * 100) % _NUMBERS)
        numbered = {**body, "sequence": self._number, "uuid": uuid4().hex}
        await self._client.call(method, f"{_CARDS}/{self.id}{path}", body=numbered, frame=frame)


def _settings(config: Json) -> Json:
    """Without `config` around it Feishu takes it, and does nothing."""
    return {"settings": packed({"config": config})}
