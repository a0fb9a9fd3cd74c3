"""Run a program of `stacks/` in this process under Pulumi's mocks, and keep what it declares."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import runpy
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pulumi
import yaml
from pulumi.runtime import mocks

from .changes import replaced

ROOT = Path(__file__).parents[2]
CONFIGS = Path(__file__).parent / "configs"
ACCOUNT = "123456789012"
POLICY_PROPERTIES = ("policy", "assumeRolePolicy")
# Of what the programs declare, by hand from Google's reference.
GCP_LABELLED = {"AlertPolicy", "Bucket", "CryptoKey", "Job", "ManagedZone", "NotificationChannel", "Repository"}
GCP_LABELLED |= {"Workflow"}


@dataclass(frozen=True)
class Resource:
    """One declared resource; `inputs` are by wire name."""

    type: str
    name: str
    inputs: dict[str, Any]

    @property
    def taggable(self) -> bool:
        """Whether the SDK's resource takes tags or labels."""
        if self.type.startswith("gcp:"):
            return self.type.split(":")[2] in GCP_LABELLED
        module, name = self.type.split(":")[1].split("/")[0], self.type.split(":")[2]
        arguments = getattr(importlib.import_module(f"pulumi_aws.{module}"), f"{name}Args")
        return "tags" in inspect.signature(arguments.__init__).parameters

    def policies(self) -> list[dict[str, Any]]:
        """The statements of its policy documents."""
        documents = [json.loads(self.inputs[name]) for name in POLICY_PROPERTIES if name in self.inputs]
        return [statement for document in documents for statement in document.get("Statement", [])]


@dataclass
class Declared(mocks.Mocks):  # type: ignore[misc]
    """What a program declared, with values made up for what only a cloud would know."""

    everything: list[Resource] = field(default_factory=list)

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        self.everything.append(Resource(args.typ, args.name, args.inputs))
        service = args.typ.split(":")[1].split("/")[0]
        made_up = {
            "arn": f"arn:aws:{service}:{args.inputs.get('region', '')}:{ACCOUNT}:{args.name}",
            "bucket": f"{args.name}-0abc123",
            "email": f"service-{ACCOUNT}@{args.name}.iam.gserviceaccount.com",
            "endpoint": f"{args.name}-endpoint",
            "keyId": "0f0e",
            "member": f"serviceAccount:service-{ACCOUNT}@{args.name}.iam.gserviceaccount.com",
            "name": args.name,
            "ownerId": ACCOUNT,
            "prefixListId": "pl-1",
            "repositoryUrl": f"{ACCOUNT}.dkr.ecr.{args.inputs.get('region')}.amazonaws.com/{args.name}",
            "owner": ACCOUNT,
            "url": f"https://sqs/{ACCOUNT}/{args.name}",
        }
        return f"{args.name}-id", {**made_up, **args.inputs}

    def call(self, args: mocks.MockCallArgs) -> dict[str, Any]:
        raise AssertionError(f"the program asks the cloud: {args.token}")

    @property
    def resources(self) -> list[Resource]:
        """The resources of the cloud: components left out."""
        return [resource for resource in self.everything if resource.type.startswith(("aws:", "gcp:"))]

    def of(self, kind: str) -> list[Resource]:
        """All resources of a kind such as `Bucket`."""
        return [resource for resource in self.resources if resource.type.endswith(f":{kind}")]

    def one(self, kind: str) -> Resource:
        """The only resource of a kind."""
        [resource] = self.of(kind)
        return resource


def config_of(example: str) -> dict[str, Any]:
    """The config of an example stack."""
    text = (CONFIGS / f"Pulumi.{example}.yaml").read_text(encoding="utf-8")
    config: dict[str, Any] = yaml.safe_load(text)["config"]
    return config


def changed(example: str, section: str = "training", **changes: Any) -> dict[str, Any]:
    """The config of an example stack with keys of a section replaced, or left out where None."""
    config, key = config_of(example), f"greenai-infra:{section}"
    return {**config, key: replaced(config[key], changes)}


def run_program(config: dict[str, Any]) -> tuple[Declared, str]:
    """What the stacks' program declares on this config, and why it was refused, if it was."""
    declared, refused = Declared(), ""
    values = {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}

    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def program() -> None:
        nonlocal refused
        try:
            runpy.run_path(str(ROOT / "stacks" / "__main__.py"), run_name="__main__")
        except pulumi.RunError as error:
            refused = str(error)

    asyncio.set_event_loop(asyncio.new_event_loop())  # the mocks want one, and another test may have closed it
    mocks.set_mocks(declared, project="greenai-infra", stack="example", preview=False)
    pulumi.runtime.set_all_config(values, [])
    program()
    return declared, refused


@cache
def declare(example: str) -> Declared:
    """What an example stack declares."""
    declared, refused = run_program(config_of(example))
    assert not refused
    return declared
