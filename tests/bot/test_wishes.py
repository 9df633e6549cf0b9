"""Who asks to be forgotten is understood, and nobody else."""

import time

import pytest

from bot.wishes import asks_to_forget


@pytest.mark.parametrize(
    "text",
    [
        "忘掉我之前说的配置",
        "请把我说过的都删掉",
        "麻烦你忘掉我刚才说的。",
        "你可以忘掉我跟你说过的话吗？",
        "忘了我刚才说的吧",
        "把我之前告诉你的信息删除",
        "把我告诉过你的显卡型号忘掉",
        "删除我的个人信息",
        "清空我们的对话记录",
        "清除聊天记录",
        "好的，请忘记我的环境",
        "忘掉关于我的一切",
        "删掉你记住的关于我的所有信息",
        "我刚才说的都忘掉吧",
        "不要记住我说的话",
        "忘记我",
        "forget what I told you about my machine",
        "Please forget everything I said.",
        "Can you forget what I told you earlier?",
        "ok, forget that I told you about my old laptop, thanks",
        "Delete my data",
        "please erase everything you know about me",
        "clear this conversation",
        "Forget me.",
        "forget about my GPU please",
    ],
)
def test_a_wish_to_be_forgotten_is_understood(text: str) -> None:
    assert asks_to_forget(text)


@pytest.mark.parametrize(
    "text",
    [
        "怎么忘掉之前的环境变量",
        "怎么删除我的环境",
        "删除我的 conda 环境",
        "删除我之前说的那个文件夹",
        "删除我的数据集",
        "清空我的开发机",
        "不要忘记我说过的环境",
        "别忘了我的显卡是 3060",
        "我忘记我之前说的端口了",
        "我忘了我的学号",
        "忘记密码怎么办",
        "我之前说的忘了",
        "忘掉我刚才说的那个报错，怎么量化？",
        "忘掉我之前说的命令是什么",
        "你会忘掉我说的话吗",
        "模型会不会忘记我们的对话",
        "为什么要清空聊天记录",
        "如何让模型忘掉我说的话",
        "什么是灾难性遗忘",
        "forget it",
        "How do I delete my data?",
        "How can I make the model forget what I said",
        "don't forget what I told you",
        "I forgot what I told you",
        "forget what I said, how do I quantise a model?",
        "delete my environment",
        "remove the conversation template from the config",
        "clear the cache",
        "delete what I uploaded",
        "",
    ],
)
def test_any_other_sentence_is_none(text: str) -> None:
    assert not asks_to_forget(text)


@pytest.mark.parametrize(
    "part", ["我", "把", "请", "忘", "的", "我的", "all ", "i ", "please ", "我说的", "都"]
)
def test_a_long_repetition_is_read_at_once(part: str) -> None:
    began = time.process_time()
    asks_to_forget((part * 80)[:80])
    asks_to_forget("忘掉" + (part * 80)[:70] + "？！x")
    assert time.process_time() - began < 1
