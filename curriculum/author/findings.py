"""What an author is told: one sentence for each thing that is not as it should be."""

from pydantic import BaseModel, ConfigDict


class Finding(BaseModel):
    """One thing to mend.

    Attributes
    ----------
    where
        The file, from the stages' folder on, with a line where there is one.
    problem
        One sentence: what is wrong, and what is allowed.
    """

    model_config = ConfigDict(frozen=True)

    where: str
    problem: str

    def __str__(self) -> str:
        """Return one line."""
        return f"{self.where}: {self.problem}"
