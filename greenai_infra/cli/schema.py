"""`schema`: JSON Schemas of the files that people write, for editors and other tools."""

from __future__ import annotations

import click


@click.command(epilog="Example:  greenai-infra schema > workload.schema.json")
@click.argument("what", type=click.Choice(["workload", "policy", "sci", "report"]), default="workload")
def schema(what: str) -> None:
    """Print the JSON Schema of workload files, gate settings (`policy`), SCI files (`sci`) or run reports."""
    import json

    if what == "policy":
        from greenai_infra.policy.settings import settings_schema

        click.echo(json.dumps(settings_schema(), indent=2))
        return
    if what == "report":
        from greenai_infra.monitoring.run_report import report_schema

        click.echo(json.dumps(report_schema(), indent=2))
        return
    from greenai_infra.estimates.sci_file import SciFile
    from greenai_infra.planning.workload import Workload
    from greenai_infra.typed_yaml.forms import schema_of

    click.echo(json.dumps(schema_of(SciFile if what == "sci" else Workload), indent=2))
