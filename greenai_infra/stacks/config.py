"""Stack config that can't be used ends in one readable error, before anything is declared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import pulumi
from pulumi.runtime import is_config_secret

from greenai_infra.contracts.stack import written_by_select
from greenai_infra.contracts.stack.several_regions import SeveralRegions, is_of_several, read_several
from greenai_infra.errors import InputError, Refused
from greenai_infra.pinning.ruled_out import ruled_out
from greenai_infra.templates import project_folder

if TYPE_CHECKING:
    from collections.abc import Callable

Config = TypeVar("Config")
PROVIDERS = ("aws", "gcp")
PLACE_KEYS = {"aws": {"region": "region"}, "gcp": {"region": "region", "gcp_project": "project"}}
"""Key of a section -> its name in the provider's config."""


def bad_config(message: str) -> pulumi.RunError:
    """Returns the error for invalid config; its cause lets greenai-infra distinguish it from a failed program."""
    error = pulumi.RunError(message)
    error.__cause__ = InputError(message)
    return error


def read_section(
    section: str, read: Callable[[Any, str], Config], example: str, *, secrets_allowed: bool = False
) -> Config:
    """The typed config of `PROJECT:SECTION`. Raises pulumi.RunError, which the engine prints without a traceback.

    `secrets_allowed`: the program itself keeps what is secret in this section out of sight.
    """
    key = f"{pulumi.get_project()}:{section}"
    if is_config_secret(key) and not secrets_allowed:
        raise bad_config(
            f"{key}: holds an encrypted value, which would be readable where it is used (tags, hyperparameters); "
            "keep it in AWS Secrets Manager, let the container read it there, and take it out of this section"
        )
    try:
        values = pulumi.Config().get_object(section)
    except pulumi.ConfigTypeError as error:
        raise pulumi.RunError(f"{key}: expected a section with keys and values, as in\n{example}") from error
    if values is None:
        raise bad_config(
            f"{key}: missing from the config of stack {pulumi.get_stack()}; {_who_writes(section)}, as in\n{example}"
        )
    try:
        config = read(values, key)
        _refuse_another_place(config, key)
        _refuse_region_denied_since(config, key)
    except InputError as error:
        raise pulumi.RunError(str(error)) from error
    return config


def read_regions(section: str, read: Callable[[Any, str], Config], example: str) -> Config | SeveralRegions[Config]:
    """As `read_section`; the configs of all regions where the section is for several. Raises pulumi.RunError."""

    def each(values: Any, where: str) -> Config | SeveralRegions[Config]:
        return read_several(values, where, read) if is_of_several(values) else read(values, where)

    found: Config | SeveralRegions[Config] = read_section(section, each, example)
    if isinstance(found, SeveralRegions):
        key = f"{pulumi.get_project()}:{section}.regions"
        for region, config in found.regions.items():
            _refuse_region_denied_since(config, f"{key}.{region}")
    return found


def _refuse_another_place(config: Any, key: str) -> None:
    """Raises InputError if the provider's config names a region or project other than the section's.

    Resources are built where the section says, but the preview's heading and readers of the file would go by the other.
    """
    provider = getattr(config, "provider", PROVIDERS[0])
    for ours, theirs in PLACE_KEYS[provider].items():
        wanted, other = getattr(config, ours, None), pulumi.Config(provider).get(theirs)
        if wanted and other and other != wanted and not is_config_secret(f"{provider}:{theirs}"):
            by_select = theirs == "region" and key.rpartition(":")[2] in written_by_select()
            also = "; `greenai-infra select` writes both" if by_select else ""
            raise InputError(f"{key}: {ours} is {wanted}, and {provider}:{theirs} is {other}; make them the same{also}")


def _refuse_region_denied_since(config: Any, key: str) -> None:
    """Raises pulumi.RunError for a stack in a region that the workload's file, beside `stacks/`, rules out.

    The config is valid then: this is a refusal, not bad input. Raises InputError for an unreadable workload file.
    """
    workload, region = getattr(config, "workload", None), getattr(config, "region", None)
    if workload and region:
        place = f"{getattr(config, 'provider', PROVIDERS[0])}:{region}"
        if reason := ruled_out(project_folder(), workload, place):
            raise pulumi.RunError(f"{key}: region: {reason}") from Refused(reason)


def _who_writes(section: str) -> str:
    return "`greenai-infra select` writes it" if section in written_by_select() else "add it to the stack's file"


def read_provider(section: str) -> str:
    """Returns `aws` or `gcp` from the section's key `provider`, by default aws. Raises pulumi.RunError otherwise."""
    try:
        values = pulumi.Config().get_object(section)
    except pulumi.ConfigTypeError:
        return PROVIDERS[0]  # reading the section says what is wrong with it
    provider = values.get("provider", PROVIDERS[0]) if isinstance(values, dict) else PROVIDERS[0]
    if provider not in PROVIDERS:
        raise bad_config(
            f"{pulumi.get_project()}:{section}: provider: expected {' or '.join(PROVIDERS)}, "
            f"for example {PROVIDERS[0]} (is {provider!r})"
        )
    return str(provider)
