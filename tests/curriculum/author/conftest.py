from pathlib import Path

import pytest

from tests.curriculum.author.studio import Studio


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path / "stages")
