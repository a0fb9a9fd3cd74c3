"""Which cloud a section is for: its key `provider`, `aws` where it has none."""

from __future__ import annotations

import pulumi

PROVIDERS = ("aws", "gcp")


def provider_of(section: str) -> str:
    """The provider that a section names. Raises pulumi.RunError for one that no program is written for.

    A section that is missing, encrypted or no mapping is left to `read_section`, which says so better.
    """
    try:
        values = pulumi.Config().get_object(section)
    except pulumi.ConfigTypeError:
        return PROVIDERS[0]
    provider = values.get("provider", PROVIDERS[0]) if isinstance(values, dict) else PROVIDERS[0]
    if provider not in PROVIDERS:
        raise pulumi.RunError(
            f"{pulumi.get_project()}:{section}: provider: expected one of {', '.join(PROVIDERS)} (is {provider!r})"
        )
    return str(provider)
