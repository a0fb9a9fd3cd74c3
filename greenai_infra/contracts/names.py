"""Names that plans and stacks share."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{1,38}[a-z0-9]\Z")]
"""What both clouds take as part of a resource name."""
