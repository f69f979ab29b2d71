"""Which chat model a stage asks, how it is called, and what it may cost."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from prefdata.protocols.params import Params

__all__ = ["ChatParams", "Price"]


class Price(Params):
    """What a million tokens cost."""

    input: float = Field(ge=0, description="A million tokens of requests.")
    output: float = Field(ge=0, description="A million tokens of answers.")
    cached_input: float | None = Field(
        default=None,
        ge=0,
        description="A million tokens of requests that the server had in its cache; as `input` "
        "when null.",
    )
    currency: str = Field(default="USD", description="Currency of these prices.")


class ChatParams(Params):
    """Which chat model, and how it is called; a recipe may give the model's name alone."""

    model: str = Field(
        description="The model as its server names it; for `transformers-local` a folder or an id "
        "on the hub."
    )
    backend: Literal["auto", "openai-compatible", "transformers-local", "batch-files"] | str = (  # noqa: PYI051 - the known ones are shown, others may be installed
        Field(
            default="auto",
            description="`openai-compatible`: a server (vLLM, TGI, Ollama, llama.cpp, "
            "`transformers serve`, hosted ones). `transformers-local`: weights in this process. "
            "`batch-files`: files of requests that you send yourself. `auto`: weights where "
            "`model` is a folder, else a server.",
        )
    )
    base_url: str | None = Field(
        default=None,
        description="Address of the server up to `/v1`. By default the environment's "
        "OPENAI_BASE_URL, else that of OpenAI.",
    )
    key_env: str = Field(
        default="OPENAI_API_KEY",
        description="Environment variable that holds the key. Where it is not named here, that "
        "of OpenAI is sent to OpenAI and to the address in OPENAI_BASE_URL only.",
    )
    server: str | None = Field(
        default=None,
        description="Name under which the answers are kept, by default the address. Give one "
        "where the address changes and what answers there does not.",
    )
    temperature: float | None = Field(
        default=None, ge=0, description="Instead of what the stage asks for."
    )
    top_p: float | None = Field(
        default=None, gt=0, le=1, description="Instead of what the stage asks for."
    )
    max_tokens: int | None = Field(
        default=None,
        ge=1,
        description="Longest answer, instead of what the stage asks for; models that reason "
        "before they answer need more.",
    )
    limit_field: Literal["max_tokens", "max_completion_tokens"] = Field(
        default="max_tokens",
        description="What the server calls it; OpenAI's newer models want `max_completion_tokens`.",
    )
    structured: Literal["auto", "json_schema", "json_object", "none"] = Field(
        default="auto",
        description="How the server is told to answer in JSON where a stage wants that. `auto`: "
        "by schema, and by words alone where the server refuses. Answers are checked in any case.",
    )
    system: Literal["keep", "fold"] = Field(
        default="keep",
        description="`fold` puts the system message before the first message of the user, for "
        "models that know no system role.",
    )
    send_seed: bool = Field(default=True, description="Send the seed; some servers refuse it.")
    extra_body: dict[str, Any] = Field(
        default_factory=dict,
        description="More fields of the request, such as `{reasoning_effort: low}`.",
    )
    concurrency: int = Field(default=32, ge=1, description="Requests on their way at once.")
    requests_per_minute: float | None = Field(default=None, gt=0, description="At most.")
    tokens_per_minute: float | None = Field(
        default=None, gt=0, description="At most, of requests and longest answers together."
    )
    timeout_seconds: float = Field(default=120, gt=0, description="For one answer.")
    attempts: int = Field(
        default=8, ge=1, description="How often a request is sent while faults go on."
    )
    rereads: int = Field(
        default=1,
        ge=0,
        description="How often a request is sent again whose answer is not in the form that was "
        "asked for.",
    )
    price: Price | None = Field(
        default=None, description="What a million tokens cost; see the provider's price list."
    )
    budget: float | None = Field(
        default=None,
        ge=0,
        description="The most that this step may spend with this model in this workspace, over "
        "all runs, in the currency of the price. Nothing is sent beyond it.",
    )
    device: str = Field(default="auto", description="Of `transformers-local`.")
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        default="auto",
        description="Of `transformers-local`: precision of the weights. `auto`: bfloat16 on CUDA, "
        "float32 elsewhere.",
    )
    batch_size: int = Field(
        default=8, ge=1, description="Of `transformers-local`: requests read at once."
    )

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        if value in ("", "none"):
            message = f"{value!r} is no model"
            raise ValueError(message)
        return {"model": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _budget_has_a_price(self) -> ChatParams:
        if self.budget is not None and self.price is None:
            message = "a budget needs a price, or nobody knows when it is spent"
            raise ValueError(message)
        return self

    def wording(self) -> dict[str, Any]:
        """Return the parameters that shape an answer; who serves it, and how fast, does not."""
        return self.model_dump(
            mode="json",
            include={
                "temperature",
                "top_p",
                "max_tokens",
                "structured",
                "system",
                "extra_body",
                "dtype",
            },
        )
