"""What the fake Feishu server sends has the recorded shapes, and lark-oapi understands it."""

import asyncio
import hashlib
import json
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import feishu_frame
from tests.fakes.feishu_frame import DATA, Frame
from tests.fakes.feishu_server import FeishuServer, Person
from tests.fakes.feishu_shapes import every_event, shape

SHAPES = Path(__file__).parent.parent / "data" / "feishu"


@pytest.fixture
def server() -> Iterator[FeishuServer]:
    with FeishuServer() as server:
        yield server


@pytest.fixture
def lin(server: FeishuServer) -> Person:
    return server.person("小林")


@pytest.fixture(scope="module")
def lark() -> Iterator[Any]:
    """lark-oapi; it takes seconds, and opens a loop that it never closes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lark = import_module("lark_oapi")
    yield lark
    lark.ws.client.loop.close()


def test_events_have_the_shapes_in_the_data(server: FeishuServer, lin: Person) -> None:
    events = every_event(server, lin)
    assert {path.stem for path in SHAPES.glob("*.json")} == set(events)
    for name, event in events.items():
        kept = json.loads((SHAPES / f"{name}.json").read_text(encoding="utf-8"))
        assert shape(event) == shape(kept), name


def names_in(value: object, path: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield f"{path}.{name}"
            yield from names_in(inner, f"{path}.{name}")


def test_lark_oapi_takes_every_event(lark: Any, server: FeishuServer, lin: Person) -> None:
    kinds = {one["header"]["event_type"] for one in every_event(server, lin).values()}
    taken: list[str] = []

    def take(event: Any) -> dict[str, str]:
        taken.append(event.header.event_id)
        return {}

    builder = lark.EventDispatcherHandler.builder(server.encrypt_key, server.verification_token)
    for kind in kinds:
        name = f"register_p2_{kind.replace('.', '_')}"
        builder = getattr(builder, name)(take)
    handler = builder.build()
    for event in server.events:
        body, headers = server.hooked(event)
        request = lark.RawRequest()
        request.uri, request.body, request.headers = "/", body, headers
        assert handler.do(request).status_code == 200
    assert taken == [one["header"]["event_id"] for one in server.events]
    request.headers = {**headers, "X-Lark-Signature": hashlib.sha256(b"x").hexdigest()}
    assert handler.do(request).status_code == 500


def test_lark_oapi_knows_every_name_in_the_events(lark: Any, server: FeishuServer, lin: Person) -> None:
    for event in every_event(server, lin).values():
        parts = event["header"]["event_type"].replace(".", "_").split("_")
        name = f"P2{''.join(part.capitalize() for part in parts)}"
        callback = import_module("lark_oapi.event.callback.model.p2_card_action_trigger")
        places = (lark.im.v1, lark.application.v6, callback)
        model = next(getattr(place, name) for place in places if hasattr(place, name))
        known = set(names_in(json.loads(lark.JSON.marshal(lark.JSON.unmarshal(json.dumps(event), model)))))
        # What is null is not written out again.
        unknown = {path for path in names_in(event) if path not in known}
        assert all(path.endswith("user_id") for path in unknown), unknown


def test_lark_oapi_decrypts_what_is_sent(lark: Any, server: FeishuServer) -> None:
    body, _headers = server.hooked({"challenge": "你好"})
    cipher = lark.AESCipher(server.encrypt_key)
    assert json.loads(cipher.decrypt_str(json.loads(body)["encrypt"])) == {"challenge": "你好"}


def test_lark_oapi_reads_the_frames_and_the_server_reads_its(lark: Any) -> None:
    headers = {"type": "event", "message_id": "m", "sum": "1", "seq": "0", "trace_id": "t"}
    sent = Frame(DATA, headers, "装".encode() * 100, 33554678, 2**40, 7, "gzip", "json", "log")
    frame = lark.ws.pb.pbbp2_pb2.Frame()
    frame.ParseFromString(feishu_frame.encode(sent))
    assert {header.key: header.value for header in frame.headers} == headers
    assert (frame.SeqID, frame.LogID, frame.service, frame.method) == (2**40, 7, 33554678, DATA)
    assert feishu_frame.decode(frame.SerializeToString()) == sent
    with pytest.raises(ValueError, match="no field"):
        feishu_frame.decode(b"")


def test_lark_oapi_s_own_client_gets_an_event_and_its_answer_is_taken(
    lark: Any, server: FeishuServer, lin: Person
) -> None:
    builder = lark.EventDispatcherHandler.builder("", "")
    handler = builder.register_p2_im_message_receive_v1(lambda _event: None).build()

    def client() -> Any:
        app, once = (server.app_id, server.app_secret), {"auto_reconnect": False}
        return lark.ws.Client(*app, event_handler=handler, domain=server.url, **once)

    with running(lark, client):
        server.wait(lambda: server.connections)
        server.split_over = 200
        server.direct(lin).say(lin, "在吗" * 100)
        server.wait(lambda: [code for code, _ in server.acks.values()] == [200])
    assert server.flaws == []


@contextmanager
def running(lark: Any, made: Callable[[], Any]) -> Iterator[None]:
    """The client, made and run in the thread and on the loop that it wants to have for itself."""
    module, loop = lark.ws.client, asyncio.new_event_loop()
    before, module.loop = module.loop, loop

    def run() -> None:
        asyncio.set_event_loop(loop)
        client = made()
        with suppress(RuntimeError):
            client.start()
        loop.run_until_complete(client._disconnect())
        for task in (tasks := asyncio.all_tasks(loop)):
            task.cancel()
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        module.loop = before
