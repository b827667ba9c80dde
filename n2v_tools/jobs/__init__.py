"""Jobs: what each command does for a user, with many files, names and overwriting."""
