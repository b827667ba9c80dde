"""HDN: images that the noise could have been added to, drawn by a hierarchical autoencoder."""

from ..row import Row

ROWS = (
    Row(
        name="hdn",
        title="the mean of many images that fit the noise",
        learned="It learned from noisy images and a model of their noise (HDN), drawing images "
        "that the noise could have been added to, and has never seen a clean image",
        method="n2v_tools.methods.hdn.method:HDN",
        record="n2v_tools.methods.hdn.section:read_section",
        nets={"ladder": "n2v_tools.methods.hdn.net:LadderNet"},
        restorer="n2v_tools.methods.hdn.restorer:open_restorer",
        restoring="n2v_tools.methods.hdn.restorer:HDNRestoring",
        restoring_help="With a model of hdn: samples, keep_samples.",
        train_options={
            "noise_from": (
                "FILE",
                "With method hdn: many frames of one still scene, NOISY=CLEAN, or a noise model "
                "(.npz), from which the noise is learned instead of measured.",
            ),
        },
        denoise_options={
            "samples": ("N", "With a model of hdn: the mean of so many images."),
            "keep_samples": ("K", "With a model of hdn: write the first K of them, too."),
        },
        presets={
            "default": "",
            "hdn-pixel": "HDN as published",
            "hdn-structured": "likewise, for noise that neighbours share",
            "hdn-p13": "likewise, as in the study of calcium movies",
        },
        one_channel=True,
        noise_model="n2v_tools.methods.hdn.section:read_noise",
    ),
)
