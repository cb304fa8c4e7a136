"""A data bucket as the deployed system leaves it, for checks that read the live one."""

from curriculum.author.world import make_bucket

__all__ = ["make_bucket"]
