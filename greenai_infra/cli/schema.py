"""`schema`: the JSON Schema of workload files, for editors and other tools."""

from __future__ import annotations

import click


@click.command(epilog="Example:  greenai-infra schema > workload.schema.json")
def schema() -> None:
    """Print the JSON Schema of workload files."""
    import json

    import msgspec

    from greenai_infra.planning.workload import Workload

    described = {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(Workload)}
    click.echo(json.dumps(described, indent=2))
