"""The registry of models, kept in the bucket alone.

A version record is written once (create-only). An alias is moved by compare-and-swap: of many
that move it from the same state, one wins and the others are told. Every state an alias was in
is kept in its history.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TypeVar

from pydantic import ValidationError

from core import keys
from core.errors import (
    ConflictError,
    IntegrityError,
    InvalidInputError,
    NotFoundError,
    UnavailableError,
)
from core.records import (
    ALIASES,
    AliasName,
    AliasState,
    DefaultModel,
    ModelVersion,
    Record,
    Traffic,
)
from core.store import ObjectStore, StoredObject

__all__ = ["ALIASES", "AliasName", "AliasState", "ModelVersion", "Registry"]

_MAX_RECORD_BYTES = 256 * 1024
_REGISTER_ATTEMPTS = 100

_R = TypeVar("_R", bound=Record)
_NONE = Traffic()


class Registry:
    """Versions and aliases of all models in one bucket."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def register(
        self,
        *,
        model: str,
        bundle_id: str,
        run_id: str,
        dataset_version: str,
        candidate: str,
        metrics: dict[str, float],
    ) -> ModelVersion:
        """Give a bundle the next free version number.

        Registering the same bundle of the same run again returns the version that it has.

        Raises
        ------
        ConflictError
            If others take number after number while this one tries.
        """
        known = self.versions(model)
        number = known[-1].version + 1 if known else 1
        for attempt in range(_REGISTER_ATTEMPTS):
            for found in reversed(known):
                if (found.run_id, found.bundle_id) == (run_id, bundle_id):
                    return found
            wanted = ModelVersion(
                model=model,
                version=number + attempt,
                bundle_id=bundle_id,
                run_id=run_id,
                dataset_version=dataset_version,
                candidate=candidate,
                metrics=metrics,
                registered_at=datetime.now(UTC),
            )
            try:
                self._store.create(keys.model_version(model, wanted.version), wanted.to_json())
            except ConflictError:
                known = [self.version(model, wanted.version)]
            else:
                return wanted
        raise ConflictError(
            f"Too many others register versions of {model} just now.",
            next_step="Try again in a minute.",
        )

    def versions(self, model: str) -> list[ModelVersion]:
        """Return all versions of a model, oldest first; none if it is not known."""
        listed = self._store.list(keys.model_versions(model))
        return [self._read(info.key, ModelVersion) for info in listed]

    def version(self, model: str, number: int) -> ModelVersion:
        """Return one version of a model, or raise `NotFoundError`."""
        try:
            return self._read(keys.model_version(model, number), ModelVersion)
        except NotFoundError:
            raise NotFoundError(
                f"{model} has no version {number}.",
                next_step=f"Run 'loop models {model}' to see its versions.",
            ) from None

    def models(self) -> list[str]:
        """Return the names of all models that have something in the registry."""
        return sorted(self._find_models())

    def alias(self, model: str, name: AliasName = "champion") -> AliasState | None:
        """Return where an alias points, or None if it was never set."""
        try:
            return self.alias_if_changed(model, name, etag="")
        except NotFoundError:
            return None

    def alias_if_changed(self, model: str, name: AliasName, etag: str) -> AliasState | None:
        """Return where an alias points, or None if it is still in the state `etag`.

        Raises
        ------
        NotFoundError
            If it was never set.
        """
        key = keys.alias(model, _check_alias(name))
        if etag:
            stored = self._store.get_if_changed(key, etag=etag, max_bytes=_MAX_RECORD_BYTES)
        else:
            stored = self._store.get(key, max_bytes=_MAX_RECORD_BYTES)
        if stored is None:
            return None
        return _parse(key, stored, AliasState).model_copy(update={"etag": stored.etag})

    def move_alias(
        self,
        model: str,
        name: AliasName,
        *,
        to: int,
        expected_revision: int,
        reason: str,
        changed_by: str,
        traffic: Traffic = _NONE,
    ) -> AliasState:
        """Point an alias at a version, if it is still in the state that the caller saw.

        Parameters
        ----------
        to : int
            The version to point at.
        expected_revision : int
            The alias's revision when the caller decided; 0 if it was never set.
        reason, changed_by : str
            For the audit history.
        traffic : Traffic
            What a challenger or a shadow takes of the requests.

        Raises
        ------
        NotFoundError
            If there is no such version.
        ConflictError
            If the alias was moved since.
        """
        current = self.alias(model, name)
        if (current.revision if current else 0) != expected_revision:
            raise _moved_meanwhile(model, name)
        self.version(model, to)
        revision = self._next_revision(model, name, current)
        begun = None if traffic.share is None else f"{name}-{revision}"
        state = AliasState(
            model=model,
            alias=name,
            version=to,
            revision=revision,
            previous_version=current.version if current else None,
            changed_at=datetime.now(UTC),
            changed_by=changed_by,
            reason=reason,
            share=traffic.share,
            experiment=traffic.experiment or begun,
            against=traffic.against,
            promoted=True if name == "champion" else None,
        )
        return self._move(state, current)

    def rollback(self, model: str, *, reason: str, changed_by: str) -> AliasState:
        """Point the champion at the version that it had before this one.

        A rollback undoes a promotion: after 1, 2, 3 it goes to 2, and once more to 1; it never
        goes forth to a version that was rolled back. A promotion of an older version is one too:
        after 1, 2, 3, 2 it goes to 3.

        Raises
        ------
        NotFoundError
            If there is no champion, or none before it.
        ConflictError
            If the alias is moved meanwhile.
        """
        current = self.alias(model)
        line = _line_of_versions(self.history(model, "champion"))
        if current is None or len(line) < 2:
            raise NotFoundError(
                f"{model} has no earlier champion to go back to.",
                next_step=f"Run 'loop models {model}' and promote a version by its number.",
            )
        self.version(model, line[-2])
        state = AliasState(
            model=model,
            alias="champion",
            version=line[-2],
            revision=current.revision + 1,
            previous_version=current.version,
            changed_at=datetime.now(UTC),
            changed_by=changed_by,
            reason=reason,
        )
        return self._move(state, current)

    def history(self, model: str, alias: AliasName) -> list[AliasState]:
        """Return every state that an alias was in, oldest first, the present one last."""
        listed = self._store.list(keys.alias_histories(model, _check_alias(alias)))
        states = [self._read(info.key, AliasState) for info in listed]
        current = self.alias(model, alias)
        if current and (not states or states[-1].revision < current.revision):
            states.append(current.model_copy(update={"etag": ""}))
        return states

    def default_model(self) -> str | None:
        """Return the model that answers when a request names none."""
        try:
            return self._read(keys.DEFAULT_MODEL, DefaultModel).model
        except NotFoundError:
            return None

    def set_default_model(self, model: str) -> None:
        """Choose the model that answers when a request names none.

        Raises
        ------
        NotFoundError
            If it has no version.
        ConflictError
            If somebody else chooses at the same moment.
        """
        if next(iter(self._store.list(keys.model_versions(model))), None) is None:
            raise NotFoundError(
                f"There is no model {model}.", next_step="Run 'loop models' to see all of them."
            )
        body = DefaultModel(model=model).to_json()
        try:
            stored = self._store.get(keys.DEFAULT_MODEL, max_bytes=_MAX_RECORD_BYTES)
        except NotFoundError:
            self._store.create(keys.DEFAULT_MODEL, body)
            return
        if stored.body != body:
            self._store.replace(keys.DEFAULT_MODEL, body, etag=stored.etag)

    def _find_models(self) -> Iterator[str]:
        after = ""
        while True:
            info = next(iter(self._store.list("registry/", after=after)), None)
            if info is None:
                return
            parts = info.key.split("/")
            if len(parts) > 2:
                yield parts[1]
                # "0" is the character after "/": on to the first key behind this model's.
                after = f"registry/{parts[1]}0"
            else:
                after = info.key

    def _next_revision(self, model: str, name: AliasName, current: AliasState | None) -> int:
        if current:
            return current.revision + 1
        # An alias that was deleted by hand goes on counting: history entries are never reused.
        states = self.history(model, name)
        return states[-1].revision + 1 if states else 1

    def _move(self, state: AliasState, current: AliasState | None) -> AliasState:
        if current:
            # A mover that died between its two writes left no entry; nobody else will write it.
            self._append(current)
        etag = self._swap(state, current)
        # Once the alias has moved, that is what the caller must hear, even if the bucket is gone
        # now: `history` shows this state all the same, and the next move writes the entry.
        with suppress(UnavailableError):
            self._append(state)
        return state.model_copy(update={"etag": etag})

    def _swap(self, state: AliasState, current: AliasState | None) -> str:
        key = keys.alias(state.model, state.alias)
        try:
            if current:
                return self._store.replace(key, state.to_json(), etag=current.etag)
            return self._store.create(key, state.to_json(), exclusive=True)
        except ConflictError:
            raise _moved_meanwhile(state.model, state.alias) from None

    def _append(self, state: AliasState) -> None:
        key = keys.alias_history(state.model, state.alias, state.revision)
        with suppress(ConflictError):  # the entry is there: an entry is written once
            self._store.create(key, state.to_json())

    def _read(self, key: str, kind: type[_R]) -> _R:
        return _parse(key, self._store.get(key, max_bytes=_MAX_RECORD_BYTES), kind)


def _parse(key: str, stored: StoredObject, kind: type[_R]) -> _R:
    try:
        return kind.model_validate_json(stored.body)
    except ValidationError:
        raise IntegrityError(
            f"{key} is not a record that this version reads.",
            next_step="Restore the object's earlier version in the bucket.",
        ) from None


def _moved_meanwhile(model: str, name: str) -> ConflictError:
    return ConflictError(
        f"The alias {name} of {model} was moved by somebody else meanwhile.",
        next_step=f"Look at it with 'loop models {model}' and decide again.",
    )


def _check_alias(name: str) -> str:
    if name not in ALIASES:
        raise InvalidInputError(f"An alias is one of {', '.join(ALIASES)}.")
    return name


def _line_of_versions(states: Sequence[AliasState]) -> list[int]:
    """Return the versions that lead to the present one, without those that were rolled back."""
    line: list[int] = []
    for state in states:
        if not state.promoted and len(line) > 1 and line[-2] == state.version:
            line.pop()
        elif not line or line[-1] != state.version:
            line.append(state.version)
    return line
