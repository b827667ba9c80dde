"""Training: from a request to a finished model folder."""
