"""Networks: what they are made of, what they minimise, how far one pixel acts.

Importing this package loads no TensorFlow; building a network does.
"""
