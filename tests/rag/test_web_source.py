"""Pages of the web are read, politely, again only when they changed, and never from where they should not."""

import gzip
import itertools
import shutil
import ssl
import subprocess
import tracemalloc
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from rag.sources.web.body import body
from rag.sources.web.network import Network, public, resolved
from rag.sources.web.source import WebSource
from rag.types import Document, DocumentUnreadable, Skipped, SourceUnavailable, Unchanged
from tests.fakes.web_site import Page, WebSite

Found = Document | Unchanged | Skipped
LARGE = 20 * 1024 * 1024 + 1


@pytest.fixture(scope="module")
def running() -> Iterator[WebSite]:
    with WebSite() as site:
        yield site


@pytest.fixture
def site(running: WebSite) -> WebSite:
    """A site that has been empty and unvisited so far."""
    running.pages, running.asked, running.hosts = {}, [], []
    return running


def at_home(host: str, port: int) -> Sequence[str]:
    """Every name is this machine's."""
    return ["127.0.0.1"]


def read(
    *urls: str, known: Sequence[Found] = (), private: bool = True, network: Network | None = None
) -> list[Found]:
    """What the pages are to an index that holds what was `known`."""
    source = WebSource("web", urls, private, network=network or Network(at_home, seconds=5))
    return list(source.documents({one.path: one.mark for one in known if isinstance(one, Document)}))


def document(*found: Found) -> Document:
    (only,) = found
    assert isinstance(only, Document), only
    return only


def reason(*found: Found) -> str:
    (only,) = found
    assert isinstance(only, Skipped), only
    return only.reason


HTML = "<title>Deploy</title><h1>部署</h1><p>lmdeploy serve</p>"


def test_a_page_is_a_document(site: WebSite) -> None:
    site.pages["/docs/deploy"] = Page(HTML)
    found = document(*read(f"{site.url}/docs/deploy"))
    path = f"127.0.0.1:{site.port}/docs/deploy"
    assert (found.id, found.path, found.url) == (f"web/{path}", path, f"{site.url}/docs/deploy")
    assert "lmdeploy serve" in found.sections[-1].text


@pytest.mark.parametrize(
    ("path", "type", "body"),
    [
        ("/page", "text/html", "<h1>T</h1><p>x"),
        ("/page.php", "application/xhtml+xml; charset=utf-8", "<h1>T</h1><p>x</p>"),
        ("/page", "text/markdown", "# T\nx"),
        ("/page.md", "text/plain", "# T\nx"),
        ("/page.md", "", "# T\nx"),
        ("/page.MD?raw=1", "application/octet-stream", "# T\nx"),
    ],
)
def test_the_format_goes_by_the_type_and_then_by_the_name(
    site: WebSite, path: str, type: str, body: str
) -> None:
    site.pages[path] = Page(body, type)
    assert document(*read(site.url + path)).title == "T"


def test_plain_text_of_any_name_is_text(site: WebSite) -> None:
    site.pages["/notes"] = Page("only text", "text/plain")
    assert document(*read(f"{site.url}/notes"))


def test_text_is_read_in_the_encoding_that_the_server_names(site: WebSite) -> None:
    site.pages["/big5"] = Page("<h1>結業證書</h1>課程".encode("big5"), "text/html; charset=big5")
    site.pages["/utf8"] = Page("<h1>结营证书</h1>课程", "text/html; charset=iso-8859-1")
    titles = [one.title for one in read(f"{site.url}/big5", f"{site.url}/utf8") if isinstance(one, Document)]
    assert titles == ["結業證書", "结营证书"]


@pytest.mark.parametrize("validator", [{"etag": '"1"'}, {"modified": "Sat, 01 Nov 2025 08:00:00 GMT"}])
def test_a_page_is_not_sent_again_unless_it_changed(site: WebSite, validator: dict[str, str]) -> None:
    site.pages["/a"] = Page(HTML, **validator)  # type: ignore[arg-type]  # names of fields
    first = read(f"{site.url}/a")
    assert read(f"{site.url}/a", known=first) == [Unchanged(first[0].path)]
    site.change("/a", body="<h1>New</h1>", **dict.fromkeys(validator, '"2"'))
    assert document(*read(f"{site.url}/a", known=first)).title == "New"
    assert site.statuses("/a") == [200, 304, 200]


