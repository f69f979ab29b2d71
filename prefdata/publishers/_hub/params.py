"""What a user may decide about a dataset on the hub."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from prefdata.protocols.params import Params

__all__ = ["HubParams"]


class HubParams(Params):
    """Parameters of `hub`."""

    private: bool | None = Field(
        default=None,
        description="`true`: only its owner sees it. `false`: everybody does, as soon as all of "
        "it is there. By default a new dataset is private, and another stays as it is.",
    )
    gated: Literal["auto", "manual"] | None = Field(
        default=None,
        description="Whoever wants the files agrees to its terms and is let in, or waits for the "
        "owner. The gate is set before any file is sent, and never removed.",
    )
    create_pr: bool = Field(
        default=False,
        description="Offer the commit as a pull request; the tag is made by hand once it is "
        "merged.",
    )
    branch: str = Field(
        default="main",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$",
        description="Branch that gets the commit; made from `main` where there is none.",
    )
    max_files: int = Field(
        default=20_000,
        ge=1,
        le=25_000,
        description="Most files of one commit; the hub takes 25,000.",
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        """Refuse what the hub refuses."""
        if self.create_pr and self.branch != "main":
            message = "create_pr: true needs branch: main; the hub opens pull requests to it"
            raise ValueError(message)
        if self.branch.startswith("refs/"):
            message = "branch is a name such as main; for a pull request, say create_pr: true"
            raise ValueError(message)
        return self
