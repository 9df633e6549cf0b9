"""Feishu's wiki, pages, folders and bases come as documents, unchanged ones nearly for nothing."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from adapters.feishu_api import FeishuApi
from rag.sources.feishu.source import FeishuSource
from rag.types import Document, Skipped, SourceUnavailable, Unchanged
from tests.fakes.feishu_docs import Clock, Fault, FeishuDocs, Node, Table, block, page, run

Found = list[Document | Unchanged | Skipped]


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
    return server


@pytest.fixture
def api(feishu: FeishuDocs, clock: Clock) -> Iterator[FeishuApi]:
    with FeishuApi("cli_a", "s3cret", feishu.url, clock=clock, wait=clock.wait) as client:
        yield client


def write(feishu: FeishuDocs, token: str, text: str = "words", **where: str) -> None:
    feishu.write(token, f"Page {token}", block(3, f"h-{token}", "Heading"), block(2, "b", text), **where)


def known(found: Found) -> dict[str, str]:
    return {one.path: one.mark for one in found if isinstance(one, Document)}


def document(found: Found) -> Document:
    (one,) = found
    assert isinstance(one, Document)
    return one


def paths(found: Found) -> list[str]:
    return [one.path for one in found]


def kinds(found: Found) -> list[type]:
    return [type(one) for one in found]


def wiki(api: FeishuApi, *named: str, **more: Any) -> FeishuSource:
    return FeishuSource("feishu", api, wiki=named or ["7"], **more)


def test_a_wiki_space_is_walked_to_its_leaves(feishu: FeishuDocs, api: FeishuApi) -> None:
    write(feishu, "a", node="na")
    write(feishu, "b", node="nb", parent="na")
    write(feishu, "c", node="nc", parent="nb")
    found = list(wiki(api, cohort="camp4", session="L1", url="https://x.feishu.cn").documents({}))
    assert paths(found) == ["docx/a", "docx/b", "docx/c"]
    first = found[0]
    assert isinstance(first, Document)
    assert (first.id, first.title, first.revision) == ("feishu/docx/a", "Page a", "1")
    assert (first.cohort, first.session) == ("camp4", "L1")
    assert first.url == "https://x.feishu.cn/wiki/na"
    assert first.sections[-1].anchor == "h-a"


def test_three_hundred_pages_come_once_and_cost_nothing_more_until_they_change(
    feishu: FeishuDocs, api: FeishuApi
) -> None:
    for at in range(300):
        write(feishu, f"d{at}", node=f"n{at}")
    found = list(wiki(api).documents({}))
    assert len(found) == len(known(found)) == 300
    marks, before = known(found), sum(feishu.calls.values())
    feishu.edit("d7", block(2, "b", "new"))
    again = list(wiki(api).documents(marks))
    assert [one.path for one in again if isinstance(one, Document)] == ["docx/d7"]
    assert kinds(again).count(Unchanged) == 299
    assert sum(feishu.calls.values()) - before == 6 + 2, "six pages of the list, and the changed document"


def test_a_page_that_is_named_costs_one_call_while_it_stays_as_it_is(
    feishu: FeishuDocs, api: FeishuApi
) -> None:
    write(feishu, "doc1")
    write(feishu, "doc2", node="node2")
    named = ["https://x.feishu.cn/docx/doc1?from=from_copylink", "https://x.feishu.cn/wiki/node2", "doc1"]
    source = FeishuSource("feishu", api, documents=named)
    found = list(source.documents({}))
    assert paths(found) == ["docx/doc1", "docx/doc2"]
    before = sum(feishu.calls.values())
    assert kinds(list(source.documents(known(found)))) == [Unchanged, Unchanged]
    assert sum(feishu.calls.values()) - before == 3


@pytest.mark.parametrize("named", ["bare", "nbare"])
def test_a_bare_token_may_be_the_pages_or_the_wikis(feishu: FeishuDocs, api: FeishuApi, named: str) -> None:
    write(feishu, "bare", node="nbare")
    source = FeishuSource("feishu", api, documents=[named])
    found = list(source.documents({}))
    assert paths(found) == ["docx/bare"]
    before = sum(feishu.calls.values())
    assert kinds(list(source.documents(known(found)))) == [Unchanged]
    assert sum(feishu.calls.values()) - before == 1


def test_an_empty_page_of_a_list_is_not_its_end(feishu: FeishuDocs, api: FeishuApi) -> None:
    feishu.holes = True
    write(feishu, "a", node="na")
    assert document(list(wiki(api).documents({}))).sections[-1].text == "words"


def test_long_documents_are_read_in_pages(feishu: FeishuDocs, api: FeishuApi) -> None:
    blocks = [block(2, f"b{at}", f"line {at}") for at in range(1200)]
    feishu.write("long", "Long", *blocks)
    (section,) = document(list(FeishuSource("feishu", api, documents=["long"]).documents({}))).sections
    assert section.text.split("\n\n")[-1] == "line 1199"
    assert feishu.calls["/docx/v1/documents/long/blocks"] == 3


def test_a_moved_or_renamed_page_stays_one_document(feishu: FeishuDocs, api: FeishuApi) -> None:
    write(feishu, "a", node="na")
    write(feishu, "b", node="nb", parent="na")
    marks = known(list(wiki(api).documents({})))
    feishu.move("nb", "")
    assert list(wiki(api).documents(marks)) == [Unchanged("docx/a"), Unchanged("docx/b")]
    feishu.edit("b", title="Renamed")
    renamed = list(wiki(api).documents(marks))[-1]
    assert isinstance(renamed, Document)
    assert (renamed.path, renamed.title, renamed.revision) == ("docx/b", "Renamed", "2")


def test_deleted_and_forbidden_pages_are_left_out(
    feishu: FeishuDocs, api: FeishuApi, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("a", "b", "c", "d"):
        write(feishu, name, node=f"n{name}")
    marks = known(list(wiki(api).documents({})))
    del feishu.nodes["na"]
    feishu.edit("b", block(2, "x", "secret"))
    feishu.closed.add("b")
    feishu.edit("c", block(2, "x", "new"))
    del feishu.nodes["nc"], feishu.docs["c"]
    with caplog.at_level(logging.INFO, "rag"):
        assert list(wiki(api).documents(marks)) == [Unchanged("docx/d")]
    assert [one for one in caplog.messages if "Page b" in one] != []


def test_a_named_page_leaves_the_index_and_is_reported_from_then_on(
    feishu: FeishuDocs, api: FeishuApi
) -> None:
    write(feishu, "doc1")
    source = FeishuSource("feishu", api, documents=["https://x.feishu.cn/docx/doc1"])
    marks = known(list(source.documents({})))
    feishu.closed.add("doc1")
    assert list(source.documents(marks)) == []
    (skipped,) = source.documents({})
    assert isinstance(skipped, Skipped)
    assert "1770032" in skipped.reason


def test_other_trouble_with_a_document_leaves_it_as_it_was(feishu: FeishuDocs, api: FeishuApi) -> None:
    write(feishu, "a", node="na")
    write(feishu, "b", node="nb")
    feishu.faults.append(Fault("/docx/v1/documents/a", 99, 400, {"code": 1770001, "msg": "invalid param"}))
    found = list(wiki(api).documents({}))
    assert found[0] == Skipped("docx/a", "Page a: Feishu answered 1770001 invalid param")
    assert kinds(found[1:]) == [Document]


def test_trouble_with_a_named_page_leaves_it_too(feishu: FeishuDocs, api: FeishuApi) -> None:
    feishu.faults.append(Fault("/", 99, 400, {"code": 1770001, "msg": "invalid param"}))
    feishu.faults.insert(0, Fault("/auth", 1, 200, {"code": 0, "tenant_access_token": "t-", "expire": 7200}))
    source = FeishuSource("feishu", api, documents=["https://x.feishu.cn/docx/doc1"])
    assert kinds(list(source.documents({"docx/doc1": "1"}))) == [Skipped]
    # Which page stands behind a wiki's token, and so what must stay, is what Feishu did not tell.
    source = FeishuSource("feishu", api, documents=["https://x.feishu.cn/wiki/node1"])
    with pytest.raises(SourceUnavailable, match=r"cannot find out about .*node1"):
        list(source.documents({"docx/doc1": "1"}))


def test_an_expired_token_and_rate_limits_go_unnoticed(
    feishu: FeishuDocs, api: FeishuApi, clock: Clock
) -> None:
    for at in range(10):
        write(feishu, f"d{at}", node=f"n{at}")
    source = wiki(api).documents({})
    next(source)
    feishu.expire()
    limit = {"code": 99991400, "msg": "request trigger frequency limit"}
    feishu.faults.append(Fault("/docx", 2, 400, limit, {"x-ogw-ratelimit-reset": "3"}))
    assert len(list(source)) == 9
    assert feishu.calls["/auth/v3/tenant_access_token/internal"] == 2
    assert clock.waits.count(3) == 2


def test_a_list_that_fails_half_way_deletes_nothing(feishu: FeishuDocs, api: FeishuApi) -> None:
    write(feishu, "a", node="na")
    write(feishu, "b", node="nb", parent="na")
    marks = known(list(wiki(api).documents({})))
    feishu.faults.append(Fault("/wiki", 1, 200, {"code": 0, "data": {"items": [], "has_more": True}}))
    with pytest.raises(SourceUnavailable, match="without an end"):
        list(wiki(api).documents(marks))


def test_a_list_that_goes_round_in_a_circle_is_none(feishu: FeishuDocs, api: FeishuApi) -> None:
    page = {"items": [], "has_more": True, "page_token": "same"}
    feishu.faults.append(Fault("/wiki", 3, 200, {"code": 0, "msg": "success", "data": page}))
    with pytest.raises(SourceUnavailable, match="without an end"):
        list(wiki(api).documents({}))


@pytest.mark.parametrize("data", [None, {}])
@pytest.mark.parametrize("named", ["7", "https://x.feishu.cn/wiki/na"])
def test_pages_below_another_that_are_not_listed_are_not_deleted(
    feishu: FeishuDocs, api: FeishuApi, data: object, named: str
) -> None:
    write(feishu, "a", node="na")
    write(feishu, "b", node="nb", parent="na")
    walk = wiki(api, named).documents({})
    next(walk)
    feishu.faults.append(
        Fault("/wiki/v2/spaces/7/nodes", 1, 200, {"code": 0, "msg": "success", "data": data})
    )
    with pytest.raises(SourceUnavailable, match="cannot find out about wiki na"):
        list(walk)


def test_a_place_in_the_wiki_of_which_feishu_tells_nothing_is_not_empty(
    feishu: FeishuDocs, api: FeishuApi
) -> None:
    feishu.faults.append(Fault("/wiki", 2, 200, {"code": 0, "msg": "success", "data": {}}))
    address = "https://x.feishu.cn/wiki/na"
    for source in (wiki(api, address), FeishuSource("feishu", api, documents=[address])):
        with pytest.raises(SourceUnavailable, match=f"cannot find out about .*{address}"):
            list(source.documents({}))


@pytest.mark.parametrize("path", ["/docx/v1/documents/a", "/docx/v1/documents/a/blocks"])
@pytest.mark.parametrize("data", [None, {}, {"items": [], "has_more": False}])
def test_a_page_without_its_content_stays_as_it_was(
    feishu: FeishuDocs, api: FeishuApi, path: str, data: object
) -> None:
    write(feishu, "a", node="na")
    feishu.faults.append(Fault(path, 1, 200, {"code": 0, "msg": "success", "data": data}))
    assert kinds(list(wiki(api).documents({}))) == [Skipped]


def test_a_page_that_was_edited_just_now_is_read_once_more(
    feishu: FeishuDocs, api: FeishuApi, clock: Clock
) -> None:
    write(feishu, "a", "one", node="na")
    clock.now = feishu.docs["a"].edited + 1.9
    source = wiki(api, clock=clock)
    marks = known(list(source.documents({})))
    feishu.docs["a"] = replace(feishu.docs["a"], blocks=page("Page a", block(2, "b", "two")), revision=2)
    clock.now += 60
    again = document(list(source.documents(marks)))
    assert again.sections[-1].text == "two"
    assert kinds(list(source.documents(known([again])))) == [Unchanged]


def test_a_page_that_was_edited_just_before_costs_one_call_and_then_none(
    feishu: FeishuDocs, api: FeishuApi, clock: Clock
) -> None:
    write(feishu, "a", "one", node="na")
    clock.now = feishu.docs["a"].edited + 1.9
    source = wiki(api, clock=clock)
    marks = known(list(source.documents({})))
    clock.now += 60
    feishu.calls.clear()
    [same] = source.documents(marks)
    assert isinstance(same, Unchanged)
    assert sum(count for path, count in feishu.calls.items() if "/docx/" in path) == 1
    feishu.calls.clear()
    assert kinds(list(source.documents({same.path: same.mark}))) == [Unchanged]
    assert not any("/docx/" in path for path in feishu.calls)


@pytest.mark.parametrize(
    ("named", "sentence"),
    [
        ("8", "wiki 8 cannot be read: .*131005.*add this group to the members of the wiki space"),
        ("gone", "wiki page gone cannot be read"),
        ("https://x.feishu.cn/drive/folder/abc", "wiki cannot be 'https://x.feishu.cn/drive/folder/abc'"),
        ("第一课", "wiki cannot be '第一课'; put the address there as the browser shows it"),
    ],
)
def test_a_space_that_cannot_be_read_says_what_to_do(
    feishu: FeishuDocs, api: FeishuApi, named: str, sentence: str
) -> None:
    write(feishu, "a", node="na")
    with pytest.raises(SourceUnavailable, match=sentence):
        list(wiki(api, named).documents({}))


def test_a_space_without_any_page_is_one_that_the_bot_was_removed_from(
    feishu: FeishuDocs, api: FeishuApi
) -> None:
    feishu.nodes["n"] = Node("7", "elsewhere", "docx", "a")
    with pytest.raises(SourceUnavailable, match="it shows the app no page"):
        list(wiki(api).documents({"docx/a": "1"}))


@pytest.mark.parametrize("scope", ["wiki:wiki:readonly", "docx:document:readonly"])
def test_a_missing_scope_stops_the_source_and_is_named(
    feishu: FeishuDocs, api: FeishuApi, scope: str
) -> None:
    write(feishu, "a", node="na")
    feishu.scopes.remove(scope)
    with pytest.raises(SourceUnavailable, match=f"source 'feishu': .* {scope}; add"):
        list(wiki(api).documents({}))


def test_a_page_of_the_wiki_brings_those_below_it(feishu: FeishuDocs, api: FeishuApi) -> None:
    write(feishu, "a", node="na")
    write(feishu, "b", node="nb", parent="na")
    write(feishu, "c", node="nc", parent="nb")
    found = list(wiki(api, "https://x.feishu.cn/wiki/nb?fromScene=spaceOverview").documents({}))
    assert paths(found) == ["docx/b", "docx/c"]


def test_what_is_named_twice_is_walked_once(feishu: FeishuDocs, api: FeishuApi) -> None:
    write(feishu, "a", node="na")
    write(feishu, "b", node="nb", parent="na")
    assert paths(list(wiki(api, "7", "na", "7").documents({}))) == ["docx/a", "docx/b"]
    assert feishu.calls["/wiki/v2/spaces/7/nodes"] == 2


def test_shortcuts_are_followed_once_and_never_in_a_circle(feishu: FeishuDocs, api: FeishuApi) -> None:
    write(feishu, "a", node="na")
    write(feishu, "far")
    feishu.nodes["short"] = Node("7", "na", "docx", "a", shortcut_to="na")
    feishu.nodes["out"] = Node("7", "na", "docx", "far", shortcut_to="elsewhere")
    write(feishu, "deep", node="below", parent="short")
    assert paths(list(wiki(api).documents({}))) == ["docx/a", "docx/far"]


def entry(token: str, kind: str = "docx", **more: Any) -> dict[str, Any]:
    return {"token": token, "type": kind, "name": f"File {token}", "modified_time": "1", **more}


def test_folders_are_walked_and_shortcuts_in_them_dated_by_what_they_lead_to(
    feishu: FeishuDocs, api: FeishuApi
) -> None:
    for name in ("a", "b", "c"):
        write(feishu, name)
    target = {"shortcut_info": {"target_token": "c", "target_type": "docx"}}
    feishu.folders["top"] = [entry("inner", "folder"), entry("a"), entry("s", "shortcut", **target)]
    feishu.folders["inner"] = [entry("b"), entry("top", "folder"), entry("x", "mindnote")]
    source = FeishuSource("feishu", api, folders=["https://x.feishu.cn/drive/folder/top"])
    found = list(source.documents({}))
    assert paths(found) == ["docx/b", "mindnote/x", "docx/a", "docx/c"]
    assert found[1] == Skipped("mindnote/x", "File x: a mind map, which cannot be read")
    marks = known(found)
    before = sum(feishu.calls.values())
    assert kinds(list(source.documents(marks))) == [Unchanged, Skipped, Unchanged, Unchanged]
    assert sum(feishu.calls.values()) - before == 3
    feishu.edit("c", block(2, "b", "new"))
    assert [one.path for one in source.documents(marks) if isinstance(one, Document)] == ["docx/c"]


def test_rows_of_a_base_are_questions_with_their_answers(feishu: FeishuDocs, api: FeishuApi) -> None:
    question = [{"type": "text", "text": "怎么"}, {"type": "text", "text": "登录？"}]
    row = {
        "问题": question,
        "答案": [{"type": "url", "text": "看这里", "link": "https://a.example"}],
        "负责人": [{"id": "ou_1", "name": "王助教"}, {"id": "ou_2", "name": "李助教"}],
        "标签": ["平台", "登录"],
        "更新": 1_700_000_000_000,
        "_内部": "不给学生看",
    }
    columns = [("问题", 1), ("答案", 1), ("负责人", 11), ("标签", 4), ("更新", 5), ("_内部", 1)]
    rows = [row] * 501 + [{"问题": [{"type": "text", "text": "没人答？"}]}]
    feishu.bases["app1"] = {"tbl1": Table("答疑", columns, rows), "tbl2": Table("别的", [], [])}
    address = "https://x.feishu.cn/base/app1?table=tbl1&view=vew1"
    source = FeishuSource("feishu", api, bitables=[address])
    found = document(list(source.documents({})))
    assert (found.path, found.title, found.url) == ("base/app1/tbl1", "答疑", address)
    assert len(found.sections) == 501
    first = found.sections[0]
    assert (first.kind, first.heading_path, first.anchor) == ("qa", ("怎么登录？",), "rec0")
    assert first.text.split("\n\n") == [
        "[看这里](https://a.example)",
        "负责人: 王助教、李助教",
        "标签: 平台、登录",
        "更新: 2023-11-15 06:13",
    ]
    before = sum(feishu.calls.values())
    assert list(source.documents(known([found]))) == [Unchanged("base/app1/tbl1")]
    assert sum(feishu.calls.values()) - before == 1


def test_other_tables_give_a_section_a_row(feishu: FeishuDocs, api: FeishuApi) -> None:
    rows = [{"课程": "第一课", "完成": True, "分数": 9.0, "公式": {"type": 1, "value": [{"text": "好"}]}}, {}]
    columns = [("课程", 1), ("完成", 7), ("分数", 2), ("公式", 20)]
    feishu.bases["app1"] = {"tbl1": Table("课表", columns, rows)}
    feishu.nodes["nb"] = Node("7", "", "bitable", "app1")
    found = document(list(wiki(api).documents({})))
    assert (found.title, found.url) == ("nb · 课表", "https://feishu.cn/wiki/nb?table=tbl1")
    assert [(one.heading_path, one.text, one.kind) for one in found.sections] == [
        (("第一课",), "课程: 第一课\n完成: ✓\n分数: 9\n公式: 好", "prose")
    ]


def test_spreadsheets_are_read_sheet_by_sheet(feishu: FeishuDocs, api: FeishuApi) -> None:
    feishu.sheets["s1"] = {
        "one": [["问题", "答案"], ["怎么交作业？", "发链接"], [None, None]],
        "two": [["名", "值"], ["a", 1]],
    }
    feishu.nodes["ns"] = Node("7", "", "sheet", "s1")
    found = document(list(wiki(api).documents({})))
    assert [(one.heading_path, one.text) for one in found.sections] == [
        (("Sheet one",), ""),
        (("Sheet one", "怎么交作业？"), "发链接"),
        (("Sheet two",), ""),
        (("Sheet two", "a"), "名: a\n值: 1"),
    ]


def shows(token: str) -> list[dict[str, Any]]:
    return [
        {"block_id": "s", "block_type": 30, "sheet": {"token": f"{token}_sh"}},
        {
            "block_id": "r",
            "block_type": 50,
            "reference_synced": {"source_document_id": "src", "source_block_id": "sync"},
        },
    ]


def test_what_a_page_shows_of_others_is_read_with_it_and_each_time(
    feishu: FeishuDocs, api: FeishuApi
) -> None:
    feishu.sheets["s1"] = {"sh": [["a", "b"], ["1", "2"]]}
    feishu.write("src", "Source", block(49, "sync", children=["w", "back"]), block(2, "w", "shared"))
    synced = {"source_document_id": "src", "source_block_id": "sync"}
    back = {"block_id": "back", "block_type": 50, "children": [], "reference_synced": synced}
    feishu.edit("src", *feishu.docs["src"].blocks[1:], back)
    feishu.write("page", "Page", block(2, "b", "own"), *shows("s1"), node="n")
    found = list(wiki(api).documents({}))
    (section,) = document(found).sections
    assert section.text == "own\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\nshared"
    assert kinds(list(wiki(api).documents(known(found)))) == [Document]


def test_a_page_is_read_without_what_it_may_not_show(
    feishu: FeishuDocs, api: FeishuApi, caplog: pytest.LogCaptureFixture
) -> None:
    feishu.write("page", "Page", block(2, "b", run("own")), *shows("s1"), node="n")
    feishu.scopes.remove("sheets:spreadsheet:readonly")
    (section,) = document(list(wiki(api).documents({}))).sections
    assert section.text == "own"
    assert "sheets:spreadsheet:readonly" in caplog.text


def test_other_labels_or_addresses_are_a_change(feishu: FeishuDocs, api: FeishuApi) -> None:
    write(feishu, "a", node="na")
    marks = known(list(wiki(api).documents({})))
    assert kinds(list(wiki(api, cohort="camp4").documents(marks))) == [Document]
    assert kinds(list(wiki(api, url="https://x.feishu.cn").documents(marks))) == [Document]