@pytest.mark.parametrize("etag", ['"é"', f'"{"x" * 1000}"'])
def test_a_validator_that_cannot_be_sent_back_is_not_kept(site: WebSite, etag: str) -> None:
    site.pages["/a"] = Page(HTML, etag=etag)
    first = document(*read(f"{site.url}/a"))
    assert len(first.mark) < 300
    assert read(f"{site.url}/a", known=[first]) == [Unchanged(first.path, first.mark)]
    assert site.statuses("/a") == [200, 200]


def test_a_new_validator_of_the_same_text_is_kept(site: WebSite) -> None:
    site.pages["/a"] = Page(HTML, etag='"1"')
    first = document(*read(f"{site.url}/a"))
    site.change("/a", etag='"2"')
    (found,) = read(f"{site.url}/a", known=[first])
    assert isinstance(found, Unchanged)
    assert read(f"{site.url}/a", known=[replace(first, mark=found.mark)]) == [Unchanged(first.path)]
    assert site.statuses("/a") == [200, 200, 304]


def test_without_validators_the_text_decides(site: WebSite) -> None:
    site.pages["/a"] = Page(f"{HTML}<script>token = 1</script>")
    first = document(*read(f"{site.url}/a"))
    site.change("/a", body=f"{HTML}<script>token = 2</script>")
    assert read(f"{site.url}/a", known=[first]) == [Unchanged(first.path, first.mark)]
    site.change("/a", body=f"{HTML}<p>new</p>")
    assert document(*read(f"{site.url}/a", known=[first]))


def test_other_labels_make_another_document(site: WebSite) -> None:
    site.pages["/a"] = Page(HTML, etag='"1"')
    known = {one.path: one.mark for one in read(f"{site.url}/a") if isinstance(one, Document)}
    source = WebSource("web", [f"{site.url}/a"], True, cohort="camp5", network=Network(at_home))
    assert document(*source.documents(known)).cohort == "camp5"


@pytest.mark.parametrize("status", [404, 410])
def test_a_page_that_is_gone_leaves_and_one_that_never_was_is_named(site: WebSite, status: int) -> None:
    site.pages["/a"] = Page(HTML)
    first = read(f"{site.url}/a")
    site.change("/a", status=status)
    assert read(f"{site.url}/a", known=first) == []
    assert f"answers {status}" in reason(*read(f"{site.url}/a"))


@pytest.mark.parametrize(
    ("page", "why"),
    [
        (Page(status=500), "answers 500"),
        (Page(status=403), "answers 403"),
        (Page(status=304), "answers 304"),
        (Page("x", "image/png"), "type that is not read: image/png"),
        (Page("PK", "application/zip"), "type that is not read: application/zip"),
        (Page(""), "nothing in it"),
        (Page("x" * LARGE, "text/plain"), "larger than 20 MB"),
        (Page(headers={"Content-Length": str(LARGE)}), "larger than 20 MB"),
        (Page("x" * LARGE, packed=True), "larger than 20 MB"),
        (Page("x", headers={"Content-Encoding": "br"}), "not asked for: br"),
        (Page("x", headers={"Content-Encoding": "gzip"}), "damaged"),
        (Page("half", fault="cut"), "cut off"),
        (Page(fault="garbage"), "garbled"),
    ],
)
def test_a_page_that_cannot_be_read_is_named_and_others_are_read(site: WebSite, page: Page, why: str) -> None:
    site.pages |= {"/bad": page, "/good": Page(HTML)}
    bad, good = read(f"{site.url}/bad", f"{site.url}/good")
    assert why in reason(bad)
    assert document(good)


@pytest.mark.parametrize("fault", ["hang", "drip", "drip_headers"])
def test_a_site_that_keeps_us_waiting_is_left(site: WebSite, fault: str) -> None:
    site.pages["/slow"] = Page("x", fault=fault)  # type: ignore[arg-type]  # one of its faults
    found = read(f"{site.url}/slow", network=Network(at_home, seconds=0.2))
    assert reason(*found) == "not sent within 0.2 s"


