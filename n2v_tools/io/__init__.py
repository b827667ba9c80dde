"""Images in, images out: lazily read, streamed, published when complete.

`reader` opens a `Stack` whose pixels stay on disk until they are sliced; `writer` takes planes in
any order. Neither keeps more than a few planes in memory. `listing` finds the stacks behind what a
user names, and `formats` holds all that differs from one file format to the next.
"""
