"""A small Pulumi project of a test's own, and the commands on its one stack."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .engine_cli import Engine

PULUMI_YAML = "name: sample\nruntime: {name: python, options: {toolchain: pip}}\n"

SAMPLE = """
import pulumi
import pulumi_aws as aws

config = pulumi.Config()
region = config.get("region")


class Store(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("sample:index:Store", name)
        child = pulumi.ResourceOptions(parent=self)
        self.bucket = aws.s3.Bucket("data", region=region, tags={"purpose": "sample"}, opts=child)
        self.register_outputs({})


store = Store("store")
topic = aws.sns.Topic("news", region=region)
aws.cloudwatch.MetricAlarm(
    "high",
    region=region,
    comparison_operator=config.get("operator") or "GreaterThanThreshold",
    evaluation_periods=1,
    metric_name="Emissions",
    namespace="sample",
    period=3600,
    statistic="Sum",
    threshold=config.get_float("threshold") or 10.5,
    alarm_actions=[topic.arn],
    dimensions={"Bucket": store.bucket.bucket},
)
pulumi.export("topic", topic.arn)
"""
"""A component with a bucket, a topic and an alarm: five resources with the stack, six with the provider."""


def write_project(folder: Path, program: str) -> None:
    (folder / "Pulumi.yaml").write_text(PULUMI_YAML)
    (folder / "__main__.py").write_text(program)


@dataclass(frozen=True)
class Project:
    """A project folder with one stack."""

    engine: Engine
    folder: Path
    stack: str

    def pulumi(
        self, *arguments: str, check: bool = True, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return self.engine.pulumi(*arguments, cwd=self.folder, stack=self.stack, check=check, env=env)

    def set(self, **config: str) -> None:
        """Set config values; keys with a colon (`aws:region`) are passed as `**{"aws:region": ...}`."""
        paths = ["--path"] if any("[" in key or "." in key for key in config) else []
        given = [word for key, value in config.items() for word in ("--plaintext", f"{key}={value}")]
        self.pulumi("config", "set-all", *paths, *given)

    def preview(self) -> dict[str, Any]:
        """`pulumi preview --json`, with the resources that stay as they are."""
        return dict(self.engine.json("preview", "--show-sames", cwd=self.folder, stack=self.stack))

    def changes(self, command: str, *options: str) -> dict[str, int]:
        return self.engine.changes(command, *options, cwd=self.folder, stack=self.stack)

    def resources(self) -> list[dict[str, Any]]:
        return self.engine.resources(self.folder, self.stack)

    def resource(self, name: str) -> dict[str, Any]:
        """The one resource of this name in the state."""
        [found] = [item for item in self.resources() if item["urn"].endswith(f"::{name}")]
        return found
