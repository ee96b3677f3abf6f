"""How much disk `pip install trueline` takes over an empty environment, package by package.

python benchmarks/install_size.py
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

HERE = Path(__file__).parent


def megabytes(folder: Path) -> float:
    """Size of all files below a folder, in MB (10^6 bytes)."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def main() -> None:
    """Install the checkout into a fresh environment and weigh it."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        site = next(Path(folder).glob("lib/python*/site-packages"))
        empty = megabytes(site)
        python = Path(folder) / "bin" / "python"
        subprocess.run(
            [python, "-m", "pip", "install", "--quiet", str(HERE.parent)],
            check=True,
            stderr=subprocess.DEVNULL,
        )
        parts = {
            part.name: round(megabytes(part), 2)
            for part in site.iterdir()
            if part.is_dir() and not part.name.endswith(".dist-info")
        }
        total = round(megabytes(site) - empty, 1)
    result = {
        "python": sys.version.split()[0],
        "total_mb": total,
        "largest_mb": dict(sorted(parts.items(), key=lambda item: -item[1])[:15]),
    }
    (HERE / "results" / "install_size.json").write_text(
        json.dumps(result, indent=1) + "\n", "utf-8"
    )
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
