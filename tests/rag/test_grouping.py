"""Questions that mean the same stand together, also in other words and in another language."""

import pytest

from rag.concepts import concepts
from rag.grouping import Grouping
from tests.fakes.searcher import WordSearcher, passage

NOTHING = Grouping(WordSearcher())


def groups(*questions: str, grouping: Grouping = NOTHING) -> list[set[str]]:
    return [{questions[place] for place in group} for group in grouping.groups(questions)]


def test_paraphrases_are_one_group_and_the_largest_comes_first() -> None:
    certificate = ("怎么申请结营证书", "结营证书咋申请", "how do I apply for the certificate")
    disk = ("开发机磁盘满了", "硬盘满了怎么办")
    assert groups(*disk, *certificate, "lmdeploy 怎么安装") == [
        {*certificate},
        {*disk},
        {"lmdeploy 怎么安装"},
    ]


def test_one_topic_does_not_make_one_question() -> None:
    asked = ("作业什么时候截止", "作业在哪里提交", "作业写多长")
    assert groups(*asked) == [{one} for one in asked]


def test_the_same_words_are_counted_as_often_as_they_were_asked() -> None:
    assert NOTHING.groups(["怎么装 XTuner？", "loss 是 nan", "怎么装 xtuner？"]) == [(0, 2), (1,)]


def test_what_the_documents_say_of_both_brings_other_words_together() -> None:
    asked = ("turbomind crashes", "segfault when serving")
    cure = passage("Crashes", "turbomind crashes with a segfault when serving: update the driver")
    assert len(groups(*asked)) == 2
    assert len(groups(*asked, grouping=Grouping(WordSearcher(cure)))) == 1


def test_one_tool_is_not_another() -> None:
    asked = ("lmdeploy 怎么安装", "xtuner 怎么安装")
    assert len(groups(*asked)) == 2


def test_a_topic_that_is_asked_all_day_is_as_near_as_one_asked_twice() -> None:
    pair = ("证书怎么申请", "结营证书在哪领")
    busy = [f"{one}证书" for one in ("我的", "领取", "结营", "电子", "纸质", "补办", "下载", "打印")]
    alone, among = (NOTHING.nearness([*pair, *others])[0, 1] for others in ((), busy))
    assert among == pytest.approx(alone, rel=0.1)


def test_without_questions_there_are_no_groups() -> None:
    assert NOTHING.groups([]) == []
    assert NOTHING.groups(["？", "", "!!"]) == [(0,), (1,), (2,)]


def test_a_concept_has_one_name_in_both_languages() -> None:
    assert concepts("作业什么时候提交")[0] == ["homework", "when", "submit"]
    assert concepts("When do I SUBMIT the homework?")[0] == ["when", "submit", "homework"]


def test_a_word_within_another_names_nothing() -> None:
    assert concepts("keystone importance") == ([], "keystone importance")
