"""Builds what runs in Lambda: one zip file per package, from its lock file and our sources."""

from cdk.bundling.build import BundlingError, Package, build_packages
from cdk.bundling.job_source import JOB_PROGRAM, make_job_source
from cdk.bundling.platforms import Platform
from cdk.bundling.recipes import RECIPES, PackageName, Recipe

__all__ = [
    "JOB_PROGRAM",
    "RECIPES",
    "BundlingError",
    "Package",
    "PackageName",
    "Platform",
    "Recipe",
    "build_packages",
    "make_job_source",
]
