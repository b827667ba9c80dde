"""Commands: parse, call one function of `jobs`, print.

Help loads neither numpy nor TensorFlow.
"""
