"""Lessons' pictures are made by code: ``picture.py`` draws what ``picture.svg`` shows."""

import importlib.util
import io
from pathlib import Path
from typing import Any, Final, cast

from curriculum.author.drafts import place
from curriculum.author.findings import Finding

MAX_BYTES: Final = 120_000


def lint_picture(folder: Path) -> list[Finding]:
    """Say when a picture is missing, stale, or drawn by nobody."""
    program, picture = folder / "picture.py", folder / "picture.svg"
    if not program.is_file():
        if picture.is_file():
            return [Finding(where=place(picture), problem="No picture.py draws it.")]
        return []
    try:
        drawn = render(program)
    except Exception as error:  # an author's own code may break in any way  # noqa: BLE001
        problem = f"draw() broke: {type(error).__name__}: {error}."
        return [Finding(where=place(program), problem=problem)]
    if not picture.is_file():
        problem = "There is no picture.svg beside it; write it with --fix."
        return [Finding(where=place(program), problem=problem)]
    return _compare(picture, drawn)


def _compare(picture: Path, drawn: bytes) -> list[Finding]:
    if picture.read_bytes() != drawn:
        problem = "It is stale: picture.py now draws another one; write it anew with --fix."
        return [Finding(where=place(picture), problem=problem)]
    if len(drawn) > MAX_BYTES:
        problem = f"It has {len(drawn):,} bytes; {MAX_BYTES:,} are enough. Draw fewer points."
        return [Finding(where=place(picture), problem=problem)]
    return []


def write_picture(folder: Path) -> bool:
    """Draw the picture anew; say whether the file has changed."""
    program, picture = folder / "picture.py", folder / "picture.svg"
    if not program.is_file():
        return False
    drawn = render(program)
    if picture.is_file() and picture.read_bytes() == drawn:
        return False
    picture.write_bytes(drawn)
    return True


def render(program: Path) -> bytes:
    """Return the bytes of what ``draw()`` gives: SVG text, bytes, or a matplotlib figure."""
    spec = importlib.util.spec_from_file_location(f"picture_of_{program.parent.name}", program)
    if spec is None or spec.loader is None:
        raise ImportError(f"{program.name} is no Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    drawn = cast("Any", module).draw()
    if isinstance(drawn, str):
        return drawn.encode()
    return drawn if isinstance(drawn, bytes) else _save(drawn)


def _save(figure: Any) -> bytes:  # noqa: ANN401 - matplotlib is imported by those who draw alone
    import matplotlib as mpl  # noqa: PLC0415 - see above

    body = io.BytesIO()
    nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
    with mpl.rc_context({"svg.hashsalt": "closed-loop"}):
        figure.savefig(body, format="svg", metadata=nothing)
    return body.getvalue()
