"""Judge a run's candidates: pick the best, score it on the holdout, prove its graph, publish it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from core import keys
from core.bundle import (
    BATCH_GRAPH,
    Manifest,
    Parity,
    PredictionInterval,
    hash_files,
    load_bundle,
    publish_bundle,
)
from core.contract import Contract, Task
from core.inputs import code_inputs
from core.metrics import LOSS_NAMES
from core.mlmodel import GRAPH, describe_mlflow_model
from core.profile import build_profile
from core.registry import Registry
from core.store import ObjectStore
from training.data import runs
from training.data.arrays import Rows, Split, load_split, select_inputs
from training.data.names import BASELINE
from training.data.reports import Report
from training.data.times import timed
from training.judge.answers import (
    Answers,
    load_answers,
    load_batch_graph,
    load_graph,
    load_results,
)
from training.judge.choose import Choice, choose
from training.judge.decide import choose_half_width, choose_threshold
from training.judge.describe import Judged, describe
from training.judge.graph import Graph
from training.judge.own_graph import leave_out_unserved
from training.judge.parity import TOLERANCES, measure_parity
from training.judge.provenance import (
    describe_provenance,
    round_bounds,
    round_number,
    round_numbers,
    round_parity,
)
from training.judge.score import DECISION_THRESHOLD, Holdout, Scored
from training.judge.slices import Answered

_CHANCE = 99.0  # percentile of the calibration error that chance alone gives
_REPEATED_ROWS = 1000


@dataclass(frozen=True, slots=True)
class _Champion:
    version: int | None
    answers: NDArray[np.float64] | None


@timed("evaluate")
def evaluate_run(store: ObjectStore, *, run_id: str) -> runs.Evaluation:
    """Judge a run's candidates and publish the best one's bundle.

    Returns
    -------
    runs.Evaluation
        Also written as ``evaluation.json``, beside a fuller ``report.json``.

    Raises
    ------
    InvalidInputError
        If no candidate, or not the baseline, could be fitted.
    IntegrityError
        If what an earlier step wrote is not what it promised.
    """
    spec = runs.load_spec(store, run_id)
    split = load_split(store, run_id, spec.contract)
    results = leave_out_unserved(store, run_id, load_results(store, spec), split)
    choice = choose(results, prefer=spec.prefer)
    picked = choice.picked
    graph = Graph(load_graph(store, run_id, picked))
    answers = load_answers(store, run_id, picked.candidate)
    answered = Answered(
        holdout=_decide(spec, split, answers),
        inputs=split.holdout.inputs,
        answers=graph.predict(split.holdout.inputs),
        baseline=load_answers(store, run_id, BASELINE).holdout,
    )
    batch_graph = load_batch_graph(store, run_id, picked)
    work = _Work(spec, picked, split, graph, batch_graph, answers, answered)
    manifest, files = work.make_manifest(runs.load_data(store, run_id))
    bundle_id = publish_bundle(store, graph=graph.body, manifest=manifest, files=files)
    champion = _ask_champion(store, spec.contract, split.holdout)
    judged = Judged(spec.contract, answered, work.scored, champion.answers, graph.predict)
    report = describe(judged, picked, bundle_id, spec.judging.decision)
    evaluation = work.conclude(manifest, report, champion, choice)
    runs.write(store, keys.run(run_id, "report.json"), report)
    runs.write(store, keys.run(run_id, "evaluation.json"), evaluation)
    return evaluation


def summarise_answers(task: Task, answers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return one score for each of n rows, as `core.profile.ReferenceProfile.output` has it."""
    if task == "regression":
        return answers[:, 0]
    return answers[:, 1] if task == "binary" else answers.max(axis=1)


