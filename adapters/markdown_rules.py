r"""What Markdown's parser is taught: formulas, and bold that begins or ends between Chinese letters."""

import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline, emphasis

_CHINESE = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\u3000-\u303f]")
# As pandoc reads dollars, and stricter: prices and shell variables are more common here than formulas.
_INLINE = re.compile(
    r"\\\((?P<round>.+?)\\\)|\\\[(?P<square>.+?)\\\]|\$\$(?P<double>[^$]+)\$\$"
    r"|(?<![A-Za-z0-9$])\$(?!\s)(?P<single>(?>\\[a-z]+\{[^{}$]*\}|\\.|[^$`\\\u2e80-\u9fff\uff00-\uffef])+?)"
    r"(?<!\s)\$(?![A-Za-z0-9_${(])",
    re.DOTALL,
)
_BLOCK = re.compile(r"\$\$(?P<double>[^$]+)\$\$|\\\[(?P<square>.+?)\\\]", re.DOTALL)
_NOT_MATHS = re.compile(r"[A-Z][A-Z0-9_]{2,}|.*[A-Za-z]{2,} +[A-Za-z]{2,}.*", re.DOTALL)


def teach(markdown: MarkdownIt) -> None:
    """Add the rules; a formula becomes a token `maths`, with its TeX as content."""
    markdown.inline.ruler.before("escape", "maths", _inline_maths)
    markdown.inline.ruler.at("emphasis", _emphasis)
    ends = ["paragraph", "reference", "blockquote", "list"]
    markdown.block.ruler.before("fence", "maths", _block_maths, {"alt": ends})


def _inline_maths(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] not in "\\$":
        return False
    match = _INLINE.match(state.src, state.pos, state.posMax)
    if match is None or not _is_maths(match):
        return False
    if not silent:
        state.push("maths", "", 0).content = match[match.lastgroup or 0]
    state.pos = match.end()
    return True


def _is_maths(match: re.Match[str]) -> bool:
    single = match["single"]
    return not single or "\\" in single or _NOT_MATHS.fullmatch(single) is None


def _block_maths(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Lines from one that begins with a delimiter to one that ends with it; in them `-` begins no list."""
    begin = state.bMarks[start] + state.tShift[start]
    if state.src[begin : begin + 2] not in ("$$", "\\["):
        return False
    last = start
    while last < end and not state.isEmpty(last) and state.sCount[last] >= state.blkIndent:
        match = _BLOCK.fullmatch(state.src[begin : state.eMarks[last]].rstrip())
        last += 1
        if match:
            break
    else:
        return False
    if not silent:
        token = state.push("maths", "", 0)
        token.content, token.map = match[match.lastgroup or 0], [start, last]
        state.line = last
    return True


def _emphasis(state: StateInline, silent: bool) -> bool:
    """As ever; but between Chinese letters there are no spaces to tell where `**“…”**` opens and closes."""
    before, known = state.src[state.pos - 1 : state.pos], len(state.delimiters)
    if not emphasis.tokenize(state, silent):
        return False
    after = state.src[state.pos : state.pos + 1]
    for delimiter in state.delimiters[known:]:
        if delimiter.marker == ord("*"):
            delimiter.open = delimiter.open or bool(_CHINESE.match(before) and after.strip())
            delimiter.close = delimiter.close or bool(_CHINESE.match(after) and before.strip())
    return True
