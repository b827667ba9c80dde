"""Requests to compare methods."""

from n2v_tools.jobs.compare.request import CompareRequest


def request(folder, *methods, **options):
    wanted = {"input": str(folder / "noisy.tif"), "output": folder / "out", "methods": methods}
    return CompareRequest(**{**wanted, **options})
