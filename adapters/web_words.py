"""The web page's own words, in Chinese and English."""

from collections.abc import Mapping
from typing import Final

Words = Mapping[str, str]

WORDS: Final[Mapping[str, Words]] = {
    "zh": {
        "other": "English",
        "tagline": "依据课程资料回答，并注明出处",
        "new": "新对话",
        "greeting": "你好，想问点什么？",
        "hint": "我会查阅课程资料来回答，并附上出处；资料里没有的，我会如实告诉你。",
        "example1": "这门课有哪些内容？怎么开始学？",
        "example2": "作业什么时候交？怎么提交？",
        "example3": "环境装不上、显存不够怎么办？",
        "placeholder": "输入你的问题…",
        "send": "发送",
        "clip": "添加图片（也可以粘贴或拖进来）",
        "remove": "去掉这张图片",
        "picture": "图片",
        "pictures_many": "一条消息最多 4 张图片。",
        "pictures_large": "图片太大了，请裁剪后再发。",
        "picture_bad": "这个文件打不开。请用 PNG、JPEG、WebP、GIF 或 BMP 图片。",
        "stop": "停止",
        "stopped": "已停止",
        "lost": "中断了，没能答完，请再问一次。",
        "waiting": "正在查资料…",
        "sources": "来源",
        "revision": "版本",
        "copy": "复制",
        "copied": "已复制",
        "up": "有帮助",
        "down": "没帮助",
        "unsent": "没能发送，请稍后再试一次。",
        "offline": "连接断开了，正在重新连接…",
        "latest": "回到最新",
        "note": "回答可能有误，重要信息请核对来源。",
        "login": "登录",
        "logout": "退出",
        "name": "你的名字",
        "password": "课程口令",
        "staff_password": "助教口令",
        "staff": "助教和管理员请用登记的名字和助教口令登录。",
        "refused": "名字或口令不对，请再试一次。",
    },
    "en": {
        "other": "中文",
        "tagline": "Answers from the course's documents",
        "new": "New chat",
        "greeting": "Hello, what would you like to know?",
        "hint": "I read the course's documents and show where each answer comes from. "
        "What is not in them, I will tell you so.",
        "example1": "What does this course cover, and where do I start?",
        "example2": "When is the homework due, and how do I hand it in?",
        "example3": "What if the setup fails or the GPU runs out of memory?",
        "placeholder": "Ask a question…",
        "send": "Send",
        "clip": "Add pictures (or paste or drop them)",
        "remove": "Remove this picture",
        "picture": "Picture",
        "pictures_many": "At most 4 pictures in a message.",
        "pictures_large": "The pictures are too large. Please crop them.",
        "picture_bad": "This file cannot be opened. Please use a PNG, JPEG, WebP, GIF or BMP picture.",
        "stop": "Stop",
        "stopped": "Stopped",
        "lost": "It was interrupted. Please ask again.",
        "waiting": "Looking it up…",
        "sources": "Sources",
        "revision": "rev.",
        "copy": "Copy",
        "copied": "Copied",
        "up": "Helpful",
        "down": "Not helpful",
        "unsent": "It could not be sent. Please try again in a moment.",
        "offline": "The connection is lost, trying again…",
        "latest": "To the latest",
        "note": "Answers can be wrong; check the sources for what matters.",
        "login": "Sign in",
        "logout": "Sign out",
        "name": "Your name",
        "password": "Course password",
        "staff_password": "Staff password",
        "staff": "Staff sign in with the name that is registered and the staff password.",
        "refused": "The name or the password is not right. Please try again.",
    },
}


def preferred(header: str, languages: tuple[str, ...]) -> str:
    """The first of `languages` that an Accept-Language header names, else the first one."""
    wanted = (part.split(";")[0].strip().split("-")[0].lower() for part in header.split(","))
    return next((language for language in wanted if language in languages), languages[0])