@dataclass(frozen=True)
class _Work:
    """What is known about the picked candidate, once its graph has answered the holdout."""

    spec: runs.RunSpec
    picked: runs.CandidateResult
    split: Split
    graph: Graph
    batch_graph: bytes | None
    answers: Answers
    answered: Answered

    @cached_property
    def scored(self) -> Scored:
        return self.answered.holdout.score_with_intervals(self.answered.answers)

    def make_manifest(self, data: runs.RunData) -> tuple[Manifest, dict[str, bytes]]:
        """Return the manifest, and the files of the bundle beside it and the graph."""
        contract, holdout = self.spec.contract, self.answered.holdout
        scores = summarise_answers(contract.task, self.answers.training)
        provenance = describe_provenance(self.spec, data, self.picked)
        files = describe_mlflow_model(
            contract,
            graph_sha256=self.picked.graph_sha256,
            python=provenance.python,
            packages=provenance.packages,
        )
        if self.batch_graph is not None:
            files[BATCH_GRAPH] = self.batch_graph
        manifest = Manifest(
            model=contract.dataset,
            contract=contract,
            candidate=self.picked.candidate,
            graph_sha256=self.picked.graph_sha256,
            graph_size_bytes=len(self.graph.body),
            decision_threshold=holdout.threshold if contract.task == "binary" else None,
            calibration=self.picked.calibration,
            precision=self.spec.precision,
            interval=_describe_interval(self.spec, holdout.half_width),
            metrics=round_numbers(self.scored.metrics),
            metric_intervals=round_bounds(self.scored.intervals),
            baseline_metrics=round_numbers(holdout.score(self.answered.baseline)),
            prior=tuple(map(round_number, self.answered.baseline[0].tolist())),
            holdout_rows=len(self.split.holdout),
            training_rows=len(self.split.training),
            profile=build_profile(contract, self.split.training.inputs, scores),
            parity=round_parity(self._prove()),
            provenance=provenance,
            files=hash_files(files | {GRAPH: self.graph.body}),
        )
        return manifest, files

    def conclude(
        self, manifest: Manifest, report: Report, champion: _Champion, choice: Choice
    ) -> runs.Evaluation:
        """Return what the gate judges by: the report's numbers, and what only the graph can tell.

        Asks the graph again, a second session of it and the one for batch scoring, and times it.
        """
        name = LOSS_NAMES[manifest.contract.task]
        scores = {
            "candidate": report.metrics,
            "baseline": report.baseline_metrics,
            "champion": report.champion_metrics,
        }
        repeated, unlike = self._repeat()
        batch_rows, unlike_batch = self._compare_batch()
        return runs.Evaluation(
            candidate=manifest.candidate,
            bundle_id=report.bundle_id,
            metrics=manifest.metrics,
            losses={model: found[name] for model, found in scores.items() if found},
            champion_version=champion.version,
            parity=manifest.parity,
            graph_size_bytes=manifest.graph_size_bytes,
            intervals=report.intervals,
            comparisons=report.comparisons,
            calibration=self.picked.calibration,
            calibration_error_by_chance=self._find_chance(),
            slices=report.slices,
            latency_ms=self.graph.measure_latency(self.answered.inputs),
            repeats_itself=self.picked.repeats_itself,
            repeated_rows=repeated,
            unlike_rows=unlike,
            batch_rows=batch_rows,
            unlike_batch_rows=unlike_batch,
            best_candidate=choice.best.candidate,
            simplest_candidate=choice.simplest.candidate,
            cross_validated_limit=choice.limit,
        )

    @cached_property
    def _proofs(self) -> NDArray[np.float64]:
        """The graph's answers for every holdout row and for the rows planted at edges."""
        planted = self.graph.predict(self.answers.planted_inputs)
        return np.concatenate([self.answered.answers, planted])

    def _prove(self) -> Parity:
        """Compare with scikit-learn."""
        answers, holdout = self.answers, self.answered.holdout
        return measure_parity(
            holdout.task,
            np.concatenate([answers.holdout, answers.planted]),
            self._proofs,
            threshold=holdout.threshold,
            tolerance=TOLERANCES[self.spec.precision],
        )

    def _repeat(self) -> tuple[int, int]:
        """Ask a second session of the same graph; return rows asked and rows answered unlike."""
        first = self.answered.answers
        asked = select_inputs(self.answered.inputs, np.arange(min(len(first), _REPEATED_ROWS)))
        again = Graph(self.graph.body).predict(asked)
        return len(asked), int((again != first[: len(asked)]).any(axis=1).sum())

    def _compare_batch(self) -> tuple[int, int]:
        """Ask the graph for batch scoring; return rows asked and rows answered unlike."""
        if self.batch_graph is None:
            return 0, 0
        graph = Graph(self.batch_graph)
        asked = (self.answered.inputs, self.answers.planted_inputs)
        fed = [code_inputs(i, self.spec.contract) for i in asked] if graph.takes_codes else asked
        found = np.concatenate([graph.predict(inputs) for inputs in fed])
        return len(found), int((found != self._proofs).any(axis=1).sum())

    def _find_chance(self) -> float | None:
        chance = self.scored.chance
        return float(np.percentile(chance, _CHANCE)) if chance else None


def _decide(spec: runs.RunSpec, split: Split, answers: Answers) -> Holdout:
    """Choose threshold or interval on out-of-fold answers, and say how the holdout is scored."""
    task, decision = spec.contract.task, spec.judging.decision
    threshold, half_width = DECISION_THRESHOLD, None
    if task == "binary":
        positive = answers.validated_target == 1
        threshold = choose_threshold(decision, answers.validated[:, 1], positive)
    elif task == "regression":
        half_width = choose_half_width(
            decision.interval_coverage, answers.validated[:, 0], answers.validated_target
        )
    return Holdout(
        task=task,
        target=split.holdout.target,
        seed=spec.seed,
        threshold=threshold,
        half_width=half_width,
        groups=split.holdout.groups,
    )


def _describe_interval(spec: runs.RunSpec, half_width: float | None) -> PredictionInterval | None:
    if half_width is None:
        return None
    return PredictionInterval(
        coverage=spec.judging.decision.interval_coverage, half_width=half_width
    )


def _ask_champion(store: ObjectStore, contract: Contract, holdout: Rows) -> _Champion:
    """Let the champion answer the holdout; no answers when it takes other inputs."""
    registry = Registry(store)
    state = registry.alias(contract.dataset)
    if state is None:
        return _Champion(None, None)
    record = registry.version(contract.dataset, state.version)
    bundle = load_bundle(store, record.bundle_id)
    if _describe_interface(bundle.manifest.contract) != _describe_interface(contract):
        return _Champion(state.version, None)
    return _Champion(state.version, Graph(bundle.graph).predict(holdout.inputs))


def _describe_interface(contract: Contract) -> tuple[object, ...]:
    numeric = tuple((column.name, column.kind) for column in contract.numeric_columns)
    strings = tuple(column.name for column in contract.string_columns)
    return contract.task, contract.target, contract.classes, numeric, strings
