"""Builds one zip file per Lambda package, cached by content.

A package is built in two layers: the dependencies of its lock file, and our own sources on top.
Each is named by a hash of all that goes into it, so an unchanged package is neither built nor
deployed again, and an edited handler costs a copy and not an installation. Files appear under their
final name only when they are whole.
"""

import hashlib
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import uv

from cdk.bundling.compiling import compile_folder
from cdk.bundling.files import add_files, measure_mib, read_sources, strip, write_sources
from cdk.bundling.own_parts import read_own_parts
from cdk.bundling.platforms import Platform
from cdk.bundling.recipes import MIB, RECIPES, PackageName, Recipe
from cdk.config import Config
from cdk.interpreters import find_interpreter
from core.errors import LoopError, UnavailableError

KEPT = 2  # of each package and platform: the present one and the one before
UNUSED_AFTER_S = 3600.0
WORKERS = 2
# A change of theirs may change every package.
_MAKERS = ("build.py", "compiling.py", "files.py", "recipes.py")


class BundlingError(LoopError):
    """A package cannot be built, or is larger than Lambda takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A built package.

    Attributes
    ----------
    path : Path
        The zip file.
    digest : str
        Hash of all that went into it; equal digests mean equal packages.
    """

    path: Path
    digest: str


def build_packages(root: Path, config: Config) -> Mapping[PackageName, Package]:
    """Build every package that is not built yet, two at a time, and report to stderr.

    Parameters
    ----------
    root : Path
        The project; packages are kept in ``.loop/build`` under it.
    config : Config
        Decides the platform.

    Raises
    ------
    BundlingError
        A package is too large.
    UnavailableError
        Wheels could not be had, or the disk is full.
    """
    platform = Platform.of(config)
    builder = _Builder(
        root=root,
        platform=platform,
        # Found before the threads start: Python 3.11 fills its table of settings unguarded.
        uv=uv.find_uv_bin(),
        host=sysconfig.get_platform(),
        interpreter=find_interpreter(platform.python),
    )
    if builder.interpreter is None:
        _say(f"packages for {platform.label} hold no byte code, so cold starts take twice as long: "
             f"there is no working Python {platform.python} on this computer. Install it "
             f"(.venv/bin/uv python install {platform.python}), then run the same command again"
        )  # fmt: skip
    try:
        with ThreadPoolExecutor(WORKERS) as pool:
            packages = dict(zip(RECIPES, pool.map(builder.build, RECIPES), strict=True))
    except OSError as error:
        raise UnavailableError(
            f"Packages cannot be written to {builder.cache}: {error.strerror or error}.",
            next_step="make room or fix the folder's rights, then run the same command again",
        ) from error
    builder.forget_unused()
    return packages


