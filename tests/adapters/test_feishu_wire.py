"""The words on the wire to Feishu, which may be anybody's, and what becomes of them."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from adapters.base import DeliveryFailed
from adapters.feishu_client import FeishuClient
from adapters.feishu_faults import CardRefused, ScopeMissing
from adapters.feishu_pace import Lane
from adapters.feishu_wire import Call
from tests.fakes.feishu_stranger import FeishuStranger, Words
from tests.fakes.watch import Watch

HELLO = {"text": "你好"}


@asynccontextmanager
async def a_client(stranger: FeishuStranger, watch: Watch) -> AsyncIterator[FeishuClient]:
    async with stranger:
        client = FeishuClient("cli_a", "s3cret", stranger.url, clock=watch, wait=watch.wait)
        yield client
        await client.close()


@pytest.fixture
def watch() -> Watch:
    return Watch()


async def test_a_limit_in_words_unknown_is_one_all_the_same(watch: Watch) -> None:
    slow = Words(b'{"code":429,"msg":"slowly"}', 429, headers={"x-ogw-ratelimit-reset": "40"})
    stranger = FeishuStranger(slow)
    async with a_client(stranger, watch) as client:
        await client.send("oc_1", "text", HELLO, "u1")
    assert 40 <= watch.now <= 50


async def test_a_card_that_cannot_be_built_tells_the_inner_code(watch: Watch) -> None:
    said = b'{"code":230099,"msg":"Failed to create card content, ext=ErrCode: 11310; ErrMsg: table number"}'
    stranger = FeishuStranger(Words(said, 400))
    async with a_client(stranger, watch) as client:
        with pytest.raises(CardRefused) as refused:
            await client.send("oc_1", "interactive", HELLO, "u1")
    assert refused.value.code == 11310


@pytest.mark.parametrize(
    ("said", "named"),
    [
        (b'"error":{"permission_violations":[{"subject":"im:a"},7,{"subject":"im:b"}]}', "im:a / im:b"),
        (b'"error":{"permission_violations":"many"},"msg":"one of: [im:c, im:d]"', "im:c / im:d"),
        (b'"error":null,"msg":"Access denied"', "for this call"),
    ],
)
async def test_a_scope_is_found_wherever_it_is_named(watch: Watch, said: bytes, named: str) -> None:
    stranger = FeishuStranger(Words(b'{"code":99991672,' + said + b"}", 400))
    async with a_client(stranger, watch) as client:
        with pytest.raises(ScopeMissing, match=named):
            await client.send("oc_1", "text", HELLO, "u1")


@pytest.mark.parametrize(
    "words",
    [
        Words(b"<html>502 Bad Gateway</html>", 502, "text/html"),
        Words(b"<html>Please log in</html>", 200, "text/html"),
        Words(b"", 204),
        Words(b"{", 200),
        Words(b"\xff\xfe", 200),
        Words(b"[" * 100_000, 200),
        Words(b'"fine"', 200),
        Words(b"[0]", 200),
        Words(b"{}", 200),
        Words(b'{"code":"0","data":{"message_id":"om_2"}}', 200),
        Words(b'{"code":null}', 200),
        Words(b'{"code":0,"msg":"ok","data":{"message_id":"om_2"}}', 500),
        Words(b"", 302, "text/html", {"Location": "/login"}),
    ],
)
async def test_what_is_not_feishus_own_answer_is_a_passing_fault(watch: Watch, words: Words) -> None:
    stranger = FeishuStranger(words)
    async with a_client(stranger, watch) as client:
        assert await client.send("oc_1", "text", HELLO, "u1") == "om_1"
    assert stranger.bodies[0] == stranger.bodies[1]


@pytest.mark.parametrize(
    "data", [b"null", b"[]", b'"om_1"', b"{}", b'{"message_id":7}', b'{"message_id":""}']
)
async def test_an_answer_without_the_id_of_what_was_sent_is_an_error(watch: Watch, data: bytes) -> None:
    stranger = FeishuStranger(Words(b'{"code":0,"msg":"ok","data":' + data + b"}"))
    async with a_client(stranger, watch) as client:
        with pytest.raises(DeliveryFailed, match="message_id"):
            await client.send("oc_1", "text", HELLO, "u1")


@pytest.mark.parametrize("code", [200770, 300317])
async def test_a_change_of_a_card_that_was_done_unheard_is_done(watch: Watch, code: int) -> None:
    lost = Words(b"", 502, "text/html")
    again = Words(b'{"code":%d,"msg":"once is enough"}' % code, 400)
    stranger = FeishuStranger(lost, again)
    async with a_client(stranger, watch) as client:
        assert await client.call("PUT", "/open-apis/cardkit/v1/cards/7", body={"sequence": 3}) == {}


async def test_a_sequence_that_was_overtaken_is_refused(watch: Watch) -> None:
    stranger = FeishuStranger(Words(b'{"code":300317,"msg":"not higher"}', 400))
    async with a_client(stranger, watch) as client:
        with pytest.raises(CardRefused):
            await client.call("PUT", "/open-apis/cardkit/v1/cards/7", body={"sequence": 3})


@pytest.mark.parametrize(
    ("method", "path", "api", "place"),
    [
        ("POST", "im/v1/messages", "im/v1/messages", ""),
        ("POST", "im/v1/messages/om_1/reply", "im/v1/messages/reply", "om_1"),
        ("PATCH", "im/v1/messages/om_1", "im/v1/messages", "om_1"),
        ("GET", "im/v1/messages/om_1", "im/v1/messages", ""),
        ("DELETE", "im/v1/messages/om_1/reactions/r_1", "im/v1/messages/reactions", ""),
        ("POST", "cardkit/v1/cards", "cardkit/v1/cards", ""),
        ("PATCH", "cardkit/v1/cards/7/settings", "cardkit/v1/cards/settings", "7"),
        ("PUT", "cardkit/v1/cards/7/elements/text/content", "cardkit/v1/cards/elements/content", "7"),
    ],
)
def test_a_call_counts_for_its_api_and_where_it_goes(method: str, path: str, api: str, place: str) -> None:
    call = Call(method, f"/open-apis/{path}")
    assert call.api.name == f"{method} {api}"
    assert (call.place.name if call.place else "") == place
    assert replace(call, chat="oc_1").place == Lane("chat", "oc_1")


async def test_text_that_is_no_text_is_sent_all_the_same(watch: Watch) -> None:
    stranger = FeishuStranger()
    async with a_client(stranger, watch) as client:
        await client.send("oc_1", "text", {"text": "坏\ud800字"}, "u1")
    assert json.loads(json.loads(stranger.bodies[0])["content"]) == {"text": "坏?字"}


async def test_a_secret_and_a_token_that_feishu_tells_are_not_told_on(
    watch: Watch,
) -> None:
    said = b'{"code":99991671,"msg":"Bearer t-stranger-0123456789 of s3cret is malformed"}'
    stranger = FeishuStranger(Words(said, 400))
    async with a_client(stranger, watch) as client:
        with pytest.raises(DeliveryFailed, match="Bearer … of … is malformed"):
            await client.send("oc_1", "text", HELLO, "u1")


async def test_calls_share_a_connection(watch: Watch) -> None:
    stranger = FeishuStranger()
    async with a_client(stranger, watch) as client:
        for number in range(3):
            await client.send("oc_1", "text", HELLO, f"u{number}")
    assert len(stranger.connections) == 1
