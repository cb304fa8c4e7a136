import csv
import io

import numpy as np

from core import keys
from core.bundle import load_bundle
from core.contract import Column, Contract
from core.inputs import encode_records
from core.registry import Registry
from core.store import Bucket, open_memory
from training.data import runs
from training.data.reports import Report
from training.judge.graph import Graph
from training.run import run_training

CONTRACT = Contract(
    dataset="mails",
    task="binary",
    target="label",
    classes=("ham", "spam"),
    identifier="id",
    columns=(Column(name="message", kind="text"),),
)
SPAM = ("free", "prize", "WINNER!", "cash,", "Urgent:")
HAM = ("meeting", "lunch", "report,", "Thanks!", "home")


def land_mails(rows: int = 400) -> tuple[Bucket, str]:
    random = np.random.default_rng(1)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["id", "message", "label"])
    for place in range(rows):
        spam = random.random() < 0.4
        telling = random.choice(SPAM if spam else HAM, random.integers(0, 4)).tolist()
        words = [*telling, *random.choice([f"w{n}" for n in range(200)], random.integers(1, 12))]
        random.shuffle(words)
        message = ("\n" if place % 7 == 0 else "  ").join(words) if place % 40 else ""
        writer.writerow([f"m{place}", message, "spam" if spam else "ham"])
    store = open_memory()
    store.put(keys.contract("mails"), CONTRACT.to_json())
    store.put("raw/mails/aaaaaaaaaaaa-mails.csv", text.getvalue().encode())
    return store, "raw/mails/aaaaaaaaaaaa-mails.csv"


def test_a_file_of_texts_alone_becomes_a_champion_that_can_be_served() -> None:
    store, raw_key = land_mails()
    result = run_training(store, raw_key=raw_key, run_id="r")
    assert result.outcome == "promoted", result.reason
    fitted = [
        runs.load(store, keys.run_candidate("r", name, "result.json"), runs.CandidateResult)
        for name in runs.load_spec(store, "r").candidates
    ]
    assert {each.status for each in fitted} == {"ok"}
    registry = Registry(store)
    bundle = load_bundle(store, registry.version("mails", 1).bundle_id)
    assert bundle.manifest.parity.max_abs_difference < 1e-5
    assert [each.column for each in bundle.manifest.profile.texts] == ["message"]
    # Another white space than in training, another case, a word that was never seen.
    messages = ["FREE\tprize\n\nwinner unheard-of", "lunch  MEETING thanks", None]
    asked, _ = encode_records(CONTRACT, [{"message": each} for each in messages])
    spam = Graph(bundle.graph).predict(asked)[:, 1]
    assert spam[0] > spam[2] > spam[1]


def test_a_text_column_has_an_importance_and_no_slices_of_whole_texts() -> None:
    store, raw_key = land_mails()
    run_training(store, raw_key=raw_key, run_id="r")
    report = runs.load(store, keys.run("r", "report.json"), Report)
    assert [each.column for each in report.importances] == ["message"]
    assert report.importances[0].increase > 0.01
    assert not [each for each in report.slices if each.column == "message"]
