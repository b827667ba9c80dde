"""Functions for Python: what the commands do, on files or on arrays in memory.

``from n2v_tools import open_stack, train, denoise, inspect, evaluate``. Each does what the command
of its name does, by the same code, and gives the same pixels. What a user can mend raises an
error of `n2v_tools.errors`, one line that names keywords instead of options; what a user should
hear is a Python warning; what was decided goes to the logger ``n2v_tools``.
"""

from .denoising import denoise
from .evaluating import evaluate
from .inspecting import inspect
from .opening import open_stack
from .training import train

__all__ = ["denoise", "evaluate", "inspect", "open_stack", "train"]
