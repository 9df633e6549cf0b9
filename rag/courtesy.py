"""Messages that only greet, thank or complain, and ask nothing of the course."""

import re
from typing import Literal

from rag.patterns import any_of
from rag.tokens import normalised

Courtesy = Literal["", "greeting", "thanks", "complaint"]

_LONGEST = 30
_WORDLESS = re.compile(r"[^\w\s]|_")
_WHOM = rf"(?:{any_of('大家 各位 老师 助教 同学 哥 姐 亲 你 您 啊 呀 啦 了 哦 哈 呢 吧')}|\s)*"
_FINE = any_of(
    "好的? 嗯+ 行 ok okay 明白 懂 知道 收到 了解 可以 解决 搞定 学到 太棒 真棒 厉害 牛 不错 很好 完美 清楚"
)
_HELLO = any_of(
    "[你您]好 大家好 哈[喽啰罗] 嗨 在吗 在不在 有人吗 早上?好? [上中下]午好 晚上好 早安",
    "你是谁 你叫什么(?:名字)? 你[都还]?[会能][做干]?(?:什么|啥|哪些) hi+ hello+ hey hiya",
    "good\\s(?:morning|afternoon|evening) who\\sare\\syou",
    "what\\scan\\syou\\sdo are\\syou\\s(?:there|a\\sbot)",
)
_THANK = any_of("感谢 谢+ 多谢 3q thx thanks? thank\\syou ty")
_MUCH = any_of("\\sa\\slot \\sso\\smuch \\svery\\smuch")
_LEAVE = any_of(
    "再见 拜拜 晚安 辛苦 bye+ bye\\s?bye goodbye see\\syou good\\snight got\\sit i\\ssee great nice cool",
    "perfect awesome (?:that\\s)?(?:works|worked|helps|helped)",
)
_WRONG = any_of(
    "[你您]?(?:答|说|讲|回答)的?(?:错|不对|不好) 这?个?(?:没用|不对|错|没帮上?忙) 不是这个 答非所问",
    "(?:(?:that|this|it)\\s(?:s\\s|is\\s)|you\\s(?:are|re)\\s)?(?:wrong|useless|not\\shelpful|incorrect)",
    "(?:(?:that|this|it)\\s)?(?:did\\snot|didn\\st|does\\snot|doesn\\st)\\shelp",
)
_KINDS: dict[Courtesy, re.Pattern[str]] = {
    "greeting": re.compile(rf"{_WHOM}{_HELLO}{_WHOM}(?:there|all|everyone)?"),
    "thanks": re.compile(
        rf"{_FINE}*{_WHOM}(?:非常|十分|太|多)?{_THANK}{_MUCH}?{_WHOM}|{_FINE}+{_WHOM}|{_LEAVE}{_WHOM}"
    ),
    "complaint": re.compile(rf"{_WRONG}{_WHOM}"),
}


def courtesy(text: str) -> Courtesy:
    """Which of these the whole message is; empty where it is more."""
    plain = " ".join(_WORDLESS.sub(" ", normalised(text[: 4 * _LONGEST])).split())
    if len(text) > 4 * _LONGEST or len(plain) > _LONGEST:
        return ""
    return next((kind for kind, pattern in _KINDS.items() if pattern.fullmatch(plain)), "")