GZIP = gzip.compress(b"", mtime=0)


@pytest.mark.parametrize(
    ("encoding", "start", "on", "why"),
    [
        ("", b"", b"x" * 65536, "larger than 20 MB"),
        ("gzip", GZIP[:10], b"\0\0\0\xff\xff" * 9999, "larger than 20 MB"),
        ("gzip", GZIP, b"x" * 65536, "something stands behind its end"),
    ],
)
def test_a_page_without_an_end_is_left(encoding: str, start: bytes, on: bytes, why: str) -> None:
    """Nor does it help to send what unpacks to nothing."""
    with pytest.raises(DocumentUnreadable, match=why):
        body(httpx.Headers({"content-encoding": encoding}), itertools.chain([start], itertools.repeat(on)))


def test_a_page_that_unpacks_to_far_more_takes_no_more_memory_than_a_large_one() -> None:
    bomb = gzip.compress(bytes(5 * LARGE), 1)
    tracemalloc.start()
    with pytest.raises(DocumentUnreadable, match="larger than 20 MB"):
        body(httpx.Headers({"content-encoding": "gzip"}), [bomb])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * LARGE


def test_packed_pages_are_unpacked(site: WebSite) -> None:
    site.pages["/a"] = Page(HTML, packed=True)
    assert document(*read(f"{site.url}/a")).title == "部署"


def test_redirects_are_followed_to_the_address_that_students_get(site: WebSite) -> None:
    site.pages |= {"/old": Page(status=301, to="/new#part"), "/new": Page(HTML, etag='"1"')}
    first = document(*read(f"{site.url}/old"))
    assert (first.path, first.url) == (f"127.0.0.1:{site.port}/old", f"{site.url}/new")
    assert read(f"{site.url}/old", known=[first]) == [Unchanged(first.path)]
    assert site.statuses("/new") == [200, 304]


def test_what_is_held_of_one_address_says_nothing_of_another(site: WebSite) -> None:
    site.pages |= {
        "/old": Page(status=302, to="/1"),
        "/1": Page(HTML, etag='"v"'),
        "/2": Page(HTML, etag='"v"'),
    }
    first = read(f"{site.url}/old")
    site.change("/old", to="/2")
    assert document(*read(f"{site.url}/old", known=first)).url == f"{site.url}/2"


def test_redirects_end(site: WebSite) -> None:
    site.pages |= {f"/{number}": Page(status=302, to=f"/{number + 1}") for number in range(7)}
    site.pages["/7"] = Page(HTML)
    assert reason(*read(f"{site.url}/0")) == "more than 5 redirects"
    assert document(*read(f"{site.url}/2"))


@pytest.mark.parametrize(
    "to",
    ["file:///etc/passwd", "ftp://h/x", "http://u:p@127.0.0.1/", "http://[::1/", "http://127.0.0.1:99999/"],
)
def test_redirects_lead_to_web_pages_alone(site: WebSite, to: str) -> None:
    site.pages["/a"] = Page(status=302, to=to)
    assert "address" in reason(*read(f"{site.url}/a"))


def test_a_name_that_nobody_can_have_is_one_that_cannot_be_reached(site: WebSite) -> None:
    site.pages |= {"/a": Page(status=302, to="http://xn--a/"), "/b": Page(HTML)}
    network = Network(lambda host, port: resolved(host, port) if host == "xn--a" else ["127.0.0.1"])
    assert "the name xn--a is not known" in reason(read(f"{site.url}/b", f"{site.url}/a", network=network)[1])


def test_robots_txt_is_obeyed(site: WebSite) -> None:
    site.pages |= {
        "/robots.txt": Page(
            "User-agent: PuyuTA\nDisallow: /private\n\nUser-agent: *\nDisallow: /", "text/plain"
        ),
        "/private/a": Page(HTML),
        "/open": Page(HTML),
        "/leads": Page(status=302, to="/private/a"),
    }
    urls = [f"{site.url}{path}" for path in ("/private/a", "/open", "/leads")]
    shut, allowed, led = read(*urls)
    assert "robots.txt" in reason(shut)
    assert document(allowed)
    assert "robots.txt" in reason(led)
    assert site.statuses("/private/a") == []
    assert site.statuses("/robots.txt") == [200]


