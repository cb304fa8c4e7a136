"""Which versions are tried beside the champions: their aliases followed, their bundles kept loaded.

Nothing that befalls a challenger or a shadow reaches a caller. One that cannot be loaded stays
away until it can be; the champion answers meanwhile, and it is counted.
"""

import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from core.errors import InvalidInputError, LoopError, NotFoundError, UnavailableError
from core.rollout import TrialName, check_alike, is_on, name_experiment
from core.store import ObjectStore
from lambdas.inference.looks import Look, Looks, Starter, start_thread
from lambdas.inference.registry import QuickRegistry
from lambdas.inference.served import Arm, Rollout, Served, load_served

if TYPE_CHECKING:
    from core.records import AliasState
    from lambdas.inference.mirroring import Desk

RETRY_S = 30.0
"""Time between two tries to load what could not be loaded."""

METRICS: dict[TrialName, str] = {
    "challenger": "ChallengerFailures",
    "shadow": "ShadowFailures",
}

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known about one alias; `served` is None where nothing is to be tried, or can be.

    `retry_s` is 0 unless it could not be loaded.
    """

    state: "AliasState | None" = None
    served: Served | None = None
    retry_s: float = 0.0


_NOTHING = _Known()


def _ignore(_metric: str, _model: str) -> None:
    """Count nothing."""


@dataclass(frozen=True, slots=True)
class Trying:
    """How a host tries versions.

    Attributes
    ----------
    on_failure : callable
        Called with a metric's and a model's name when a challenger or shadow cannot be loaded.
    later : callable, optional
        Runs something after the answer, where the host does that.
    """

    on_failure: Callable[[str, str], None] = _ignore
    later: Starter | None = None


class Trials:
    """The challengers and shadows of one registry.

    Parameters
    ----------
    registry : QuickRegistry
        Whose aliases are followed.
    store : ObjectStore
        Where bundles are read from.
    find_champion : callable
        Returns the state of a model's champion, or None while it is not known.
    on_look : callable
        Called with a model's name after each look.
    trying : Trying
        How the host wants it.
    clock : callable
        Seconds that only grow.
    start : callable
        Runs a look beside the request.
    """

    def __init__(
        self,
        registry: QuickRegistry,
        store: ObjectStore,
        *,
        find_champion: "Callable[[str], AliasState | None]",
        on_look: Callable[[str], None],
        trying: Trying,
        clock: Callable[[], float] = time.monotonic,
        start: Starter = start_thread,
    ) -> None:
        self._registry = registry
        self._store = store
        self._find_champion = find_champion
        self._on_look = on_look
        self._trying = trying
        self._clock = clock
        self._looks: Looks[None] = Looks(start)
        self._desk: Desk | None = None
        self._known: dict[tuple[str, TrialName], _Known] = {}
        self._unlike: dict[tuple[str, TrialName], tuple[int, int]] = {}

    def begin(self, model: str) -> Look[None]:
        """Begin to look at both aliases, and return the look at the challenger's.

        A caller's arm hangs on that one; nobody waits for a shadow.
        """
        if self._find_champion(model):  # a first answer comes before any shadow
            self._looks.begin(f"{model}/shadow", partial(self._look, model, "shadow"))
        return self._looks.begin(f"{model}/challenger", partial(self._look, model, "challenger"))

    def _look(self, model: str, name: TrialName) -> None:
        self._follow(model, name, self._find_champion(model))
        self._on_look(model)

    def _follow(self, model: str, name: TrialName, champion: "AliasState | None") -> None:
        """Look at an alias, and load what it points at if that is to be tried.

        While the champion is not known, what might be tried is loaded.
        """
        known = self._known.get((model, name), _NOTHING)
        state = self._read(model, name, known)
        wanted = bool(state and state.share) if champion is None else is_on(state, champion)
        if state is None:  # of a model that is not there too; callers may think up any number
            self._known.pop((model, name), None)
            return
        if not wanted:
            self._known[model, name] = _Known(state)
            return
        served, retry_s = known.served, known.retry_s
        if served is not None and served.version.version == state.version:
            served = replace(served, alias=state)
        elif known.state != state or self._clock() >= retry_s:
            served = self._load(state, name)
            retry_s = 0.0 if served else self._clock() + RETRY_S
        self._known[model, name] = _Known(state, served, retry_s)

    def attach(self, champion: Served) -> Served:
        """Return a champion with what is tried beside it, as far as that is known."""
        alone = champion if champion.rollout is None else replace(champion, rollout=None)
        challenger, shadow = self._arm(alone, "challenger"), self._arm(alone, "shadow")
        if challenger is None and shadow is None:
            return alone
        return replace(alone, rollout=Rollout(challenger, shadow, self._open_desk()))

    def _open_desk(self) -> "Desk":
        if self._desk is None:
            from lambdas.inference.mirroring import Desk  # noqa: PLC0415 - only for trials

            self._desk = Desk(later=self._trying.later)
        return self._desk

    def forget(self, model: str) -> None:
        """Drop what is known about a model that is not kept loaded any more."""
        for name in METRICS:
            self._known.pop((model, name), None)
            self._unlike.pop((model, name), None)

    def _read(self, model: str, name: TrialName, known: _Known) -> "AliasState | None":
        etag = known.state.etag if known.state else ""
        try:
            return self._registry.alias_if_changed(model, name, etag) or known.state
        except (NotFoundError, InvalidInputError):
            return None
        except UnavailableError:  # the look at the champion says so too, and rests
            return known.state
        except LoopError as error:
            _warn(f"the {name} of {model} cannot be followed", error)
            return None

    def _load(self, state: "AliasState", name: TrialName) -> Served | None:
        try:
            return load_served(state, self._registry, self._store)
        except LoopError as error:
            _warn(f"the {name} of {state.model} cannot be loaded", error)
            self._trying.on_failure(METRICS[name], state.model)
            return None

    def _arm(self, champion: Served, name: TrialName) -> Arm | None:
        known = self._known.get((champion.alias.model, name), _NOTHING)
        if known.state is None or not is_on(known.state, champion.alias):
            return None
        served = known.served
        if served is None and not known.retry_s:
            return None  # not loaded yet
        if served is not None:
            try:
                check_alike(champion.contract, served.contract)
            except InvalidInputError as error:
                self._tell_unlike(champion, served, name, error)
                served = None
        return Arm(
            known.state.share or 0.0,
            known.state.experiment or "",
            name_experiment(known.state),
            served,
        )

    def _tell_unlike(
        self, champion: Served, served: Served, name: TrialName, error: InvalidInputError
    ) -> None:
        """Tell once of a version that answers another question than the champion."""
        model, pair = champion.alias.model, (champion.version.version, served.version.version)
        if self._unlike.get((model, name)) == pair:
            return  # it is found again with every look
        self._unlike[model, name] = pair
        _warn(f"the {name} of {model} cannot be tried", error)
        self._trying.on_failure(METRICS[name], model)


def _warn(what: str, error: LoopError) -> None:
    _log.warning(json.dumps({"event": what, "error": type(error).__name__, "why": str(error)}))
