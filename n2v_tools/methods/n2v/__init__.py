"""Noise2Void, Noise2Void 2 and structN2V: hidden pixels predicted from those around them."""

from ..row import Row

_NEIGHBOURS = "It learned from noisy images alone, guessing each pixel from its neighbours ({}), "
_NEVER = "and has never seen a clean image"

ROWS = (
    Row(
        name="n2v",
        title="each pixel from its neighbours",
        learned=_NEIGHBOURS.format("Noise2Void") + _NEVER,
        method="n2v_tools.methods.n2v.method:N2V",
        presets={
            "default": "",
            "fast": "",
            "best": "",
            "legacy": "the settings of the dome models of before",
        },
        auto_frames=0,
        compared=True,
    ),
    Row(
        name="n2v2",
        title="Noise2Void without checkerboards",
        learned=_NEIGHBOURS.format("Noise2Void 2") + _NEVER,
        method="n2v_tools.methods.n2v.method:N2V2",
        presets={"default": "", "fast": "", "best": "", "legacy": ""},
    ),
    Row(
        name="structn2v",
        title="n2v with a mask for correlated noise, found from the noise",
        learned="It learned from noisy images alone, guessing pixels from those around a mask that "
        "hides correlated noise (structN2V), " + _NEVER,
        method="n2v_tools.methods.n2v.method:N2V",
        presets={"default": "", "fast": "", "best": "", "legacy": ""},
        settings={"struct_mask": "auto"},
        family="n2v",
        compared=True,
    ),
)