def test_robots_txt_is_asked_before_a_page_that_is_held_already(site: WebSite) -> None:
    site.pages["/a"] = Page(HTML, etag='"1"')
    first = read(f"{site.url}/a")
    site.pages["/robots.txt"] = Page("User-agent: *\nDisallow: /", "text/plain")
    assert "robots.txt" in reason(*read(f"{site.url}/a", known=first))
    assert site.statuses("/a") == [200]


@pytest.mark.parametrize(("status", "allowed"), [(404, True), (403, True), (500, False), (503, False)])
def test_robots_txt_that_cannot_be_had_allows_what_rfc_9309_says(
    site: WebSite, status: int, allowed: bool
) -> None:
    site.pages |= {"/robots.txt": Page(status=status), "/a": Page(HTML)}
    (found,) = read(f"{site.url}/a")
    assert isinstance(found, Document) == allowed
    assert len(site.statuses("/a")) == allowed


def test_pages_are_asked_for_as_slowly_as_the_site_wants_but_not_for_ever(site: WebSite) -> None:
    site.pages |= {f"/{number}": Page(HTML) for number in range(3)}
    for delay, waited in (("0.5", [0.5, 0.5]), ("86400", [10, 10])):
        pauses: list[float] = []
        site.pages["/robots.txt"] = Page(f"User-agent: *\nCrawl-delay: {delay}", "text/plain")
        read(*(f"{site.url}/{number}" for number in range(3)), network=Network(at_home, pause=pauses.append))
        assert pauses == waited


def test_an_address_listed_twice_is_read_once(site: WebSite) -> None:
    site.pages["/a"] = Page(HTML)
    upper = site.url.replace("http", "HTTP")
    assert document(*read(f"{site.url}/a", f"{upper}/x/../a#part"))


def test_paths_can_be_read(site: WebSite) -> None:
    site.pages["/%E7%AC%AC1%E8%AF%BE/a%20b?page=2"] = Page(HTML)
    site.pages["/a%2Fb"] = Page(HTML)
    one, two = read(f"{site.url}/第1课/a b?page=2", f"{site.url}/a%2Fb")
    assert one.path == f"127.0.0.1:{site.port}/第1课/a b?page=2"
    assert two.path == f"127.0.0.1:{site.port}/a%2Fb"


@pytest.mark.parametrize(
    "url", ["ftp://h/x", "file:///etc/passwd", "no address", "https://", "http://h:port/"]
)
def test_an_address_that_is_none_is_named(site: WebSite, url: str) -> None:
    site.pages["/a"] = Page(HTML)
    _, found = read(url, f"{site.url}/a")
    assert isinstance(found, Skipped)
    assert (found.path, "address" in found.reason) == (url, True)


def test_a_password_in_an_address_is_neither_used_nor_told() -> None:
    assert read("https://ta:hunter2@course.example/a") == [
        Skipped("course.example/a", "an address with a name or password in it is not asked for")
    ]


def test_without_a_network_the_source_is_away(unused_tcp_port: int) -> None:
    url = f"http://127.0.0.1:{unused_tcp_port}"
    with pytest.raises(
        SourceUnavailable, match=r"none of its pages can be reached, .*/a: .* cannot be reached"
    ):
        read(f"{url}/a", f"{url}/b")


def test_a_name_that_is_not_known_is_an_address_that_cannot_be_reached() -> None:
    def unknown(host: str, port: int) -> Sequence[str]:
        raise OSError("Name or service not known")

    with pytest.raises(SourceUnavailable, match=r"the name course\.example is not known"):
        read("http://course.example/", network=Network(unknown))


def test_one_host_that_is_away_takes_no_other_with_it(site: WebSite, unused_tcp_port: int) -> None:
    site.pages["/a"] = Page(HTML)
    away = f"http://127.0.0.1:{unused_tcp_port}/b"
    first, second, third = read(away, f"{site.url}/a", f"{away}?2")
    assert "cannot be reached" in reason(first)
    assert document(second)
    assert "cannot be reached" in reason(third)


