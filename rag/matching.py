"""Whether a question stands in the documents already, word for word or nearly so."""

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from rag.tokens import normalised

# A shorter message that equals a heading may be a mere word.
_SHORTEST = 6
# Who is polite says so much around a question, and asks it at most twice as long as others.
_POLITE = 40
# Of its Chinese characters one in so many may be added or left out.
_SPARE = 6
# What turns a question into another one, also where it is all that differs.
_TURNING = frozenset(
    "不没无非未别勿莫否禁反停止取消关闭卸载删除退先第零一二三四五六七八九十百千万多少下左右前后大小新旧高低单双"
)
_OPENING = re.compile(
    r"^(?:(?:老师|助教|同学|大家|各位|大佬|群友|你|您)们?(?:好|[,!~、。\s])"
    r"|(?:hi|hello|hey|excuse me)(?![a-z])"
    r"|我?想?要?(?:请问|请教|问|麻烦)(?:一下|下)?|[\W_])+"
)
# Not tied to the end of the text: such a pattern would try a long run again from each of its characters.
_THANKS = re.compile(r"(?:[多感]?谢谢?(?:大家|老师|各位|大佬)?|急|在线等|thanks|thank you|please|[\W_])++")
_SAME = (
    (re.compile(r"如何|怎么样|怎样|咋样?"), "怎么"),
    (re.compile(r"怎么(?:解决|处理|弄|搞|整)"), "怎么办"),
    (re.compile(r"为[何啥]"), "为什么"),
    (re.compile(r"啥"), "什么"),
    (re.compile(r"n't\b|(?<=can)not\b"), " not"),
    (re.compile(r"'(?:s|re|m)\b"), ""),
)
_LIGHT = re.compile(r"[的了吗呢啊呀吧嘛呐哈哦地得]|一下")
_LIGHT_WORDS = re.compile(r"an?|the|is|are|am|do|does|did|to|of|please|i|we|you|my|our|can|should")
_NAME = re.compile(r"[^\W\u3400-\u9fff]+(?:[-._+#]+[^\W\u3400-\u9fff]+)*[+#]*")
_CHINESE = re.compile(r"[\u3400-\u9fff]")
_ASKING = re.compile(
    r"\?\s*$|怎么|如何|怎样|什么|为何|哪|吗|能否|是否|多少"
    r"|^(?:how|what|why|where|which|who|when|can|is|are|do|does)\b"
)
_MARKS = re.compile(r"(?:[^\w+#]|_)+")
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True)
class Asked:
    """A question, to be held against headings; `text` is normalised."""

    text: str

    def by(self, heading: str, qa: bool) -> int:
        """How surely the heading asks the same: 0 not, 1 nearly, 3 in the same letters; 1 more if it is `qa`.

        Nearly the same are headings that ask (those of `qa` do) with the same names, numbers and negations in
        one order, and with the same Chinese but for politeness, particles and one character in six.
        """
        other = Asked(normalised(heading))
        if len(self.text) > _POLITE + 2 * len(other.text):
            return 0
        characters = set(other.text)
        if 2 * len(characters - set(self.text)) > len(characters):
            return 0
        if self._letters == other._letters and self._digits == other._digits:
            return 3 + qa if len(self._letters) >= _SHORTEST else 0
        asking = qa or bool(_ASKING.search(other.text))
        return 1 + qa if asking and self._nearly(other) else 0

    def _nearly(self, other: "Asked") -> bool:
        short, long = sorted((self._chinese, other._chinese), key=len)
        if self._names != other._names or len(short) + len("".join(self._names)) < _SHORTEST:
            return False
        rest = iter(long)
        added = Counter(long) - Counter(short)
        return (
            added.total() * _SPARE <= len(long)
            and not added.keys() & _TURNING
            and all(character in rest for character in short)
        )

    @cached_property
    def _letters(self) -> str:
        return _MARKS.sub("", self.text)

    @cached_property
    def _digits(self) -> list[str]:
        """1.23 has the letters of 12.3."""
        return _DIGITS.findall(self.text)

    @cached_property
    def _plain(self) -> str:
        """Without politeness, and with one word for what has several."""
        asked = _OPENING.sub("", self.text)
        plain = _THANKS.sub(lambda found: found[0] if found.end() < len(asked) else "", asked)
        for pattern, word in _SAME:
            plain = pattern.sub(word, plain)
        return plain

    @cached_property
    def _names(self) -> list[str]:
        return [name for name in _NAME.findall(self._plain) if not _LIGHT_WORDS.fullmatch(name)]

    @cached_property
    def _chinese(self) -> str:
        return "".join(_CHINESE.findall(_LIGHT.sub("", self._plain)))
