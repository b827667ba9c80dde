"""Learning: samples, schedule, checkpoints, history and the loop that runs them in order."""
