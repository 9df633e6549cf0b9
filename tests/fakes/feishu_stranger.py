"""Something between the bot and Feishu, on a real port, that answers in words of its own."""

from dataclasses import dataclass, field
from typing import Self

from aiohttp import web

TOKEN = b'{"code":0,"msg":"ok","tenant_access_token":"t-stranger-0123456789","expire":7200}'
FINE = b'{"code":0,"msg":"success","data":{"message_id":"om_1"}}'


@dataclass(frozen=True, slots=True)
class Words:
    """One answer."""

    body: bytes
    status: int = 200
    kind: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


class FeishuStranger:
    """Gives a token, and answers other calls with its answers, one after the other, then that all is well."""

    def __init__(self, *answers: Words) -> None:
        self._answers = list(answers)
        self.bodies: list[bytes] = []
        self.connections = set[object]()
        self.url = ""

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = "http://{}:{}".format(*self._runner.addresses[0])
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.connections.add(request.transport)
        if request.path.endswith("/tenant_access_token/internal"):
            return web.Response(body=TOKEN, content_type="application/json")
        self.bodies.append(body)
        said = self._answers.pop(0) if self._answers else Words(FINE)
        headers = {"Content-Type": said.kind, **said.headers}
        return web.Response(status=said.status, body=said.body, headers=headers)