def test_nothing_is_read_from_a_private_network(site: WebSite) -> None:
    site.pages["/a"] = Page(HTML)
    for host in ("127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"):
        found = read(f"http://{host}:{site.port}/a", private=False, network=Network(seconds=5))
        assert "has the private address" in reason(*found)
    found = read(f"http://course.example:{site.port}/a", private=False)
    assert "course.example" in reason(*found)
    assert site.asked == []


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
        *("224.0.0.1", "240.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.2.1", "100.100.100.200"),
        *("::1", "::", "fe80::1%eth0", "fc00::1", "fec0::1", "ff02::1", "2001:db8::1", "::ffff:10.0.0.1"),
        *("2002:7f00:1::", "64:ff9b::7f00:1", "64:ff9b:1::a00:1", "::10.0.0.1", "2001:0:4136:e378::1"),
    ],
)
def test_addresses_that_are_not_the_internets_are_private(address: str) -> None:
    assert not public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert public(address)


def test_one_private_address_among_public_ones_is_one_too_many() -> None:
    network = Network(lambda host, port: ["93.184.216.34", "10.0.0.1"])
    assert "private address 10.0.0.1" in reason(
        *read("http://course.example/", private=False, network=network)
    )


def test_a_redirect_leads_to_no_other_private_place(site: WebSite) -> None:
    """Not to another host, and not to another service of the same one."""
    with WebSite() as inner:
        inner.pages["/secret"] = Page(HTML)
        for to in (f"{inner.url}/secret", f"http://intranet.example:{inner.port}/secret"):
            site.pages["/a"] = Page(status=302, to=to)
            assert "private address 127.0.0.1" in reason(*read(f"{site.url}/a"))
        assert inner.asked == []


@pytest.mark.parametrize(
    "address",
    [
        *("169.254.169.254", "168.63.129.16", "100.100.100.200", "fd00:ec2::254"),
        *("::ffff:168.63.129.16", "64:ff9b::a83f:8110"),
    ],
)
@pytest.mark.parametrize("private", [True, False])
def test_the_metadata_of_a_cloud_machine_is_no_page_at_all(address: str, private: bool) -> None:
    network = Network(lambda host, port: [address], seconds=0.1)
    found = read("http://course.example/", private=private, network=network)
    assert f"private address {address}" in reason(*found)


def test_a_connection_goes_to_the_address_that_was_checked(site: WebSite) -> None:
    """Whatever a name stands for when it is asked for a second time."""
    site.pages["/a"] = Page(HTML)
    answers = iter([["127.0.0.1"]] * 2 + [["10.0.0.1"]])
    url = f"http://course.example:{site.port}/a"
    assert document(*read(url, network=Network(lambda host, port: next(answers))))
    assert site.hosts == [f"course.example:{site.port}"] * 2


def test_an_address_that_does_not_answer_gives_way_to_the_next(site: WebSite) -> None:
    site.pages["/a"] = Page(HTML)
    network = Network(lambda host, port: ["127.0.0.2", "127.0.0.1"])
    assert document(*read(f"http://course.example:{site.port}/a", network=network))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate of course.example, in one file."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    file = tmp_path_factory.mktemp("tls") / "course.pem"
    name = ["-subj", "/CN=course.example", "-addext", "subjectAltName=DNS:course.example"]
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command = ["openssl", "req", "-x509", "-days", "2", *key, *name, "-keyout", str(file), "-out", str(file)]
    pem = subprocess.run([*command[:-4], "-keyout", "-", "-out", "-"], check=True, capture_output=True)
    file.write_bytes(pem.stdout)
    return file


@pytest.fixture
def secure(certificate: Path) -> Iterator[WebSite]:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    with WebSite(tls) as site:
        site.pages["/a"] = Page(HTML)
        yield site


def test_a_certificate_is_checked_against_the_name(secure: WebSite, certificate: Path) -> None:
    trusting = Network(at_home, tls=lambda: ssl.create_default_context(cafile=str(certificate)))
    assert document(*read(f"https://course.example:{secure.port}/a", network=trusting))
    for host, network in (("other.example", trusting), ("course.example", Network(at_home))):
        with pytest.raises(SourceUnavailable, match="certificate verify failed"):
            read(f"https://{host}:{secure.port}/a", network=network)
