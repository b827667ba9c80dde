"""Pictures of stacks: small movies of large ones, and figures of several files side by side."""
