"""Noise2Void, N2V2 and structN2V."""
