"""The signs of a message tell the course's words from everyday ones, and a question from other talk."""

import pytest

from rag.background import among_developers, frequency
from rag.lexical import Lexical
from rag.relevance import SIGNS, signs
from rag.talk import Talk
from tests.fakes.knowledge import small_course


@pytest.fixture(scope="module")
def lexical() -> Lexical:
    return small_course()


def sign(name: str, query: str, lexical: Lexical) -> float:
    return float(signs(query, lexical)[SIGNS.index(name)])


def test_the_words_of_one_passage_say_more_than_words_scattered_over_many(lexical: Lexical) -> None:
    together, scattered = "lmdeploy auto_awq 显存占用", "lmdeploy xtuner 结营证书"
    assert sign("passage", together, lexical) > 1.5 * sign("passage", scattered, lexical)


def test_everyday_words_say_nothing(lexical: Lexical) -> None:
    assert sign("passage", "今天我们去吃饭", lexical) == 0
    assert sign("everyday", "今天我们去吃饭", lexical) < sign("everyday", "量化显存", lexical)


def test_a_long_paste_is_worth_no_more_than_its_five_strongest_words(lexical: Lexical) -> None:
    paste = "用 lmdeploy lite auto awq 做 量化 显存 占用 会 降低"
    strongest = max(sign("passage", word, lexical) for word in paste.split())
    assert 4 * strongest < sign("passage", paste, lexical) < 5.01 * strongest


def test_what_any_developers_say_proves_less_than_what_only_the_course_says(lexical: Lexical) -> None:
    assert 0 < sign("passage", "显存", lexical) < sign("passage", "量化", lexical)
    assert among_developers("量化") == frequency("量化")
    assert among_developers("显存") > frequency("显存")


def test_names_that_the_documents_lack_are_counted_against_those_that_they_have(lexical: Lexical) -> None:
    assert sign("strange", "lmdeploy 怎么装", lexical) == 0
    assert sign("strange", "lmdeploy 还是 somethingelse", lexical) == 0.5


@pytest.mark.parametrize("query", ["", "[图片]", "https://example.com/lmdeploy", "@lmdeploy", "!?…", "🎉"])
def test_what_has_no_words_has_no_evidence(lexical: Lexical, query: str) -> None:
    assert sign("passage", query, lexical) == 0


def test_an_index_without_documents_has_no_evidence() -> None:
    assert sign("passage", "lmdeploy", Lexical([], [])) == 0


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Talk.ASKING, "端口转发怎么配"),
        (Talk.ASKING, "can i resume the run"),
        (Talk.FAILING, "训练到一半报错"),
        (Talk.FAILING, "modulenotfounderror"),
        (Talk.SOCIAL, "收到，谢谢"),
        (Talk.SELLING, "限时优惠，私聊"),
        (Talk.TO_SOMEBODY, "@li 你的作业呢"),
        (Talk.ERRAND, "帮我把名字改一下"),
    ],
)
def test_each_kind_of_talk_is_heard(kind: Talk, text: str) -> None:
    assert kind.heard(text)
    assert not kind.heard("模型部署")


def test_who_thanks_in_advance_asks(lexical: Lexical) -> None:
    assert sign("social", "收到，谢谢", lexical) == 1
    assert sign("social", "端口转发怎么配？谢谢", lexical) == 0


def test_a_report_of_a_failure_asks(lexical: Lexical) -> None:
    assert sign("asking", "xtuner 报错", lexical) == 1


def test_every_sign_has_its_name(lexical: Lexical) -> None:
    assert len(signs("端口转发怎么配", lexical)) == len(SIGNS)
    assert SIGNS[-len(Talk) :] == tuple(kind.name.lower().replace("_", " ") for kind in Talk)
