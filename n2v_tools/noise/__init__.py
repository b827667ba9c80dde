"""What the noise of a stack is: how strong, how it hangs together from pixel to pixel."""
