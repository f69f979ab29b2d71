"""Messages as text: by the model's chat template, a template of the user, or one built in here."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from prefdata.backends._hub.quiet import first_line
from prefdata.backends._messages import shaped
from prefdata.core.errors import MissingExtraError, UserError
from prefdata.core.fingerprint import digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prefdata.protocols import CausalParams, Message

__all__ = ["RefusedError", "Template", "template_named", "template_of"]

_VERSION = 1
"""Raised when the same messages give another text."""

_BUILT_IN = ("auto", "plain", "hh")
_SPEAKERS = {"user": "Human", "assistant": "Assistant"}

# Templates may write today's date, and tomorrow's scores would be others. So the date is the one
# that the templates of Llama 3 fall back to, whatever day it is; transformers takes no function
# for it, so it comes as a macro, on a line of its own that leaves no trace.
_TODAY = {
    "%-d": "26",
    "%-m": "7",
    "%A": "Friday",
    "%B": "July",
    "%F": "2024-07-26",
    "%H": "00",
    "%I": "12",
    "%M": "00",
    "%S": "00",
    "%Y": "2024",
    "%a": "Fri",
    "%b": "Jul",
    "%d": "26",
    "%e": "26",
    "%m": "07",
    "%p": "AM",
    "%y": "24",
}
_CLOCK = "strftime_now"
_STOPPED = (
    f"{{% macro {_CLOCK}(format) %}}{{{{ format"
    + "".join(f" | replace('{name}', '{value}')" for name, value in _TODAY.items())
    + " }}{% endmacro %}\n"
)
_ANSWER = "An answer."
_QUESTION = {"role": "user", "content": "A question?"}


class RefusedError(Exception):
    """A template does not take these messages; the text is a sentence for the user."""


@dataclass(frozen=True, slots=True)
class Template:
    """What turns the messages of a prompt into text.

    Attributes:
        kind: ``chat``: Jinja, rendered as transformers does. ``plain``: the contents, joined by
            empty lines. ``hh``: the transcript of HH-RLHF.
        system: What becomes of system prompts: ``keep``, ``fold`` or ``drop``.
        text: The Jinja source; empty for the other kinds.
        tokenizer: Whose way to render is used.
    """

    kind: Literal["chat", "plain", "hh"]
    system: str
    text: str
    tokenizer: Any

    @property
    def writes_specials(self) -> bool:
        """Whether the text holds the special tokens already, as that of chat templates does."""
        return self.kind == "chat"

    def prompt(self, messages: Sequence[Message]) -> str | None:
        """Return the text of a prompt, up to where the response begins.

        Returns:
            None where no message is left to render.

        Raises:
            RefusedError: If the template does not take these messages.
        """
        kept = shaped(messages, self.system)
        if not kept:
            return None
        try:
            return self.render(kept)
        except RefusedError as error:
            if self.system == "keep" and self._takes(shaped(messages, "fold"), instead_of=kept):
                message = f"{error} With `system: fold` the template takes them."
                raise RefusedError(message) from error
            raise

    def response(self, content: str) -> str:
        """Return the text of a response, which follows that of the prompt at once."""
        return f" {content}" if self.kind == "hh" and content else content

    def after_response(self) -> str:
        """Return what the template writes after a response; empty where that cannot be told."""
        if self.kind != "chat":
            return ""
        answer = {"role": "assistant", "content": _ANSWER}
        try:
            whole = self.render([_QUESTION, answer], is_prompt=False)
        except RefusedError:
            return ""
        _, found, after = whole.rpartition(_ANSWER)
        return after if found else ""

    def identity(self) -> dict[str, Any]:
        """Return what decides the text of any messages."""
        return {
            "version": _VERSION,
            "kind": self.kind,
            "system": self.system,
            "text": self.text,
            "today": _TODAY["%F"] if _CLOCK in self.text else None,
        }

    def digest(self) -> str:
        """Return the 32 hex digits that name the template."""
        return digest(self.identity())

    def _takes(self, messages: list[dict[str, str]], *, instead_of: list[dict[str, str]]) -> bool:
        if messages == instead_of:
            return False
        try:
            self.render(messages)
        except RefusedError:
            return False
        return True

    def render(self, messages: list[dict[str, str]], *, is_prompt: bool = True) -> str:
        """Return the text of messages as they are, whatever becomes of system prompts.

        Args:
            messages: Role and content of each.
            is_prompt: Whether a chat template opens a response after them; other kinds of
                template make no difference.

        Raises:
            RefusedError: If the template does not take these messages.
        """
        if self.kind == "plain":
            return "\n\n".join(message["content"] for message in messages)
        if self.kind == "hh":
            return _transcript(messages)
        try:
            return str(
                self.tokenizer.apply_chat_template(
                    messages,
                    chat_template=_dated(self.text),
                    add_generation_prompt=is_prompt,
                    tokenize=False,
                )
            )
        except ImportError as error:
            raise MissingExtraError("A chat template", extra="models") from error
        except Exception as error:  # a template that somebody else wrote can fail in any way
            said = f"The template refused the messages: {first_line(error).rstrip('.')}."
            raise RefusedError(said) from error


def template_of(params: CausalParams, tokenizer: Any) -> Template:
    """Return the template that the parameters mean.

    Args:
        params: ``auto`` means the tokenizer's chat template, or ``plain`` where it has none.
        tokenizer: Of the model.

    Raises:
        UserError: If there is no such template, or it is not Jinja.
    """
    return template_named(params.template, tokenizer, system=params.system)


def template_named(name: str, tokenizer: Any, *, system: str = "keep") -> Template:
    """Return the template of a name, as parameters write it.

    Args:
        name: ``auto``, ``plain``, ``hh``, or the path of a Jinja file.
        tokenizer: Of the model.
        system: What becomes of system prompts.

    Raises:
        UserError: If there is no such template, or it is not Jinja.
    """
    if name in {"plain", "hh"}:
        return Template("plain" if name == "plain" else "hh", system, "", tokenizer)
    text = _of_tokenizer(tokenizer) if name == "auto" else _of_file(name)
    if text is None:
        return Template("plain", system, "", tokenizer)
    return _check(Template("chat", system, text, tokenizer), name)


def _of_tokenizer(tokenizer: Any) -> str | None:
    """Return the chat template of a tokenizer, or None if it has none."""
    found: str | Mapping[str, str] | None = tokenizer.chat_template
    if found is None or isinstance(found, str):
        return found or None
    if "default" not in found:
        raise UserError(
            f"The model has several chat templates, and none is the default: {', '.join(found)}.",
            where="template: auto",
            fix="Write the one you want into a file, and give its path as `template`.",
        )
    return found["default"]


def _of_file(name: str) -> str:
    path = Path(name).expanduser()
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        near = difflib.get_close_matches(name, _BUILT_IN, n=1)
        hint = f"Did you mean {near[0]!r}? " if near else ""
        raise UserError(
            f"The template {name} cannot be read: {first_line(error)}.",
            where=f"template: {name}",
            fix=f"{hint}Use one of {', '.join(_BUILT_IN)}, or the path of a Jinja file.",
        ) from error


def _check(template: Template, name: str) -> Template:
    """Refuse a text that is not Jinja, before every prompt is refused for it."""
    try:
        template.prompt([_QUESTION])
    except RefusedError as error:
        cause = error.__cause__
        if type(cause).__name__ == "TemplateSyntaxError":
            before = _dated(template.text).removesuffix(template.text).count("\n")
            line = getattr(cause, "lineno", 1) - before
            raise UserError(
                f"The template is not Jinja: {cause}",
                where=f"template: {name}, line {line}",
                fix="Correct the template, or name another.",
            ) from error
    return template


def _dated(text: str) -> str:
    """Return a Jinja source in which no time passes."""
    return _STOPPED + text if _CLOCK in text else text


def _transcript(messages: Sequence[dict[str, str]]) -> str:
    """Return a transcript of HH-RLHF: the system prompts first, then who said what."""
    parts = [message["content"] for message in messages if message["role"] == "system"]
    turns = [message for message in messages if message["role"] != "system"]
    unknown = sorted({message["role"] for message in turns} - set(_SPEAKERS))
    if unknown:
        said = f"The template hh knows no role {unknown[0]!r}."
        raise RefusedError(said)
    lines = [f"{_SPEAKERS[turn['role']]}: {turn['content']}" for turn in turns]
    return "".join(["\n\n".join(parts), *(f"\n\n{line}" for line in [*lines, "Assistant:"])])
