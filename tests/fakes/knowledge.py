"""The words of a small course as an index has them, in memory."""

from rag.lexical import Lexical
from rag.postings import GRAMS, WORDS, built, read
from tests.fakes.searcher import passage

_COURSE = (
    ("量化", "用 lmdeploy lite auto_awq 做 W4A16 量化，显存占用会降低。"),
    ("端口转发", "在本地终端运行 ssh -CNg -L 7860:127.0.0.1:7860，再打开浏览器。"),
    ("LoRA", "xtuner trains low-rank adapters; the base weights stay frozen."),
    ("合并", "训练结束后用 xtuner 把适配器合并进原模型。"),
    ("怎么申请结营证书？", "完成全部关卡后在问卷里申请。"),
    ("开发机掉线了怎么办？", "重新启动开发机。"),
)


def small_course() -> Lexical:
    """Six passages in both languages."""
    passages = [passage(heading, text) for heading, text in _COURSE]
    words, grams = (built(leg, [read(leg, passages)], len(passages)) for leg in (WORDS, GRAMS))
    return Lexical([words], [grams])
