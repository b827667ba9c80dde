"""DecoNoising: pixels predicted through the blur of the microscope, in 2D and 3D."""

from ..row import Row

ROWS = (
    Row(
        name="deconoising",
        title="each pixel from its neighbours, through the microscope's blur",
        learned="It learned from noisy images alone, guessing each pixel from its neighbours "
        "(DecoNoising) through the blur of the microscope, and has never seen a clean image",
        method="n2v_tools.methods.deconoising.method:DecoNoising",
        record="n2v_tools.methods.deconoising.section:read_section",
        nets={
            "deconoising": "n2v_tools.methods.deconoising.net:SharpNet",
            "deconoising_published": "n2v_tools.methods.deconoising.net:PublishedNet",
        },
        restorer="n2v_tools.methods.deconoising.restorer:open_restorer",
        restoring="n2v_tools.methods.deconoising.restorer:DecoNoisingRestoring",
        restoring_help="With a DecoNoising model: deconvolved=true writes the image before the "
        "blur, too.",
        presets={
            "default": "",
            "fast": "",
            "best": "",
            "deconoising-published": "the original's training script",
            "deconoising-function": "the original's training function",
            "deconoising-zerocost": "its notebook in ZeroCostDL4Mic",
        },
    ),
)
