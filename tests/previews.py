"""Movies as files, and previews of them."""

import numpy as np
from numpy.random import default_rng
from PIL import Image

from n2v_tools.io.layout import Layout
from n2v_tools.io.writer import create_stack
from n2v_tools.jobs.desk.progress import Progress
from n2v_tools.jobs.preview.request import PreviewRequest
from n2v_tools.jobs.preview.write import make_preview
from n2v_tools.stack import Stack


def save(name, array, axes="TYX", **calibration):
    sizes = dict(zip(axes, array.shape, strict=True))
    with create_stack(name, Layout(axes, sizes, array.dtype, **calibration)) as writer:
        for place, plane in Stack(array, axes).planes():
            writer.write(place, plane)
    return name


def movie(n=30, edge=64, low=100, high=300):
    return default_rng(0).integers(low, high, (n, edge, edge), np.uint16)


def preview(name, *restored, **options):
    request = PreviewRequest(name, restored, **options)
    return make_preview(request, Progress(quiet=True))


def frames(path):
    image = Image.open(path)
    for number in range(image.n_frames):
        image.seek(number)
        yield np.array(image.convert("L"))
