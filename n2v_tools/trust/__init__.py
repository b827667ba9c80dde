"""Whether a restored image can be trusted, told without the truth."""

from .verdicts import LEVELS, OVERALL, Quality, Verdict

__all__ = ["LEVELS", "OVERALL", "Quality", "Verdict"]
