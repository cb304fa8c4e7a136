"""Strict types for exercises' own programs: ``python -m curriculum.author.strict``.

They all have the same names (``check.py``), which mypy refuses to see in one run. So each is copied
under a name of its own, and what mypy says is told of the file that it came from.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from curriculum.checker.manifest import STAGES_FOLDER

ROOT: Final = Path(__file__).parents[2]
PROGRAMS: Final = ("check.py", "driver.py", "picture.py", "solution/act.py")


def find_programs(stages: Path = STAGES_FOLDER) -> list[Path]:
    """Return what authors wrote for the machine to run, not what they wrote as answers."""
    folders = sorted(stages.glob("[1-6]_*/[0-9][0-9]_*"))
    return [folder / name for folder in folders for name in PROGRAMS if (folder / name).is_file()]


def check_types(programs: list[Path]) -> tuple[int, str]:
    """Run mypy on copies; return its exit code, and what it says of the originals."""
    with tempfile.TemporaryDirectory(prefix="loop-types-") as folder:
        copies = {_copy(program, Path(folder)): program for program in programs}
        ran = subprocess.run(  # noqa: S603 - our own interpreter and files
            [sys.executable, "-m", "mypy", *map(str, copies)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    told = ran.stdout + ran.stderr
    for copy, program in copies.items():
        told = told.replace(str(copy), str(program.relative_to(ROOT)))
    return ran.returncode, told


def _copy(program: Path, folder: Path) -> Path:
    parts = program.relative_to(STAGES_FOLDER).with_suffix("").parts
    copy = folder / f"of_{'_'.join(parts)}.py"
    shutil.copyfile(program, copy)
    return copy


if __name__ == "__main__":
    code, said = check_types(find_programs())
    sys.stdout.write(said)
    sys.exit(code)
