"""Which model answers: the versions that the champion aliases point at, kept loaded.

Following an alias costs one conditional request every few seconds, beside the requests and not
before them. A request keeps the model it got, whatever happens meanwhile; and once a model was
served, no fault of the bucket or of a new bundle takes it away: the last good one goes on
answering.
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from core import keys
from core.errors import (
    IntegrityError,
    InvalidInputError,
    LoopError,
    NotFoundError,
    UnavailableError,
)
from core.store import ObjectStore
from lambdas.inference.deadline import LateError, read_remaining_s
from lambdas.inference.looks import Look, Looks, Starter, start_thread
from lambdas.inference.registry import QuickRegistry
from lambdas.inference.served import NoModelError, Served, load_served
from lambdas.inference.trials import Trials, Trying

if TYPE_CHECKING:
    from core.records import AliasState
    from core.registry import Registry

__all__ = ["MAX_LOADED", "RETRY_S", "WAIT_S", "Models", "NoModelError", "Served"]

MAX_LOADED = 16
"""How many models are kept loaded; the one that was not asked for longest goes first."""

RETRY_S = 30.0
"""Longest time between two looks at an alias that cannot be followed."""

WAIT_S = 1.0
"""Longest time that a request waits for a look when there is a model to answer with."""

_TRYING = Trying()
_log = logging.getLogger(__name__)

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Entry:
    """What is known about a model, and when to look again.

    `broken_etag` names the alias's state that could not be loaded, if there is one; until
    `retry_s` it is not loaded again.
    """

    served: Served
    next_look_s: float
    broken_etag: str = ""
    retry_s: float = 0.0


@dataclass(frozen=True, slots=True)
class _Default:
    """What is known about the default model, and when to look again."""

    model: str | None = None
    next_look_s: float = 0.0


class Models:
    """The models of one registry, loaded when first asked for.

    An alias that was looked at within `refresh_s` is trusted. Up to twice that, a request gets the
    model at hand and starts a look beside it; a request that comes later than that waits for the
    look, at most `WAIT_S`. So the versions that answer are never older than twice `refresh_s` and
    the time of one look, as long as the bucket answers.

    Parameters
    ----------
    store : ObjectStore
        Where bundles are read from.
    quick_store : ObjectStore
        The same bucket with short timeouts, for what every request may have to wait for.
    refresh_s : float
        Seconds that an alias is trusted.
    on_fallback : callable
        Called with a model's name when its alias could not be followed and the last good
        version goes on.
    trying : Trying
        How challengers and shadows are tried.
    has_prior : bool
        Whether a prior may answer for a model that could never be loaded.
    clock : callable
        Seconds that only grow.
    start : callable
        Runs a look beside the request.
    """

    def __init__(  # noqa: PLR0913 - a bucket twice, and what tests choose
        self,
        store: ObjectStore,
        *,
        quick_store: ObjectStore | None = None,
        refresh_s: float,
        on_fallback: Callable[[str], None] = lambda _model: None,
        trying: Trying = _TRYING,
        has_prior: bool = False,
        clock: Callable[[], float] = time.monotonic,
        start: Starter = start_thread,
    ) -> None:
        self._registry = QuickRegistry(quick_store or store)
        self._store = store
        self._refresh_s = refresh_s
        self._on_fallback = on_fallback
        self._has_prior = has_prior
        self._clock = clock
        self._start = start
        self._entries: dict[str, _Entry] = {}
        self._default = _Default()
        self._failures = 0
        self._quiet_until_s = 0.0
        self._lock = threading.Lock()
        self._looks: Looks[_Entry] = Looks(start)
        self._default_looks: Looks[_Default] = Looks(start)
        self._trials = Trials(
            self._registry,
            store,
            find_champion=self._find_champion,
            on_look=self._attach_trials,
            trying=trying,
            clock=clock,
            start=start,
        )

    def get(self, model: str | None = None) -> Served:
        """Return the champion of a model, or of the default one.

        Raises
        ------
        NotFoundError
            If there is no model of this name.
        NoModelError
            If it cannot be served yet.
        LateError
            If it cannot be loaded within the request's time.
        """
        likely = model or self._default.model
        looks = self._begin_due(likely)  # beside the look at the default: nobody waits for both
        name = model or self.default()
        if name != likely:
            looks = self._begin_due(name)
        for look in looks:
            look.wait(WAIT_S)
        entry = self._entries.get(name) or self._load_first(name)
        if entry.served.is_fallback:
            self._on_fallback(name)
        if len(self._entries) > 1:
            self._use(name, entry)
        return entry.served

    @property
    def registry(self) -> "Registry":
        """The registry, whole."""
        return self._registry.whole

    def default(self) -> str:
        """Return the default model's name, or raise `NoModelError`."""
        known = self._default
        if known.model and not self._is_due(known.next_look_s):
            return known.model
        look = self._default_looks.begin("", self._look_at_default)
        if not known.model:
            _wait_for(look)
        elif self._must_wait(known.next_look_s):
            look.wait(WAIT_S)
        if self._default.model is None:
            raise NoModelError("No model has been promoted yet.")
        return self._default.model

    def is_default(self, model: str) -> bool:
        """Tell whether a model is the default one."""
        try:
            return self.default() == model
        except NoModelError:
            return False

    def keep_fresh(self) -> None:
        """Look at every alias in time from a thread, so that no request of a server waits."""
        self._start(self._keep_fresh)

    def _keep_fresh(self) -> None:
        while True:
            time.sleep(max(self._refresh_s, 0.1))
            with self._lock:
                names = list(self._entries)
            for name in names:
                self._begin_due(name)
            if self._default.model and self._is_due(self._default.next_look_s):
                self._default_looks.begin("", self._look_at_default)

    def _is_due(self, next_look_s: float) -> bool:
        return self._clock() >= max(next_look_s, self._quiet_until_s)

    def _must_wait(self, next_look_s: float) -> bool:
        """Tell whether what is known is too old; while the bucket is down, it is all there is."""
        return not self._failures and self._clock() >= next_look_s + self._refresh_s

    def _begin_due(self, name: str | None) -> "Sequence[Look[_Entry] | Look[None]]":
        """Begin the looks that are due for a loaded model, and return those to be waited for."""
        entry = self._entries.get(name) if name else None
        if entry is None or not self._is_due(entry.next_look_s):
            return ()
        model = entry.served.alias.model
        waits = self._must_wait(entry.next_look_s)
        look = self._looks.begin(model, partial(self._look, model))
        if self._failures:
            return ()
        trial = self._trials.begin(model)
        return (look, trial) if waits else ()

    def _attach_trials(self, name: str) -> None:
        with self._lock:
            entry = self._entries.get(name)
            if entry:
                self._entries[name] = replace(entry, served=self._attach(entry.served))

    def _attach(self, served: Served) -> Served:
        # Nothing is learnt from a comparison with a prior.
        return served if served.is_fallback else self._trials.attach(served)

    def _find_champion(self, name: str) -> "AliasState | None":
        entry = self._entries.get(name)
        return entry.served.alias if entry else None

    def _use(self, name: str, entry: _Entry) -> None:
        """Put an entry at the end: their order is the order of their last use."""
        with self._lock:
            self._entries[name] = self._entries.pop(name, entry)

    def _keep(self, name: str, entry: _Entry) -> None:
        with self._lock:
            self._entries[name] = replace(entry, served=self._attach(entry.served))
            while len(self._entries) > MAX_LOADED:
                oldest = next(iter(self._entries))
                del self._entries[oldest]
                self._trials.forget(oldest)

    def _load_first(self, name: str) -> _Entry:
        try:
            keys.check_name(name)
        except InvalidInputError:
            raise _unknown() from None
        # Beside the champion, so that a caller's first answer is of the arm that it will keep.
        trial = self._trials.begin(name)
        entry = _wait_for(self._looks.begin(name, partial(self._look, name)))
        trial.wait(WAIT_S)
        return self._entries.get(name, entry)

    def _look(self, name: str) -> _Entry:
        known = self._entries.get(name)
        entry = self._look_again(known) if known else self._look_first(name)
        self._keep(name, entry)
        return entry

    def _look_at_default(self) -> _Default:
        now_s = self._clock()
        known = self._default.model
        try:
            found = self._registry.default_model()
        except (UnavailableError, IntegrityError) as error:
            self._rest("the default model cannot be read", error)
            if known is None:
                raise NoModelError("The default model cannot be read just now.") from error
            self._on_fallback(known)
            found = None
        self._default = _Default(found or known, now_s + self._refresh_s)
        return self._default

    def _look_first(self, model: str) -> _Entry:
        now_s = self._clock()
        alias = None
        try:
            alias = self._registry.alias(model)
            known = alias is not None or self._registry.has_versions(model)
            served = load_served(alias, self._registry, self._store) if alias else None
        except LoopError as error:
            # Only a name that is known is logged; any other is the caller's own text.
            _warn(f"the model {model if alias else 'asked for'} cannot be loaded", error)
            if alias is None or not self._has_prior:
                raise NoModelError("The model cannot be loaded just now.") from error
            return self._begin_with_prior(alias)
        if not known:
            raise _unknown()
        if served is None:
            raise NoModelError("No version of this model has been promoted yet.")
        return _Entry(served, now_s + self._refresh_s)

    def _begin_with_prior(self, alias: "AliasState") -> _Entry:
        from lambdas.inference.prior import load_prior  # noqa: PLC0415 - few systems have one

        now_s = self._clock()
        try:
            served = load_prior(alias, self._registry, self._store)
        except LoopError as error:
            _warn(f"the model {alias.model} has no prior either", error)
            raise NoModelError("The model cannot be loaded just now.") from error
        return _Entry(served, now_s + self._refresh_s, alias.etag, now_s + RETRY_S)

    def _look_again(self, entry: _Entry) -> _Entry:
        # The moment before the bucket is asked: what it says is true of then, not of later.
        now_s = self._clock()
        # A bundle that was broken may be mended in place, so now and then it is loaded anew.
        skips_broken = bool(entry.broken_etag) and now_s < entry.retry_s
        etag = entry.broken_etag if skips_broken else entry.served.alias.etag
        alias = None
        try:
            alias = self._registry.alias_if_changed(entry.served.alias.model, "champion", etag)
            served = load_served(alias, self._registry, self._store) if alias else entry.served
        except LoopError as error:
            return self._fall_back(entry, alias, error)
        self._failures = 0
        if alias is None and skips_broken:
            return replace(entry, next_look_s=now_s + self._refresh_s)
        return _Entry(served, now_s + self._refresh_s)

    def _fall_back(self, entry: _Entry, alias: "AliasState | None", error: LoopError) -> _Entry:
        model = entry.served.alias.model
        what = f"the model {model} stays at version {entry.served.version.version}"
        self._on_fallback(model)
        if isinstance(error, UnavailableError):
            self._rest(what, error)
            return entry
        _warn(what, error)
        now_s = self._clock()
        if alias is None:  # deleted or damaged by hand
            return replace(entry, next_look_s=now_s + RETRY_S)
        return replace(
            entry,
            next_look_s=now_s + self._refresh_s,
            broken_etag=alias.etag,
            retry_s=now_s + RETRY_S,
        )

    def _rest(self, what: str, error: LoopError) -> None:
        """Leave the registry alone for a while, longer each time: nobody shall wait for it."""
        _warn(what, error)
        self._failures += 1
        pause_s = max(self._refresh_s, 1.0) * 2 ** min(self._failures, 10)
        self._quiet_until_s = self._clock() + min(pause_s, RETRY_S)


def _wait_for(look: Look[_T]) -> _T:
    """Wait for what there is no answer without, within the request's time."""
    try:
        return look.found.result(read_remaining_s())
    except TimeoutError:
        raise LateError from None


def _unknown() -> NotFoundError:
    return NotFoundError("There is no model of this name; GET /v1/models lists all of them.")


def _warn(what: str, error: LoopError) -> None:
    _log.warning(json.dumps({"event": what, "error": type(error).__name__, "why": str(error)}))
