"""A bot without any wit for the fake Feishu server: it calls the API and holds the other end of a socket."""

import base64
import json
from typing import Any

import aiohttp
import websockets

from tests.fakes import feishu_frame
from tests.fakes.feishu_chats import Chat
from tests.fakes.feishu_frame import DATA, Frame
from tests.fakes.feishu_server import FeishuServer

MESSAGES, CARDS = "im/v1/messages", "cardkit/v1/cards"
CARD: dict[str, Any] = {
    "schema": "2.0",
    "config": {"streaming_mode": True, "summary": {"content": "安装步骤"}},
    "body": {
        "elements": [
            {"tag": "markdown", "element_id": "answer", "content": "想一想"},
            {
                "tag": "button",
                "text": {"tag": "plain_text", "content": "👍"},
                "behaviors": [{"type": "callback", "value": {"v": 1, "command": "/feedback up"}}],
            },
        ]
    },
}


class Clock:
    """Goes on only when told to."""

    def __init__(self) -> None:
        self.now = 1_795_000_000.0

    def __call__(self) -> float:
        return self.now


class Bot:
    """Calls the API as an app does."""

    def __init__(self, server: FeishuServer, session: aiohttp.ClientSession) -> None:
        self._server, self._session, self.token = server, session, ""

    async def call(self, method: str, path: str, body: object = None, **params: str) -> dict[str, Any]:
        """The answer, `HTTP` in it is the status and `reset` the header of that name."""
        if not self.token:
            self.token, _ = self._server.token()
        url, headers = f"{self._server.url}/open-apis/{path}", {"Authorization": f"Bearer {self.token}"}
        async with self._session.request(method, url, json=body, params=params, headers=headers) as answer:
            reset = answer.headers.get("x-ogw-ratelimit-reset")
            return {**await answer.json(), "HTTP": answer.status, "reset": reset}

    async def upload(self, kind: str, form: aiohttp.FormData) -> dict[str, Any]:
        """The answer to an upload of `images` or `files`."""
        headers = {"Authorization": f"Bearer {self.token or self._server.token()[0]}"}
        url = f"{self._server.url}/open-apis/im/v1/{kind}"
        async with self._session.post(url, data=form, headers=headers) as answer:
            told: dict[str, Any] = await answer.json()
            return told

    async def code(self, method: str, path: str, body: object = None, **params: str) -> int:
        return int((await self.call(method, path, body, **params))["code"])

    async def send(self, chat: Chat, kind: str, content: object, **more: object) -> dict[str, Any]:
        body = {"receive_id": chat.id, "msg_type": kind, "content": json.dumps(content), **more}
        return await self.call("POST", MESSAGES, body, receive_id_type="chat_id")

    async def reply(self, to: str, text: str = "答", **more: object) -> dict[str, Any]:
        body = {"msg_type": "text", "content": json.dumps({"text": text}), **more}
        return await self.call("POST", f"{MESSAGES}/{to}/reply", body)

    async def card(self, card: object = CARD) -> dict[str, Any]:
        return await self.call("POST", CARDS, {"type": "card_json", "data": json.dumps(card)})

    async def shown_card(self, chat: Chat, card: object = CARD) -> tuple[str, str]:
        """The ids of the entity and of the message that shows it."""
        card_id = (await self.card(card))["data"]["card_id"]
        sent = await self.send(chat, "interactive", {"type": "card", "data": {"card_id": card_id}})
        return card_id, sent["data"]["message_id"]

    async def write(self, card_id: str, text: str, sequence: int, uuid: str = "") -> int:
        body = {"content": text, "sequence": sequence, **({"uuid": uuid} if uuid else {})}
        return await self.code("PUT", f"{CARDS}/{card_id}/elements/answer/content", body)

    async def line(self) -> "Line":
        """A long connection."""
        asked = {"AppID": self._server.app_id, "AppSecret": self._server.app_secret}
        async with self._session.post(f"{self._server.url}/callback/ws/endpoint", json=asked) as answer:
            told = await answer.json()
        socket = await websockets.connect(told["data"]["URL"], proxy=None, close_timeout=0.1)
        return Line(socket, told["data"]["ClientConfig"])


class Line:
    """One end of a long connection."""

    def __init__(self, socket: websockets.ClientConnection, config: dict[str, float]) -> None:
        self.socket, self.config, self.frames = socket, config, list[Frame]()

    async def event(self, code: int = 200, body: object = None) -> dict[str, Any]:
        """The next event, acknowledged with this code, or with 0 not at all."""
        parts: list[bytes] = []
        while True:
            frame = feishu_frame.decode(binary(await self.socket.recv()))
            self.frames.append(frame)
            parts.append(frame.payload)
            if frame.method == DATA and len(parts) == int(frame.headers["sum"]):
                break
        data = base64.b64encode(json.dumps(body).encode()).decode() if body is not None else None
        if code:
            said = json.dumps({"code": code, "headers": None, "data": data}).encode()
            await self.socket.send(
                feishu_frame.encode(Frame(DATA, {**frame.headers, "biz_rt": "1"}, said, frame.service))
            )
        event: dict[str, Any] = json.loads(b"".join(parts))
        return event


def binary(data: object) -> bytes:
    assert isinstance(data, bytes)
    return data


def message_of(event: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = event["event"]["message"]
    return found
