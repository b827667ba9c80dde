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
        train_options={
            "psf": (
                "PSF",
                "With method deconoising: what a point becomes. auto (from the file's metadata, "
                "else from the images' own cut-off), gaussian:1.2 (deviation in px), "
                "na=1.4,wavelength=520,index=1.518 (nm), or a FILE of one spot; of several "
                "channels one each, with ; between.  [default: auto]",
            ),
        },
        denoise_options={
            "deconvolved": (
                "",
                "With a model of deconoising: write NAME_deconvolved beside it, the image before "
                "the blur. It is for the eye: nothing on it should be measured.",
            ),
        },
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
