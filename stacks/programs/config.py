"""Stack config that can't be used ends in one readable error, before anything is declared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import pulumi
from pulumi.runtime import is_config_secret

from greenai_infra.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

Config = TypeVar("Config")
WRITTEN_BY_SELECT = ("training", "inference")
PROVIDERS = ("aws", "gcp")


def read_section(
    section: str, read: Callable[[Any, str], Config], example: str, *, secrets_allowed: bool = False
) -> Config:
    """The typed config of `PROJECT:SECTION`. Raises pulumi.RunError, which the engine prints without a traceback.

    `secrets_allowed`: the program itself keeps what is secret in this section out of sight.
    """
    key = f"{pulumi.get_project()}:{section}"
    if is_config_secret(key) and not secrets_allowed:
        raise pulumi.RunError(
            f"{key}: holds an encrypted value, which would be readable where it is used (tags, hyperparameters); "
            "keep it in AWS Secrets Manager, let the container read it there, and take it out of this section"
        )
    try:
        values = pulumi.Config().get_object(section)
    except pulumi.ConfigTypeError:
        raise pulumi.RunError(f"{key}: expected a section with keys and values, as in\n{example}") from None
    if values is None:
        raise pulumi.RunError(
            f"{key}: missing from the config of stack {pulumi.get_stack()}; {_who_writes(section)}, as in\n{example}"
        )
    try:
        return read(values, key)
    except InputError as error:
        raise pulumi.RunError(str(error)) from None


def _who_writes(section: str) -> str:
    return "`greenai-infra select` writes it" if section in WRITTEN_BY_SELECT else "add it to the stack's file"


def read_provider(section: str) -> str:
    """`aws` or `gcp`, as the section's key `provider` says; aws without one. Raises pulumi.RunError for any other."""
    try:
        values = pulumi.Config().get_object(section)
    except pulumi.ConfigTypeError:
        return PROVIDERS[0]  # reading the section says what is wrong with it
    provider = values.get("provider", PROVIDERS[0]) if isinstance(values, dict) else PROVIDERS[0]
    if provider not in PROVIDERS:
        raise pulumi.RunError(
            f"{pulumi.get_project()}:{section}: provider: expected {' or '.join(PROVIDERS)} (is {provider!r})"
        )
    return str(provider)
