"""What is found out about a stack, and taken from it, before a net sees it."""
