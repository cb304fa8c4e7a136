from pathlib import Path

import pytest

from tests.fixtures.bundles import make_contract
from tests.unit.batch.batches import Batch


@pytest.fixture
def batch(tmp_path: Path) -> Batch:
    return Batch(make_contract(), tmp_path)
