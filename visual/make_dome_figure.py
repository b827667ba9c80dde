"""Make dome.png, the figure of the README: the picture of a demo.

python visual/make_dome_figure.py
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

TARGET = Path(__file__).with_name("dome.png")


def main() -> None:
    """Run the demo in a folder that is thrown away and keep its picture."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "n2v_tools.cli", "demo", "--output", folder, *sys.argv[1:]]
        subprocess.run(command, check=True)
        picture = Image.open(Path(folder) / "before_after.png").convert("RGB")
        picture.save(TARGET, optimize=True)
    print(f"{TARGET}: {TARGET.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
