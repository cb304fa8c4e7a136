"""Which model answers: the versions that the champion aliases point at, kept loaded.

Following an alias costs one conditional request every few seconds. A request keeps the model it
got, whatever happens meanwhile; and once a model was served, no fault of the bucket or of a new
bundle takes it away: the last good one goes on answering.
"""

import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from core import keys
from core.bundle import load_bundle
from core.contract import Contract
from core.errors import (
    IntegrityError,
    InvalidInputError,
    LoopError,
    NotFoundError,
    UnavailableError,
)
from core.registry import AliasState, ModelVersion, Registry
from core.store import ObjectStore
from lambdas.inference.predictor import Predictor

MAX_LOADED = 16
"""How many models are kept loaded; the one that was not asked for longest goes first."""

RETRY_S = 30.0
"""Longest time between two looks at an alias that cannot be followed."""

_log = logging.getLogger(__name__)


class NoModelError(UnavailableError):
    """There is no model to answer with yet; trying again later may help."""


@dataclass(frozen=True, slots=True)
class Served:
    """A model version that is loaded and answers."""

    alias: AliasState
    version: ModelVersion
    predictor: Predictor

    @property
    def contract(self) -> Contract:
        """The data contract of this version."""
        return self.predictor.manifest.contract


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


class Models:
    """The models of one registry, loaded when first asked for.

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
    clock : callable
        Seconds that only grow.
    """

    def __init__(
        self,
        store: ObjectStore,
        *,
        quick_store: ObjectStore | None = None,
        refresh_s: float,
        on_fallback: Callable[[str], None] = lambda _model: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.registry = Registry(quick_store or store)
        self._store = store
        self._refresh_s = refresh_s
        self._on_fallback = on_fallback
        self._clock = clock
        self._entries: dict[str, _Entry] = {}
        self._default: str | None = None
        self._default_until_s = 0.0
        self._failures = 0
        self._quiet_until_s = 0.0
        self._lock = threading.RLock()

    def get(self, model: str | None = None) -> Served:
        """Return the champion of a model, or of the default one.

        Raises
        ------
        NotFoundError
            If there is no model of this name.
        NoModelError
            If it cannot be served yet.
        """
        with self._lock:
            name = model or self.default()
            try:
                keys.check_name(name)
            except InvalidInputError:
                raise _unknown() from None
            entry = self._entries.pop(name, None)
            entry = self._follow(entry) if entry else self._load_first(name)
            # Put back at the end: the order of the entries is the order of their last use.
            self._entries[name] = entry
            while len(self._entries) > MAX_LOADED:
                del self._entries[next(iter(self._entries))]
            return entry.served

    def default(self) -> str:
        """Return the default model's name, or raise `NoModelError`."""
        with self._lock:
            now_s = self._clock()
            if self._default and now_s < max(self._default_until_s, self._quiet_until_s):
                return self._default
            try:
                found = self.registry.default_model()
            except (UnavailableError, IntegrityError) as error:
                self._rest("the default model cannot be read", error)
                found = None
                if self._default:
                    self._on_fallback(self._default)
            self._default = found or self._default
            if self._default is None:
                raise NoModelError("No model has been promoted yet.")
            self._default_until_s = now_s + self._refresh_s
            return self._default

    def is_default(self, model: str) -> bool:
        """Tell whether a model is the default one."""
        try:
            return self.default() == model
        except NoModelError:
            return False

    def _load_first(self, model: str) -> _Entry:
        try:
            alias = self.registry.alias(model)
            known = alias is not None or bool(self.registry.versions(model))
            served = self._load(alias) if alias else None
        except LoopError as error:
            _warn(f"the model {model} cannot be loaded", error)
            raise NoModelError("The model cannot be loaded just now.") from error
        if not known:
            raise _unknown()
        if served is None:
            raise NoModelError("No version of this model has been promoted yet.")
        return _Entry(served, self._clock() + self._refresh_s)

    def _follow(self, entry: _Entry) -> _Entry:
        now_s = self._clock()
        if now_s < max(entry.next_look_s, self._quiet_until_s):
            return entry
        # A bundle that was broken may be mended in place, so now and then it is loaded anew.
        skips_broken = bool(entry.broken_etag) and now_s < entry.retry_s
        etag = entry.broken_etag if skips_broken else entry.served.alias.etag
        alias = None
        try:
            alias = self.registry.alias_if_changed(entry.served.alias.model, "champion", etag)
            served = self._load(alias) if alias else entry.served
        except LoopError as error:
            return self._fall_back(entry, alias, error)
        self._failures = 0
        if alias is None and skips_broken:
            return replace(entry, next_look_s=now_s + self._refresh_s)
        return _Entry(served, now_s + self._refresh_s)

    def _fall_back(self, entry: _Entry, alias: AliasState | None, error: LoopError) -> _Entry:
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

    def _load(self, alias: AliasState) -> Served:
        version = self.registry.version(alias.model, alias.version)
        bundle = load_bundle(self._store, version.bundle_id)
        if bundle.manifest.model != alias.model:
            raise IntegrityError("The bundle belongs to another model.")
        return Served(alias, version, Predictor(bundle))


def _unknown() -> NotFoundError:
    return NotFoundError("There is no model of this name; GET /v1/models lists all of them.")


def _warn(what: str, error: LoopError) -> None:
    _log.warning(json.dumps({"event": what, "error": type(error).__name__, "why": str(error)}))
