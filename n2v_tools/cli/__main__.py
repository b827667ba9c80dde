"""``python -m n2v_tools.cli``.

Tests: ``tests/cli/test_cli_contract.py``.
"""

from .main import main

main()
