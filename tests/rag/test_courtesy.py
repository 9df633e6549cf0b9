"""What only greets, thanks or complains is told from what asks."""

import pytest

from rag.courtesy import courtesy

SAID = {
    "greeting": "你好|您好！|大家好呀|hi|Hello there|在吗？|你是谁？|你会什么|早上好|what can you do?",
    "thanks": "谢谢|谢谢老师！|好的，谢谢|非常感谢～|thanks!|thank you so much|ok|懂了|再见|明白了谢谢助教",
    "complaint": "你答错了|没用|不对|that's wrong|This did not help.|答非所问",
}


@pytest.mark.parametrize("kind", SAID)
def test_a_message_may_ask_nothing(kind: str) -> None:
    texts = SAID[kind].split("|")
    assert {text: courtesy(text) for text in texts} == dict.fromkeys(texts, kind)


@pytest.mark.parametrize(
    "text",
    [
        "谢谢，那 20B 呢",
        "你好，怎么安装 xtuner",
        "hi, how do I install it",
        "好的镜像怎么选",
        "没用显卡能跑吗",
        "不对齐怎么办",
        "ok 之后报错了",
        "你会用 lmdeploy 量化吗",
        "早停怎么设",
        "行数太多",
        "谢" * 5000,
        "",
    ],
)
def test_what_asks_is_no_courtesy(text: str) -> None:
    assert courtesy(text) == ""
