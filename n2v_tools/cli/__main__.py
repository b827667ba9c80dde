"""``python -m n2v_tools.cli``."""

from .main import main

main()
