"""What the request path reads of the registry and of bundles: without pydantic where it can be.

`core.registry` and `core.bundle` read the same; whatever is not plainly right is left to them.
"""

from typing import TYPE_CHECKING, cast

from core import keys, plain, promises
from core.errors import IntegrityError, NotFoundError
from core.plain_records import PlainAlias, PlainManifest
from core.store import ObjectStore

if TYPE_CHECKING:
    from core.manifest import Manifest
    from core.records import AliasName, AliasState, ModelVersion
    from core.registry import Registry

_MAX_RECORD_BYTES = 256 * 1024


class QuickRegistry:
    """The registry of one bucket, as far as answering needs it; see `core.registry.Registry`.

    Parameters
    ----------
    store : ObjectStore
        The data bucket.
    """

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._whole: Registry | None = None

    @property
    def whole(self) -> "Registry":
        """The whole registry."""
        if self._whole is None:
            from core.registry import Registry  # noqa: PLC0415 - dear, and seldom needed

            self._whole = Registry(self._store)
        return self._whole

    def alias(self, model: str, name: "AliasName" = "champion") -> "AliasState | None":
        """Return where an alias points, or None if it was never set."""
        try:
            return self.alias_if_changed(model, name, etag="")
        except NotFoundError:
            return None

    def alias_if_changed(self, model: str, name: "AliasName", etag: str) -> "AliasState | None":
        """Return where an alias points, or None if it is still in the state `etag`."""
        key = keys.alias(model, name)
        if etag:
            stored = self._store.get_if_changed(key, etag=etag, max_bytes=_MAX_RECORD_BYTES)
        else:
            stored = self._store.get(key, max_bytes=_MAX_RECORD_BYTES)
        if stored is None:
            return None
        found = plain.read_alias(stored.body, stored.etag)
        found = found or self.whole.alias_if_changed(model, name, etag)
        if found is not None and (found.model, found.alias) != (model, name):
            raise IntegrityError("The alias's record is that of another alias.")
        return found

    def version(self, model: str, number: int) -> "ModelVersion":
        """Return one version of a model, or raise `NotFoundError`."""
        try:
            body = self._store.get(
                keys.model_version(model, number), max_bytes=_MAX_RECORD_BYTES
            ).body
        except NotFoundError:
            return self.whole.version(model, number)
        found = plain.read_version(body) or self.whole.version(model, number)
        if (found.model, found.version) != (model, number):
            raise IntegrityError("The version's record is that of another version.")
        return found

    def has_versions(self, model: str) -> bool:
        """Tell whether a model has any version."""
        return next(iter(self._store.list(keys.model_versions(model))), None) is not None

    def default_model(self) -> str | None:
        """Return the model that answers when a request names none."""
        try:
            body = self._store.get(keys.DEFAULT_MODEL, max_bytes=_MAX_RECORD_BYTES).body
        except NotFoundError:
            return None
        return plain.read_default(body) or self.whole.default_model()


def load_manifest(store: ObjectStore, bundle_id: str) -> "Manifest":
    """Read a bundle's manifest, verified; see `core.bundle.load_manifest` for the errors."""
    found = plain.read_manifest(promises.get_manifest(store, bundle_id))
    if found is None:
        from core import bundle  # noqa: PLC0415 - dear, and seldom needed

        return bundle.load_manifest(store, bundle_id)
    return found


def in_full(manifest: "Manifest") -> "Manifest":
    """Return all of a manifest, as the record itself."""
    found: object = manifest
    if not isinstance(found, PlainManifest):
        return manifest
    from core.manifest import Manifest  # noqa: PLC0415 - dear, and seldom needed

    return Manifest.model_validate_json(found.body)


def without_tag(alias: "AliasState") -> "AliasState":
    """Return an alias's state without its tag, so that it counts as changed."""
    found: object = alias
    if isinstance(found, PlainAlias):
        return cast("AliasState", found._replace(etag=""))
    return alias.model_copy(update={"etag": ""})
