"""Sentences of the verdicts: titles, overall verdicts, what should not be measured."""

from __future__ import annotations

TITLES = {
    "good": "Good",
    "over-smoothed": "Over-smoothed",
    "under-trained": "Noise left: under-trained",
    "hallucinated": "Structure that is not in the data",
    "structured-noise-left": "Structured noise left",
    "noise-added": "Noise added",
    "displaced": "Displaced",
    "out-of-order": "Out of order",
    "rescaled": "Other grey levels",
    "cannot-tell": "Cannot tell",
    "noise-kept": "Noise left",
    "signal-lost": "Signal lost",
    "invented": "Structure invented",
    "shared-noise": "Noise that neighbours share",
    "noise-by-brightness": "Residual against noise",
    "linearity": "Linearity",
    "gain": "Gain and baseline",
    "plain-filters": "Beside plain filters",
    "resolution": "Resolution",
    "displacement": "Displacement",
    "order": "Order",
    "time-lost": "Changes over time",
    "time-delay": "Delay",
    "time-invented": "Changes invented",
    "saturated": "Saturated",
    "floored": "Cut off",
    "lone-pixels": "Lone pixels",
}

OVERALL_SENTENCES = {
    "good": (
        "What was taken away is noise, as far as that can be judged without the truth: no cause to "
        "worry."
    ),
    "good-but": "Mostly noise was taken away, and no failing shows in the whole; but look at:",
    "over-smoothed": (
        "More than noise was taken away: structure {finer}, or changes over time, that the noisy "
        "file holds are missing."
    ),
    "unchanged": (
        "Nothing was taken away: the restored file is the noisy file itself. Check which file was "
        "given."
    ),
    "under-trained": (
        "{kept} of the noise is still in the image: train longer, with more images, or check "
        "that the model fits these data."
    ),
    "hallucinated": (
        "The image shows structure that the noisy file does not hold, or shows it too strongly: "
        "do not trust what you cannot see in the raw file."
    ),
    "structured-noise-left": (
        "Noise that neighbouring pixels share was kept as if it were signal: train with {mask}, or "
        "remove the offsets of rows or columns first."
    ),
    "noise-added": (
        "The image holds noise that the noisy file does not: something after it added noise, or "
        "made what was there stronger."
    ),
    "displaced": (
        "The image lies {shift} from where the noisy file shows it: check how it was cropped, "
        "padded, registered or numbered."
    ),
    "out-of-order": (
        "Not all stand in the order of the noisy file: {exchanged} were exchanged. Check how they "
        "were written or sorted."
    ),
    "rescaled": (
        "What was taken away is noise, but {levels}: do not compare intensities with the raw file."
    ),
    "cannot-tell": "The noisy file does not show whether the image can be trusted: {reason}.",
}

_BRIGHTNESS = "Do not compare brightness between planes, frames or files."

FORBIDDEN = {
    "over-smoothed": (
        "Do not measure structure {finer}: sizes, distances, counts and peak heights of small "
        "objects are wrong."
    ),
    "under-trained": ("Do not set thresholds or count small spots: some are noise that is left."),
    "hallucinated": (
        "Do not count or outline objects, nor measure their edges, without finding them in the "
        "raw file."
    ),
    "structured-noise-left": (
        "Do not measure texture, fine lines or anything along the rows and columns: stripes and "
        "grain are noise."
    ),
    "noise-added": "Do not set thresholds or count small spots: some are noise that was added.",
    "displaced": "Do not measure positions, nor anything together with another channel or file.",
    "out-of-order": "Do not measure traces, positions in depth or when something happened.",
    "lone-pixels": "Do not count or measure small spots without finding them in the raw file.",
    "cannot-tell": "Do not measure anything that the raw file does not show as well.",
    "linearity": "Do not compare brightness between dark and bright places.",
    "gain": _BRIGHTNESS,
    "rescaled": _BRIGHTNESS,
    "time-lost": "Do not measure the height or the rise of fast changes.",
    "movie": (
        "Do not take the height of single flashes (dF/F) for exact without the mean of many in the "
        "raw file: a method that learned too little lowers them, where noise hides it from all "
        "checks."
    ),
    "time-delay": "Do not measure when something happened.",
    "time-invented": "Do not count events without finding them in the raw movie.",
    "always": (
        "Do not measure noise on it, nor anything that rests on noise (photon counts from "
        "variance, correlation of neighbouring pixels, significance by pixel spread): use the raw "
        "file."
    ),
}
