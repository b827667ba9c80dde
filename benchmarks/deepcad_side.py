"""DeepCAD-RT's network in PyTorch, written from its description; realtime.py starts it.

Runs in the environment that CAREamics has for itself, and needs nothing of n2v_tools. It
answers, in JSON, each line that it is given: ``check`` with numbers of a test vector, ``tile
150`` with the wall and CPU seconds of one tile of that edge.

    echo check | .venv-careamics/bin/python benchmarks/deepcad_side.py
"""

from __future__ import annotations

import json
import math
import sys
import time

import torch
from torch import nn

FILTERS = 16


class Network(nn.Module):
    """Three poolings, two convolutions with ReLU a level, nothing else."""

    def __init__(self) -> None:
        super().__init__()
        widths = [FILTERS * 2**level for level in range(4)]
        ins = [1, *widths[:-1]]
        self.down = nn.ModuleList(
            pair(n_in, max(n_out // 2, n_in), n_out)
            for n_in, n_out in zip(ins, widths, strict=True)
        )
        self.up = nn.ModuleList(pair(3 * width, width, width) for width in reversed(widths[:-1]))
        self.last = nn.Conv3d(FILTERS, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Restore (N, 1, T, Y, X)."""
        skips = []
        for level, block in enumerate(self.down):
            if level:
                skips.append(x)
                x = nn.functional.max_pool3d(x, 2)
            x = block(x)
        for block in self.up:
            skip = skips.pop()
            x = nn.functional.interpolate(x, size=skip.shape[2:], mode="nearest")
            x = block(torch.cat([skip, x], dim=1))
        return self.last(x)


def pair(n_in: int, n_mid: int, n_out: int) -> nn.Sequential:
    """Two convolutions with ReLU."""
    first, second = nn.Conv3d(n_in, n_mid, 3, padding=1), nn.Conv3d(n_mid, n_out, 3, padding=1)
    return nn.Sequential(first, nn.ReLU(inplace=True), second, nn.ReLU(inplace=True))


def main() -> None:
    torch.manual_seed(0)
    net = Network().eval()
    for line in sys.stdin:
        order, *words = line.split()
        if order == "end":
            return
        with torch.inference_mode():
            told = check() if order == "check" else tile(net, int(words[0]))
        print(f"\n{json.dumps(told)}", flush=True)


def tile(net: nn.Module, edge: int) -> dict:
    """Time one tile."""
    x = torch.randn(1, 1, edge, edge, edge)
    wall, cpu = time.perf_counter(), time.process_time()
    net(x)
    return {"seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}


def check() -> dict:
    """Mean and first value of the published test vector, and the number of parameters."""
    net = Network().double().eval()
    for weight in net.parameters():
        n = torch.arange(weight.numel(), dtype=torch.int64)
        fill = ((7 * n**2 + 3 * n + 5) % 1009).double() / 1009 - 0.5
        scale = math.sqrt(24 / math.prod(weight.shape[1:])) if weight.ndim > 1 else 0.1
        weight.data = (scale * fill).reshape(weight.shape)
    d, h, w = torch.meshgrid(*[torch.arange(16, dtype=torch.float64)] * 3, indexing="ij")
    y = net(torch.sin(0.3 * d + 0.2 * h + 0.1 * w)[None, None])[0, 0]
    return {
        "mean": float(y.mean()),
        "first": float(y[0, 0, 0]),
        "parameters": sum(weight.numel() for weight in net.parameters()),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
    }


if __name__ == "__main__":
    main()
