"""`schema`: the JSON Schemas of the files that people write, for editors and other tools."""

from __future__ import annotations

import click


@click.command(epilog="Example:  greenai-infra schema > workload.schema.json")
@click.argument("what", type=click.Choice(["workload", "policy"]), default="workload")
def schema(what: str) -> None:
    """Print the JSON Schema of workload files, or with `policy` that of the carbon gate's settings."""
    import json

    if what == "policy":
        from greenai_infra.policy.settings import settings_schema

        click.echo(json.dumps(settings_schema(), indent=2))
        return
    from greenai_infra.planning.workload_forms import workload_schema

    click.echo(json.dumps(workload_schema(), indent=2))
