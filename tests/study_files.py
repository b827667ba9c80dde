"""Small files and datasets that several tests of preparation share."""

import tifffile

from n2v_tools.experiment.study import Dataset, Generated, Preparation


def write(path, data, axes="TYX"):
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, data, imagej=True, metadata={"axes": axes})
    return path


def with_steps(dataset, *steps):
    return Dataset(
        dataset.name, axes=dataset.axes, files=dataset.files, truth=dataset.truth,
        pair=dataset.pair, generate=dataset.generate,
        prepare=tuple(Preparation(kind, options, 1) for kind, options in steps),
    )  # fmt: skip


def names(items):
    return [item.noisy.rsplit("/", 1)[-1] for item in items]


def generated(**options):
    block = {"kind": "structured", "number": 2, "noisy": "low/{n}.tif", "clean": "high/{n}.tif"}
    block |= {"options": {"shape": (1, 1, 32, 32)}, **options}
    return Dataset("made", files={"train": ("low",)}, truth={"train": ("high",)},
                   generate=(Generated(**block),))  # fmt: skip