@dataclass(frozen=True, slots=True, kw_only=True)
class _Builder:
    root: Path
    platform: Platform
    uv: str
    host: str
    interpreter: str | None

    @property
    def cache(self) -> Path:
        return self.root / ".loop" / "build"

    def build(self, name: PackageName) -> Package:
        """Return the package, from the cache if it is there, and refuse one that is too large."""
        started = time.monotonic()
        recipe = RECIPES[name]
        sources = read_sources(self.root, recipe)
        # A step says what it was installed from: the lock lies where the project has it.
        lock = self._lock(name)
        sources[PurePosixPath(lock.relative_to(self.root).as_posix())] = lock.read_bytes()
        sources.update(read_own_parts(name))
        dependencies = self._dependencies_key(name)
        key = _hash([dependencies.encode(), *(part for pair in sources.items() for part in
                                              (str(pair[0]).encode(), pair[1]))])  # fmt: skip
        path = self.cache / f"{name}-{self.platform.label}-{key[:16]}.zip"
        cached = path.exists()
        if not cached:
            base = self._install(name, dependencies)
            with self._workspace() as folder:
                whole = folder / path.name
                shutil.copyfile(base, whole)
                write_sources(folder / "sources", sources)
                self._compile(folder / "sources")
                add_files(whole, folder / "sources")
                whole.replace(path)
        path.touch()
        _judge_size(name, recipe, path, took_s=None if cached else time.monotonic() - started)
        return Package(path=path, digest=key)

    def forget_unused(self) -> None:
        """Remove old packages, and workspaces of builds that were killed.

        What was used within the hour stays: another deployment may be uploading it.
        """
        oldest = time.time() - UNUSED_AFTER_S
        seen: Counter[str] = Counter()
        for path in sorted(self.cache.iterdir(), key=_used_at, reverse=True):
            kind = path.stem.rpartition("-")[0]  # all but the hash
            seen[kind] += 1
            if (seen[kind] > KEPT or path.is_dir()) and _used_at(path) < oldest:
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink(missing_ok=True)

    def _lock(self, name: PackageName) -> Path:
        return self.root / "locks" / f"lambda-{name}.txt"

    def _dependencies_key(self, name: PackageName) -> str:
        here = Path(__file__).parent
        return _hash([
            self._lock(name).read_bytes(),
            repr(self.platform).encode(),
            self.host.encode() if self.platform.wheels is None else b"",
            b"source" if self.interpreter is None else b"byte code",
            *((here / file).read_bytes() for file in _MAKERS),
        ])  # fmt: skip

    def _install(self, name: PackageName, key: str) -> Path:
        """Return the zip file of a package's dependencies."""
        path = self.cache / f"dependencies-{name}-{self.platform.label}-{key[:16]}.zip"
        if not path.exists():
            with self._workspace() as folder:
                target = folder / "dependencies"
                self._run_uv(name, target)
                strip(target, RECIPES[name])
                self._compile(target)
                add_files(folder / path.name, target)
                (folder / path.name).replace(path)
        path.touch()
        return path

    def _run_uv(self, name: PackageName, target: Path) -> None:
        command = [
            self.uv, "pip", "install", "--quiet", "--no-progress",
            "--require-hashes", "--no-deps", "--only-binary", ":all:", "--no-compile-bytecode",
            "--link-mode", "copy", "--target", str(target),
            "--python", sys.executable, "--python-version", self.platform.python,
            "--requirements", str(self._lock(name)),
        ]  # fmt: skip
        if self.platform.wheels:
            command += ["--python-platform", self.platform.wheels]
        # What uv has in its cache needs no network, and not even a question whether there is one.
        for extra in (["--offline"], []):
            shutil.rmtree(target, ignore_errors=True)
            done = subprocess.run(  # noqa: S603 - our own pinned tool, no shell
                [*command, *extra], capture_output=True, text=True, check=False
            )
            if done.returncode == 0:
                return
        reason = "\n".join(f"  {line}" for line in done.stderr.strip().splitlines()[-8:])
        raise UnavailableError(
            f"The dependencies of package {name} cannot be installed for "
            f"{self.platform.label}:\n{reason}",
            next_step="check that the package index answers, then run the same command again",
        )

    def _compile(self, folder: Path) -> None:
        if self.interpreter is not None:
            compile_folder(folder, interpreter=self.interpreter)

    @contextmanager
    def _workspace(self) -> Iterator[Path]:
        self.cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="building-", dir=self.cache) as folder:
            yield Path(folder)


def _used_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # another build has just finished with it
        return 0.0


def _judge_size(name: PackageName, recipe: Recipe, path: Path, *, took_s: float | None) -> None:
    size_mib = measure_mib(path)
    effort = "unchanged" if took_s is None else f"built in {took_s:.1f} s"
    _say(f"package {name:9} {size_mib:6.1f} MiB of {recipe.limit_mib} "
         f"({path.stat().st_size / MIB:.1f} zipped), {effort}")  # fmt: skip
    if size_mib > recipe.limit_mib:
        raise BundlingError(
            f"Package {name} has {size_mib:.1f} MiB unzipped; {recipe.limit_mib} are allowed.",
            next_step=f"see what locks/lambda-{name}.txt brings in, and cdk/bundling/recipes.py",
        )


def _hash(parts: list[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        # Each part's length goes first: no two lists of parts can be taken for one another.
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
