"""The client keeps Feishu's pace, renews its token, waits out what passes, and says what is to be done."""

import socket
from collections.abc import Iterator

import pytest

from adapters.feishu_api import FeishuApi
from tests.fakes.feishu_docs import Clock, Fault, FeishuDocs, block

DOCUMENT = "/open-apis/docx/v1/documents/one"
TOKEN = "/auth/v3/tenant_access_token/internal"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def server() -> Iterator[FeishuDocs]:
    with FeishuDocs(Clock()) as started:
        yield started


@pytest.fixture
def feishu(server: FeishuDocs, clock: Clock) -> FeishuDocs:
    server.reset(clock)
    server.write("one", "One", block(2, "b1", "words"))
    return server


@pytest.fixture
def api(feishu: FeishuDocs, clock: Clock) -> Iterator[FeishuApi]:
    with FeishuApi("cli_a", "s3cret", feishu.url, clock=clock, wait=clock.wait) as client:
        yield client


def test_one_token_serves_until_shortly_before_it_expires(
    api: FeishuApi, feishu: FeishuDocs, clock: Clock
) -> None:
    assert api.get(DOCUMENT).data["document"] == {"document_id": "one", "revision_id": 1, "title": "One"}
    api.get(DOCUMENT)
    assert feishu.calls[TOKEN] == 1
    clock.now += 7000
    assert not api.get(DOCUMENT).trouble
    assert feishu.calls[TOKEN] == 2


def test_a_token_that_feishu_no_longer_takes_is_renewed_once(api: FeishuApi, feishu: FeishuDocs) -> None:
    api.get(DOCUMENT)
    feishu.expire()
    assert not api.get(DOCUMENT).trouble
    assert feishu.calls[TOKEN] == 2
    feishu.faults.append(Fault("/docx", 9, 400, {"code": 99991663, "msg": "Invalid access token"}))
    assert api.get(DOCUMENT).trouble == "down"
    assert feishu.calls[TOKEN] == 3


def test_documents_are_asked_for_at_most_five_times_a_second(
    api: FeishuApi, feishu: FeishuDocs, clock: Clock
) -> None:
    for _ in range(20):
        assert not api.get(DOCUMENT).trouble
    assert feishu.calls["/docx/v1/documents/one"] == 20
    assert 3 <= sum(clock.waits) < 4


def test_a_limit_that_others_used_up_is_waited_out(api: FeishuApi, feishu: FeishuDocs, clock: Clock) -> None:
    body = {"code": 99991400, "msg": "request trigger frequency limit"}
    feishu.faults.append(Fault("/docx", 2, 400, body, {"x-ogw-ratelimit-reset": "7"}))
    assert not api.get(DOCUMENT).trouble
    assert clock.waits == [7, 7]


def test_a_limit_that_does_not_end_is_given_up(api: FeishuApi, feishu: FeishuDocs, clock: Clock) -> None:
    body = {"code": 99991400, "msg": "request trigger frequency limit"}
    feishu.faults.append(Fault("/docx", 99, 429, body, {"x-ogw-ratelimit-reset": "9000"}))
    assert api.get(DOCUMENT).trouble == "down"
    assert clock.waits == [60] * 4


def test_an_error_of_the_gateway_is_tried_again(api: FeishuApi, feishu: FeishuDocs, clock: Clock) -> None:
    feishu.faults.append(Fault("/docx", 2, 502, "<html>bad gateway</html>"))
    assert not api.get(DOCUMENT).trouble
    assert clock.waits == [1, 2]
    feishu.faults.append(Fault("/docx", 99, 502, "<html>bad gateway</html>"))
    assert api.get(DOCUMENT).reason == "Feishu answered HTTP 502"


def test_an_unreachable_address_is_named(clock: Clock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with FeishuApi("cli_a", "s3cret", f"http://127.0.0.1:{port}", clock=clock, wait=clock.wait) as api:
        answer = api.get(DOCUMENT)
    assert answer.trouble == "down"
    assert f"127.0.0.1:{port} (ConnectError)" in answer.reason
    assert len(clock.waits) == 4


def test_a_wrong_secret_is_said_and_never_shown(feishu: FeishuDocs, clock: Clock) -> None:
    with FeishuApi("cli_a", "wr0ng", feishu.url, clock=clock, wait=clock.wait) as api:
        answer = api.get(DOCUMENT)
    assert answer.trouble == "down"
    assert "correct FEISHU_APP_ID and FEISHU_APP_SECRET" in answer.reason
    assert "wr0ng" not in answer.reason


def test_a_token_in_feishus_own_words_is_not_repeated(api: FeishuApi, feishu: FeishuDocs) -> None:
    api.get(DOCUMENT)
    feishu.faults.append(Fault("/docx", 9, 400, {"code": 1, "msg": "no such token: t-0-1000.000"}))
    assert api.get(DOCUMENT).reason == "Feishu answered 1 no such token: …"


def test_a_missing_scope_is_named_with_the_page_that_grants_it(api: FeishuApi, feishu: FeishuDocs) -> None:
    feishu.scopes.remove("docx:document:readonly")
    answer = api.get(DOCUMENT)
    assert answer.trouble == "scope"
    assert "docx:document:readonly" in answer.reason
    assert f"{feishu.url}/app/cli_a/auth" in answer.reason


@pytest.mark.parametrize(
    ("status", "body", "trouble"),
    [
        (404, {"code": 1770002, "msg": "resource deleted"}, "gone"),
        (400, {"code": 1770032, "msg": "forBidden"}, "gone"),
        (404, {"code": 4711, "msg": "unknown"}, "gone"),
        (403, {"code": 4711, "msg": "not yours"}, "other"),
        (200, {"code": 0, "msg": "success"}, "other"),
        (200, {"code": 91403, "msg": "Forbidden"}, "gone"),
        (400, {"code": 1770001, "msg": "invalid param"}, "other"),
        (404, "404 page not found", "down"),
        (403, "<html>Forbidden by the proxy</html>", "down"),
        (404, "", "down"),
        (404, {"code": 404, "msg": "no route"}, "down"),
        (403, {"code": 90001, "message": "blocked"}, "down"),
        (200, "<html>log in to the campus network</html>", "down"),
        (403, {"code": 99991672, "msg": "Access denied"}, "scope"),
        (400, {"code": 99991403, "msg": "quota"}, "down"),
    ],
)
def test_what_went_wrong_is_told_apart(
    api: FeishuApi, feishu: FeishuDocs, status: int, body: object, trouble: str
) -> None:
    feishu.faults.append(Fault("/docx", 1, status, body))
    assert api.get(DOCUMENT).trouble == trouble
