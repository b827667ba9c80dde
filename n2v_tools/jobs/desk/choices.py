"""Values that options of several commands take; light, since ``--help`` reads them."""

DTYPES = ("auto", "uint16", "same", "float32")
ENGINES = ("auto", "tensorflow", "openvino")
PRECISIONS = ("auto", "float32", "bfloat16")
NANS = ("refuse", "fill")
HOTS = ("keep", "fill")
LEAST_MINUTES = 0.25  # of a training
SUFFIX = "_denoised"  # after the stem of an input, in the name of its output
