"""Trust in a restored image: verdicts without the truth."""

from .verdicts import LEVELS, OVERALL, Quality, Verdict

__all__ = ["LEVELS", "OVERALL", "Quality", "Verdict"]
