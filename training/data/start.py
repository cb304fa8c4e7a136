"""The first step of a run: note what was asked for, and validate the landed file."""

from typing import Unpack

from core import keys, parts
from core.errors import InvalidInputError
from core.store import ObjectStore
from training.data import runs
from training.data.environment import DECIDE_A_MODEL
from training.data.judging import load_judging
from training.data.names import Options
from training.data.times import timed
from training.data.validate import Validation, load_contract, validate_raw


@timed("validate")
def start_run(
    store: ObjectStore, *, raw_key: str, run_id: str, **options: Unpack[Options]
) -> Validation:
    """Validate a landed file and write the run's ``request.json`` and ``spec.json``.

    The contract is read once and goes into the spec, so that all steps of a run go by the same one
    even if it is changed meanwhile.
    """
    request = runs.RunRequest(run_id=run_id, raw_key=raw_key, **options)
    runs.write(store, keys.run(run_id, "request.json"), request)
    dataset = ""
    try:
        dataset = keys.dataset_of_raw(raw_key)
        contract = load_contract(store, dataset)
        judging = load_judging(store, dataset)
    except InvalidInputError as error:
        return Validation(status="rejected", dataset=dataset, reason=str(error))
    spec = runs.RunSpec(
        run_id=run_id,
        raw_key=raw_key,
        contract=contract,
        judging=judging,
        parts=parts.hash_parts(DECIDE_A_MODEL),
        **options,
    )
    runs.write(store, keys.run(run_id, "spec.json"), spec)
    return validate_raw(store, raw_key=raw_key, contract=contract)
