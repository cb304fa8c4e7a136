"""A simulated subscription business: who stays and who leaves, with the true probability known.

>>> from training.data.simulator import simulate
>>> simulation = simulate(3, seed=0)
>>> simulation.identifiers.tolist()
['T0-000000', 'T0-000001', 'T0-000002']
"""

from training.data.simulator.files import DEFAULT_DIRTY_SHARE, DIRT, CsvFile, to_csv
from training.data.simulator.measurement import Simulation, simulate
from training.data.simulator.records import Scalar, to_records
from training.data.simulator.schema import CLASSES, DATASET, IDENTIFIER, TARGET, contract
from training.data.simulator.traffic import LiveRow, live_traffic
from training.data.simulator.world import BREAKS, NORMAL, Break, World

__all__ = [
    "BREAKS",
    "CLASSES",
    "DATASET",
    "DEFAULT_DIRTY_SHARE",
    "DIRT",
    "IDENTIFIER",
    "NORMAL",
    "TARGET",
    "Break",
    "CsvFile",
    "LiveRow",
    "Scalar",
    "Simulation",
    "World",
    "contract",
    "live_traffic",
    "simulate",
    "to_csv",
    "to_records",
]
