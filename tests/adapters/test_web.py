"""The web page's doors and its safe HTML, without a browser."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse

from adapters.base import Message, Sender
from adapters.web import WebAdapter
from adapters.web_door import Door
from adapters.web_html import Renderer, allowed
from adapters.web_visitors import Visitors
from adapters.web_words import WORDS, preferred

CALLS = "/gradio_api/component_server/"


def client(password: str | None = None) -> httpx.AsyncClient:
    app = FastAPI()

    @app.get("/healthz")
    def healthz() -> str:
        return "ok"

    WebAdapter("A course", password=password).mount(app)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://course")


async def test_a_guest_gets_the_page_and_a_cookie_that_scripts_cannot_read() -> None:
    response = await client().get("/")
    assert response.status_code == 200
    assert "A course" in response.text
    assert "HttpOnly" in response.headers["set-cookie"]
    assert "default-src 'self'" in response.headers["content-security-policy"]


async def test_routes_added_before_keep_their_addresses() -> None:
    assert (await client().get("/healthz")).json() == "ok"


@pytest.mark.parametrize(
    "path", ["/gradio_api/upload", "/gradio_api/queue/join", "/gradio_api/info", "/config"]
)
async def test_what_the_page_does_not_need_of_gradio_is_closed(path: str) -> None:
    assert (await client().post(path)).status_code == 404


async def test_a_name_cannot_be_claimed_without_a_password() -> None:
    cookies = {"puyu_guest": "admin", "puyu_name": "YWRtaW4=.00"}
    assert await Visitors(None).known(cookies) is None
    assert await Visitors("secret").known(cookies) is None


async def test_the_password_lets_a_name_in_and_signs_it() -> None:
    visitors = Visitors("secret")
    assert await visitors.admit("小明", "Secret") is None
    cookie = await visitors.admit(" 小明 ", "secret")
    assert cookie is not None
    assert await visitors.known({"puyu_name": cookie}) == Sender("web:小明", "小明")
    assert await Visitors("changed").known({"puyu_name": cookie}) is None


@pytest.mark.parametrize("name", ["", " ", "a\nb", "<b>", "x" * 41])
async def test_names_that_would_look_odd_are_refused(name: str) -> None:
    assert await Visitors("secret").admit(name, "secret") is None


class Staff:
    """Who is of the staff; that may change."""

    def __init__(self, *ids: str) -> None:
        self.ids = {*ids}

    async def has(self, id: str) -> bool:
        return id in self.ids


@pytest.mark.parametrize("password", ["secret", None])
async def test_a_name_of_the_staff_is_let_in_with_the_staffs_password_alone(password: str | None) -> None:
    visitors = Visitors(password, "crew", Staff("web:李老师").has)
    assert await visitors.admit("李老师", "secret") is None
    assert await visitors.admit("小明", "crew") is None
    cookie = await visitors.admit("李老师", "crew")
    assert cookie is not None
    assert await visitors.known({"puyu_name": cookie}) == Sender("web:李老师", "李老师")
    assert visitors.admits({"puyu_name": cookie})
    assert await Visitors(password, "changed", Staff().has).known({"puyu_name": cookie}) is None


async def test_who_had_the_name_before_it_became_one_of_the_staff_has_it_no_more() -> None:
    staff = Staff()
    visitors = Visitors("secret", "crew", staff.has)
    cookie = await visitors.admit("小明", "secret")
    assert cookie is not None
    assert await visitors.known({"puyu_name": cookie})
    staff.ids.add("web:小明")
    assert await visitors.known({"puyu_name": cookie}) is None


@pytest.mark.parametrize("given", ["secret", "", "None"])
async def test_without_a_password_of_theirs_nobody_of_the_staff_comes_in(given: str) -> None:
    assert await Visitors("secret", None, Staff("web:李老师").has).admit("李老师", given) is None


async def test_the_form_tells_the_staff_what_to_sign_in_with() -> None:
    for password, staff_password, told in (("x", None, False), ("x", "crew", True), (None, "crew", True)):
        form = (await door(password, staff_password).get("/login", follow_redirects=True)).text
        assert (WORDS["zh"]["staff"] in form) is told
    assert f"<label>{WORDS['zh']['staff_password']}" in form


async def test_guests_are_asked_for_nothing_where_the_staff_may_sign_in() -> None:
    home = door(None, "crew")
    assert (await home.get("/")).text == "the page"
    assert "puyu_guest" in home.cookies
    refused = await home.post("/login", content="name=b&password=crew")
    home.cookies.clear()
    signed = await home.post("/login", content="name=a&password=crew")
    assert (refused.status_code, signed.status_code) == (403, 303)
    assert (await home.get("/", headers={"cookie": signed.headers["set-cookie"]})).text == "the page"


def door(password: str | None, staff_password: str | None) -> httpx.AsyncClient:
    visitors = Visitors(password, staff_password, Staff("web:a").has)
    app = Door(PlainTextResponse("the page"), visitors, "A course", ("zh", "en"))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://course")


async def test_calls_without_the_password_are_turned_away() -> None:
    response = await client("secret").post("/gradio_api/component_server", json={})
    assert response.status_code == 401


async def test_a_wrong_password_gets_the_form_again_and_no_cookie() -> None:
    response = await client("secret").post("/login", content="name=a&password=b")
    assert response.status_code == 403
    assert WORDS["zh"]["refused"] in response.text
    assert "set-cookie" not in response.headers


async def test_guessing_the_password_is_slow_also_when_many_guess_at_once() -> None:
    page, clock = client("secret"), asyncio.get_running_loop().time
    before = clock()
    await asyncio.gather(*(page.post("/login", content="name=a&password=b") for _ in range(3)))
    assert clock() - before > 1.4


async def test_the_address_of_the_form_leads_to_the_page() -> None:
    assert (await client("secret").get("/login")).headers["location"] == "/"


async def test_other_sites_cannot_call_for_a_reader() -> None:
    page, origin = client(), {"origin": "http://other.course"}
    asking = {**origin, "access-control-request-method": "POST"}
    assert (await page.options(CALLS, headers=asking)).status_code == 404
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        response = await page.post(CALLS, content="{}", headers={**origin, "content-type": kind})
        assert response.status_code == 404


@pytest.mark.parametrize("path", ["/login", CALLS])
async def test_what_is_far_too_long_is_not_read_to_its_end(path: str) -> None:
    read = 0

    async def flood() -> AsyncIterator[bytes]:
        nonlocal read
        while read < 100:
            read += 1
            yield b"x" * 100_000

    page = client("secret") if path == "/login" else client()
    response = await page.post(path, content=flood(), headers={"content-type": "application/json"})
    assert response.status_code in (400, 413)
    assert read < 20


def test_raw_html_is_shown_as_text() -> None:
    assert Renderer().html("<script>x</script>") == "<p>&lt;script&gt;x&lt;/script&gt;</p>\n"


@pytest.mark.parametrize(
    ("url", "may"),
    [
        ("https://a.org/x?y=1#z", True),
        ("/read/course/a.md#b", True),
        ("//a.org", False),
        ("/\\a.org", False),
        ("/\t/a.org", False),
        ("javascript:x", False),
        ("JAVASCRIPT:x", False),
        ("data:text/html,x", False),
        ("read/a.md", False),
        ("", False),
    ],
)
def test_links_lead_to_the_web_or_to_this_site(url: str, may: bool) -> None:
    assert allowed(url) is may


def test_a_picture_becomes_a_link() -> None:
    html = Renderer().html('![a "b" <i>](https://a.org/p.png)')
    assert "<img" not in html
    assert '<a href="https://a.org/p.png" target="_blank"' in html
    assert "a &quot;b&quot; &lt;i&gt;</a>" in html


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("见 https://a.org/x。", "https://a.org/x"),
        ("(https://a.org/x)", "https://a.org/x"),
        ("https://a.org/x_(y)", "https://a.org/x_(y)"),
        ("https://a.org/x.", "https://a.org/x"),
        ("**https://a.org/x**", "https://a.org/x"),
    ],
)
def test_bare_addresses_become_links(text: str, url: str) -> None:
    assert f'<a href="{url}"' in Renderer().html(text)


def test_addresses_in_code_and_links_stay_as_they_are() -> None:
    assert Renderer().html("`https://a.org`") == "<p><code>https://a.org</code></p>\n"
    assert Renderer().html("[https://a.org](/x)").count("<a ") == 1


def test_code_is_coloured_and_unknown_languages_are_plain() -> None:
    assert '<span class="k">return</span>' in Renderer().html("```python\nreturn 1 < 2\n```")
    assert "a &lt; b" in Renderer().html("```nonsense\na < b\n```")


def test_a_code_block_that_has_not_ended_yet_is_code() -> None:
    assert "<pre><code" in Renderer().html("See:\n```python\nprint(")


def test_both_languages_have_the_same_words() -> None:
    assert WORDS["zh"].keys() == WORDS["en"].keys()


def test_the_first_language_that_the_browser_wants_and_the_page_has_is_taken() -> None:
    assert preferred("fr, en-GB;q=0.8, zh;q=0.5", ("zh", "en")) == "en"
    assert preferred("fr", ("zh", "en")) == "zh"


async def test_it_is_connected_only_while_it_runs() -> None:
    adapter = WebAdapter("A course")
    adapter.mount(FastAPI())
    assert not adapter.connected
    running = asyncio.create_task(adapter.run(never_called))
    await asyncio.wait({running}, timeout=0)
    assert adapter.connected
    running.cancel()
    await asyncio.wait({running})
    assert not adapter.connected


async def never_called(_message: Message) -> None: ...
