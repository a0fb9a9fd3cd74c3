"""`carbon-tags`: every resource that takes tags says whose it is and with which intensity its place was chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from greenai_infra.contracts.declared import UNKNOWN
from greenai_infra.policy.facts import (
    BASES,
    BASIS,
    INTENSITY,
    KIND,
    OBSERVED_AT,
    SIGNAL,
    SIGNALS,
    SOURCE,
    facts_of_tags,
)
from greenai_infra.policy.rule import Breach, ResourceRule, RuleSettings, breach, not_known

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenai_infra.contracts.declared import DeclaredResource


class CarbonTags(RuleSettings, frozen=True, kw_only=True):
    """Keys that every taggable resource must carry, with a value that is not empty."""

    keys: Annotated[tuple[str, ...], Meta(min_length=1)] = (
        *("project", "team", "workload", "environment"),
        *(INTENSITY, SIGNAL, BASIS, SOURCE, KIND, "carbon-zone", OBSERVED_AT),
    )


def check_carbon_tags(resource: DeclaredResource, settings: CarbonTags) -> Iterator[Breach]:
    """Returns the tags merged with the provider's defaults (`tagsAll`) where declared, else the resource's own tags."""
    if not resource.taggable or resource.read:
        return
    tags = resource.tags
    where = "labels" if resource.package == "gcp" else "tags"
    if tags is UNKNOWN:
        yield not_known(resource, where, what=f"at least one value among the {where}")
        return
    tags = tags if isinstance(tags, dict) else {}
    if unknown := [key for key in settings.keys if tags.get(key) is UNKNOWN]:
        yield not_known(resource, where, what=f"the value of {', '.join(unknown)}")
    if lacking := [key for key in settings.keys if key not in tags or _empty(tags[key])]:
        yield breach(resource, where, f"lacks the {where} {', '.join(lacking)}")
    for key, allowed in ((BASIS, BASES), (SIGNAL, SIGNALS)):
        value = tags.get(key)
        if key in settings.keys and isinstance(value, str) and value.strip() and value not in allowed:
            yield breach(resource, f"{where}.{key}", f"{key} is '{value}', not {' or '.join(allowed)}")
    facts = facts_of_tags(resource, {key: tags[key] for key in (INTENSITY, OBSERVED_AT) if not _empty(tags.get(key))})
    if facts.problem and {INTENSITY, OBSERVED_AT} & set(settings.keys):
        yield breach(resource, where, facts.problem)


def _empty(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


CARBON_TAGS = ResourceRule(
    id="carbon-tags",
    title="Every resource that takes tags carries the carbon tags",
    remedy="give the resource the stack's tags: greenai_infra/stacks/tags.py makes them from the stack's config; "
    "or set them once for all as the provider's default tags",
    why="Cost and emissions are attributed by tag, and the intensity that a place was chosen for must be seen where "
    "the resource stands. Tags count with the provider's default ones; types without tags are left out by their class.",
    settings=CarbonTags,
    check=check_carbon_tags,
    order=10,
)
