"""An operator is told to change something in Feishu only where that would help."""

from collections.abc import Iterator

import pytest

from adapters.feishu_api import FeishuApi
from rag.sources.feishu.source import FeishuSource
from rag.types import SourceUnavailable
from tests.fakes.feishu_docs import Clock, Fault, FeishuDocs, block

PAGE = "https://x.feishu.cn/wiki/na"


@pytest.fixture
def feishu() -> Iterator[FeishuDocs]:
    with FeishuDocs(Clock()) as server:
        server.write("a", "Page", block(3, "h", "Heading"), block(2, "b", "words"), node="na")
        yield server


def complaint(feishu: FeishuDocs, page: str) -> str:
    """What the source of this page and those below it says of its trouble."""
    clock = Clock()
    client = FeishuApi("cli_a", "s3cret", feishu.url, clock=clock, wait=clock.wait)
    with client as api, pytest.raises(SourceUnavailable) as told:
        list(FeishuSource("feishu", api, wiki=[page]).documents({}))
    return str(told.value)


def test_while_feishu_fails_the_operator_is_to_try_again_later(feishu: FeishuDocs) -> None:
    feishu.faults.append(Fault("/wiki", 99, 500, "busy"))
    said = complaint(feishu, PAGE)
    assert said.endswith(f"wiki page {PAGE}: Feishu answered HTTP 500; try again later")


def test_a_page_that_the_bot_may_not_see_needs_a_group_with_the_bot_in_it(feishu: FeishuDocs) -> None:
    assert "add this group to the members of the wiki space" in complaint(feishu, f"{PAGE}-gone")
