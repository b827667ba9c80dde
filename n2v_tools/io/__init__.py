"""Images in, images out: lazily read, streamed, published when complete.

Reading gives a `Stack` whose pixels stay on disk until they are sliced; writing takes
planes in any order. Neither keeps more than a few planes in memory.
"""

from .arrayfile import HDF5_PLACE
from .convert import decide_dtype, to_dtype
from .inputs import Input, find_files, list_inputs, open_stacks, preferred
from .layout import FORMATS, Layout, layout_like, stored_axes
from .publish import publishing, remove_stale, require_free_name, require_space
from .reader import open_stack, read_description
from .writer import PlaneWriter, create_stack, output_bytes

__all__ = [
    "FORMATS",
    "HDF5_PLACE",
    "Input",
    "Layout",
    "PlaneWriter",
    "create_stack",
    "decide_dtype",
    "find_files",
    "layout_like",
    "list_inputs",
    "open_stack",
    "open_stacks",
    "output_bytes",
    "preferred",
    "publishing",
    "read_description",
    "remove_stale",
    "require_free_name",
    "require_space",
    "stored_axes",
    "to_dtype",
]
