"""What a command does as a user means it: many files, names, overwriting, configuration."""
