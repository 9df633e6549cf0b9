"""A question that stands in the documents is recognised, and one that merely looks like it is not."""

import pytest

from rag.matching import Asked
from rag.tokens import normalised


def closeness(query: str, heading: str, qa: bool = True) -> int:
    return Asked(normalised(query)).by(heading, qa)


@pytest.mark.parametrize(
    ("query", "heading"),
    [
        ("请问打印机卡纸了怎么办呀", "打印机卡纸了怎么办？"),
        ("老师好，打印机卡纸了怎么处理？谢谢老师", "打印机卡纸了怎么办？"),
        ("hi 想请问一下 如何导出成绩表呢", "怎么导出成绩表？"),
        ("为啥表格打不开", "为什么表格打不开？"),
        ("打印机忽然卡纸了怎么解决啊", "打印机忽然卡纸怎么办"),
        ("平台上的报名截止时间是什么时候", "平台报名截止时间是什么时候？"),
        ("how do I export the table", "How to export table?"),
        ("T4 上怎么跑起来", "T4上如何跑起来？"),
    ],
)
def test_politeness_and_particles_make_no_other_question(query: str, heading: str) -> None:
    assert closeness(query, heading) == 2


@pytest.mark.parametrize(
    ("query", "heading"),
    [
        ("7B的模型怎么部署到平台", "20B的模型怎么部署到平台？"),
        ("这个模型在平台能商用吗", "这个模型在平台不能商用吗？"),
        ("can't I export the table", "Can I export the table?"),
        ("表格怎么上传到平台上面去", "表格怎么下载到平台上面去？"),
        ("第一关的作业怎么提交到平台", "第二关的作业怎么提交到平台？"),
        ("怎么升级到 1.2.3 的版本", "怎么升级到 12.3 的版本？"),
        ("--max-len 怎么设置才好", "--min-len 怎么设置才好？"),
        ("在平台上怎么停止导出成绩表", "在平台上怎么导出成绩表？"),
        ("why is cats faster than dogs", "why is dogs faster than cats?"),
        ("C++ 程序怎么编译", "C 程序怎么编译？"),
        ("怎么办", "怎么办？"),
        ("谢谢", "怎么写感谢信？"),
    ],
)
def test_another_name_number_or_negation_is_another_question(query: str, heading: str) -> None:
    assert closeness(query, heading) == 0


def test_the_same_letters_are_surer_than_nearly_the_same_and_a_verified_pair_surer_than_a_page() -> None:
    questions = "怎么导出成绩表", "请问怎么导出成绩表"
    sure = [closeness(query, "怎么导出成绩表？", qa) for query in questions for qa in (True, False)]
    assert sure == [4, 3, 2, 1]


def test_a_heading_that_asks_nothing_must_be_met_in_all_its_letters() -> None:
    assert closeness("成绩表的导出方法", "成绩表导出方法", qa=False) == 0
    assert closeness("成绩表导出方法", "成绩表导出方法：", qa=False) == 3


@pytest.mark.parametrize("query", ["!" * 50_000 + "a", "谢" * 50_000 + "吗", "请问" * 25_000])
def test_endless_messages_are_held_against_headings_in_no_time(query: str) -> None:
    assert closeness(query, "请问谢谢!怎么办？") == 0


@pytest.mark.timeout(5)
@pytest.mark.parametrize(
    ("before", "behind", "sure"),
    [
        ("", "急" * 300, 2),
        ("", "急" * 300 + "啊在", 0),
        ("", "谢" * 300 + "啊在", 0),
        ("", "#" * 300 + "啊", 2),
        ("", "吗" * 300, 2),
        ("老师好" * 300, "感谢大家", 2),
        ("", "老师好" * 300, 0),
    ],
)
def test_what_is_said_three_hundred_times_is_as_polite_as_said_once(
    before: str, behind: str, sure: int
) -> None:
    question = "怎么" + "安装开发环境" * 200
    assert closeness(before + question + behind, question) == sure
