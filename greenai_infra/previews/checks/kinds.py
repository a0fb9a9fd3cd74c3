"""What a check is: of a resource, of all of a stack's, of those and the stack's config."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from greenai_infra.contracts.declared import DeclaredResource, Finding

ResourceCheck = Callable[[DeclaredResource], Iterable[Finding]]
StackCheck = Callable[[Sequence[DeclaredResource]], Iterable[Finding]]
ConfigCheck = Callable[[Mapping[str, str], Sequence[DeclaredResource]], Iterable[Finding]]
