"""Studies: named experiments of a YAML file, each trained, denoised and evaluated once."""
