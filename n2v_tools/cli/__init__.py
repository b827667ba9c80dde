"""The commands: parse, call one function of `jobs`, print. Nothing here loads numpy or TensorFlow."""
