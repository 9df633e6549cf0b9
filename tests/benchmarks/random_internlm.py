"""A model of InternLM3's architecture with random weights, for what depends on its shape alone.

    python -m tests.benchmarks.random_internlm FOLDER [--layers N] [--hidden N]

The default is the shape of internlm3-8b-instruct, 17 GB. Every token of its vocabulary has a text, so that
what it says, though it means nothing, is streamed like an answer.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n"
    "{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

# InternLM3's layers and their names are Llama's; only its configuration is its own.
CONFIGURATION = '''"""InternLM3's configuration: Llama's under another name."""

from transformers import LlamaConfig


class InternLM3Config(LlamaConfig):
    model_type = "internlm3"
'''
IDENTITY = {
    "architectures": ["InternLM3ForCausalLM"],
    "model_type": "internlm3",
    "auto_map": {"AutoConfig": "configuration_internlm3.InternLM3Config"},
    "qkv_bias": False,
    "bias": False,
}


def main(argv: Sequence[str]) -> int:
    """Write the model."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.random_internlm", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--layers", type=int, default=48)
    parser.add_argument("--hidden", type=int, default=4096, help="a multiple of 128 (4096)")
    parser.add_argument("--vocabulary", type=int, default=128512)
    options = parser.parse_args(argv)
    write(options.folder, options.layers, options.hidden, options.vocabulary)
    return 0


def write(folder: Path, layers: int, hidden: int, vocabulary: int) -> None:
    """Weights in bfloat16, tokenizer and configuration, as on a model hub."""
    folder.mkdir(parents=True, exist_ok=True)
    _tokenizer(vocabulary).save_pretrained(folder)
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=hidden,
        intermediate_size=hidden * 5 // 2,
        num_hidden_layers=layers,
        num_attention_heads=max(2, hidden // 128),
        num_key_value_heads=2,
        head_dim=128,
        max_position_embeddings=32768,
        bos_token_id=None,
        eos_token_id=vocabulary - 1,
        dtype=torch.bfloat16,
    )
    torch.set_default_dtype(torch.bfloat16)
    LlamaForCausalLM(config).save_pretrained(folder)
    torch.set_default_dtype(torch.float32)
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | IDENTITY, indent=2))
    (folder / "configuration_internlm3.py").write_text(CONFIGURATION)


def _tokenizer(vocabulary: int) -> PreTrainedTokenizerFast:
    """Bytes for what is read, and made-up words up to the vocabulary's size for what is said."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = [f"Ġ{number:x}" for number in range(vocabulary - len(alphabet) - len(SPECIAL))]
    tokenizer = Tokenizer(models.BPE({token: place for place, token in enumerate(alphabet + words)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(SPECIAL)
    fast = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, eos_token=SPECIAL[-1], pad_token=SPECIAL[0]
    )
    fast.chat_template = TEMPLATE
    return fast


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
