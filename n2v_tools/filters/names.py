"""Names of the filters, as ``--method`` takes them; light, since the help lists them."""

MEDIAN = "median"
GAUSSIAN = "gaussian"
DIFFUSION = "diffusion"
NON_LOCAL_MEANS = "nlm"

NAMES = (MEDIAN, GAUSSIAN, DIFFUSION, NON_LOCAL_MEANS)
