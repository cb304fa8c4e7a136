"""What makes a cold function start sooner; imported before everything else.

Measured on 400 ms of processor: a tenth goes to looking for garbage among what is imported, of
which nothing is garbage, and a fortieth to pydantic's search of all installed packages for plugins.
"""

import gc
import os

os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
gc.disable()


def end_imports() -> None:
    """Look for garbage again."""
    gc.enable()
