"""LMDeploy's own command line, with an engine for the CPU in place of its PyTorch engine, which needs a GPU.

`python -m tests.e2e.lmdeploy.cpu_engine serve api_server MODEL --backend pytorch …`; all but the engine is
LMDeploy's. The place where the engine is put in is private to 0.18.0, the version that requirements.txt pins.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
from lmdeploy.cli.entrypoint import run
from lmdeploy.messages import (
    EngineOutput,
    GenerationConfig,
    PytorchEngineConfig,
    RequestMetrics,
    ResponseType,
    ScheduleMetrics,
)
from lmdeploy.serve.core import AsyncEngine
from lmdeploy.serve.proxy.proxy import node_manager
from transformers import AutoModelForCausalLM

from tests.e2e.lmdeploy.tiny_model import WINDOW


class CpuEngine:
    """The most likely token after the last WINDOW ones, one request's token at a time."""

    def __init__(self, folder: str, config: PytorchEngineConfig) -> None:
        torch.set_num_threads(1)
        self.engine_config = config
        self._model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
        self._thread = ThreadPoolExecutor(1)
        self._steps = 0
        self._running = 0

    def create_instance(self, cuda_stream_id: int = 0) -> "CpuEngine":
        return self

    def start_loop(self) -> bool:
        return True

    def close(self) -> None:
        self._thread.shutdown(cancel_futures=True)

    def get_schedule_metrics(self) -> ScheduleMetrics:
        return ScheduleMetrics(active_seqs=self._running, scheduler_tick=self._steps)

    async def get_health_status(self) -> dict[str, Any]:
        return {"alive": True, "message": "", "schedule_metrics": self.get_schedule_metrics()}

    async def async_cancel(self, session_id: int) -> None:
        """Nothing to do: the answer is made in the request's own task, which has been cancelled."""

    async def async_stream_infer(
        self, session_id: int, input_ids: list[int], gen_config: GenerationConfig, **more: object
    ) -> AsyncIterator[EngineOutput]:
        ids = list(input_ids)
        self._running += 1
        try:
            for left in reversed(range(gen_config.max_new_tokens)):
                loop = asyncio.get_running_loop()
                ids.append(await loop.run_in_executor(self._thread, self._next, ids[-WINDOW:]))
                ended = not left or (not gen_config.ignore_eos and ids[-1] in gen_config.stop_token_ids)
                status = ResponseType.FINISH if ended else ResponseType.SUCCESS
                yield EngineOutput(status, ids[-1:], req_metrics=RequestMetrics(time.time()))
                if ended:
                    return
        finally:
            self._running -= 1

    @torch.inference_mode()
    def _next(self, ids: list[int]) -> int:
        self._steps += 1
        return int(self._model(torch.tensor([ids]), logits_to_keep=1).logits[0, -1].argmax())


def _build(_: AsyncEngine, model_path: str, backend_config: PytorchEngineConfig, **more: object) -> CpuEngine:
    return CpuEngine(model_path, backend_config)


if __name__ == "__main__":
    AsyncEngine._build_pytorch = _build
    # The proxy would begin with the nodes that one before it noted inside the installed package.
    node_manager.nodes.clear()
    run()
