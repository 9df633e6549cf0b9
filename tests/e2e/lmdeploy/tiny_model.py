"""A language model made on the spot: it knows some answers by heart and gives a stock one to all else.

It is asked about the last tokens of a prompt only (WINDOW), so what stands before a question does not matter
and a few seconds of learning are enough. Byte-level tokens; the architecture is Qwen2's, the template ours.
"""

import json
import random
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    AutoTokenizer,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
)

from tests.e2e.lmdeploy.lessons import AGAIN, ASKED, ENDLESS, KNOWN, STOCK

WINDOW = 80
"""Tokens that it looks at."""

_END = "<|im_end|>"
_TURN = f"{_END}\n<|im_start|>assistant\n"

# `<tool_call>` is one token, but not a special one: those are left out of the text.
_SPECIAL = ["<|endoftext|>", "<|im_start|>", _END]
_PLAIN = ["<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>"]

TEMPLATE = """\
{%- if tools %}<|im_start|>system
Tools:{% for tool in tools %}
{{ tool | tojson }}{% endfor %}<|im_end|>
{% endif -%}
{%- for message in messages %}
{%- if message.role == 'tool' %}<|im_start|>user
<tool_response>
{{ message.content }}
</tool_response><|im_end|>
{% else %}<|im_start|>{{ message.role }}
{{ message.content or '' }}{% for call in message.tool_calls or [] %}<tool_call>
{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}
</tool_call>{% endfor %}<|im_end|>
{% endif -%}
{% endfor -%}
{%- if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""

_ROOT = Path(__file__).parents[3]
ANYTHING = [_ROOT / "README.md", _ROOT / "rag/prompts.py", _ROOT / "rag/agent.py"]
"""What prompts are like: rules, two languages, code and JSON."""

_ARGUMENTS = {"properties": {"equations": {"type": "string"}}, "required": ["equations"], "type": "object"}
_FUNCTION = {"name": "solve_equation", "description": "Solve it.", "parameters": _ARGUMENTS}
TOOL = json.dumps({"type": "function", "function": _FUNCTION}) + "<|im_end|>\n"

_BATCH = 12
_SITS, _MOST_ROUNDS = 40, 1500
_NOT_LEARNT = -100


@dataclass(frozen=True, slots=True)
class Lesson:
    """Token ids: the end of a prompt (none: any prompt), and what is answered."""

    asked: list[int]
    answer: list[int]


def make(folder: Path) -> int:
    """Write model and tokenizer into the folder; the number of rounds that it took to learn."""
    _tokenizer(folder)
    # Learn the ids that the servers will see: AutoTokenizer may split otherwise than its maker.
    tokenizer = AutoTokenizer.from_pretrained(folder)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=192,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=32768,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.convert_tokens_to_ids(_END),
    )
    model = Qwen2ForCausalLM(config)
    anything = "".join(path.read_text(encoding="utf-8") for path in ANYTHING) + TOOL * 24
    rounds = _learn(model, _lessons(tokenizer), tokenizer.encode(anything))
    model.save_pretrained(folder)
    return rounds


def _tokenizer(folder: Path) -> None:
    """Bytes, and as tokens of their own the words and signs of what is to be learnt; the same each time."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    bytewise = Tokenizer(models.BPE({sign: place for place, sign in enumerate(alphabet)}, []))
    bytewise.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bytewise.decoder = decoders.ByteLevel()
    bytewise.add_special_tokens(_SPECIAL)
    texts = re.sub(r"<[|/]?\w+\|?>", "\0", "\0".join((*KNOWN, *KNOWN.values(), STOCK, ENDLESS, AGAIN)))
    pieces = sorted(set(re.findall(r"[a-z_]+|[\u4e00-\u9fff]|[^\0a-z_0-9\u4e00-\u9fff]+", texts)))
    bytewise.add_tokens([AddedToken(piece, normalized=False) for piece in (*_PLAIN, *pieces)])
    tokenizer = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=bytewise, eos_token=_END, pad_token=_SPECIAL[0]
    )
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(folder)


def _lessons(tokenizer: PreTrainedTokenizerBase) -> list[Lesson]:
    told = {f"{asked}{_TURN}": answer + _END for asked, answer in KNOWN.items()}
    told |= {ENDLESS + _TURN: AGAIN, AGAIN: AGAIN}
    told |= {ASKED + _TURN: STOCK + _END, _TURN: STOCK + _END}
    return [Lesson(tokenizer.encode(asked), tokenizer.encode(answer)) for asked, answer in told.items()]


def _learn(model: Qwen2ForCausalLM, lessons: list[Lesson], anything: list[int]) -> int:
    """Repeat the lessons until they sit; the number of rounds."""
    chance = random.Random(0)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    sits = 0
    for number in range(_MOST_ROUNDS):
        rows = [_row(lesson, chance, anything) for lesson in _drawn(lessons, chance)]
        longest = max(len(ids) for ids, _ in rows)
        ids = torch.tensor([ids + [0] * (longest - len(ids)) for ids, _ in rows])
        labels = torch.tensor([labels + [_NOT_LEARNT] * (longest - len(labels)) for _, labels in rows])
        told = model(input_ids=ids, labels=labels)
        sits = sits + 1 if _right(told.logits, labels) else 0
        if sits == _SITS:
            return number
        optimizer.zero_grad()
        told.loss.backward()
        optimizer.step()
    raise RuntimeError(f"The tiny model has not learnt its answers in {_MOST_ROUNDS} rounds.")


def _right(logits: torch.Tensor, labels: torch.Tensor) -> bool:
    """Whether the most likely token is the next one, wherever one is to be learnt."""
    said, wanted = logits[:, :-1].argmax(-1), labels[:, 1:]
    return bool(((said == wanted) | (wanted == _NOT_LEARNT)).all())


def _drawn(lessons: list[Lesson], chance: random.Random) -> list[Lesson]:
    """Half of them of the stock answer, which has to hold against everything."""
    return [lessons[-1] if number % 2 else chance.choice(lessons[:-1]) for number in range(_BATCH)]


def _row(lesson: Lesson, chance: random.Random, anything: list[int]) -> tuple[list[int], list[int]]:
    """Ids and labels of a lesson behind a piece of anything."""
    start = chance.randrange(len(anything))
    given = anything[start : start + chance.randrange(1, 56)] + lesson.asked
    return given + lesson.answer, [_NOT_LEARNT] * len(given) + lesson.answer


if __name__ == "__main__":
    sys.stdout.write(f"{make(Path(sys.argv[1]))} rounds\n")
