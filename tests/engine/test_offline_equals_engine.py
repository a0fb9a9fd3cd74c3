"""The offline preview equals the real engine's preview: resources, parents, inputs, dependencies, tags."""

from pathlib import Path
from typing import Any

import pytest

from greenai_infra.contracts.declared import UNKNOWN as OFFLINE_UNKNOWN
from greenai_infra.contracts.declared import Secret
from greenai_infra.previews.result import PreviewResult
from greenai_infra.previews.run import preview
from greenai_infra.previews.sdk.schema import resource_schema

from .engine_cli import ROOT, Engine
from .graph import SECRET, UNKNOWN, Declared, declared
from .project import SAMPLE
from .training_project import copy_program
from .wire import UNKNOWN as WIRE_UNKNOWN

pytestmark = pytest.mark.engine

ENVIRONMENT = {"PYTHONPATH": str(ROOT)}
MERGED = {"tagsAll", "effectiveLabels"}
"""What a provider merges: the offline preview shows both, the engine the first only, which is compared by itself."""


def offline_declared(result: PreviewResult) -> list[Declared]:
    """An offline preview in the form that `graph.declared` gives an engine's preview."""
    found = []
    for one in result.resources:
        inputs = {key: _marked(value) for key, value in one.inputs.items() if key not in MERGED}
        schema = resource_schema(one.type) if one.custom and not one.is_provider else None
        if schema is not None and schema.has_region:
            inputs.setdefault("region", one.region)  # the provider's Check writes it into the inputs
        found.append(Declared(one.type, one.name, one.parent or None, inputs))
    return sorted(found, key=lambda item: (item.type, item.name))


def _marked(value: Any) -> Any:
    if isinstance(value, Secret):
        return SECRET
    if value is OFFLINE_UNKNOWN:
        return UNKNOWN
    if isinstance(value, dict):
        return {key: _marked(item) for key, item in value.items() if item is not None}
    return [_marked(item) for item in value] if isinstance(value, list) else value


def _engine_marked(value: Any) -> Any:
    return UNKNOWN if value == WIRE_UNKNOWN else value


def compare(engine: Engine, folder: Path, stack: str) -> PreviewResult:
    """Preview a project both ways and hold the one against the other; the offline result."""
    offline = preview(folder, stack)
    engine.pulumi("stack", "init", "--no-select", cwd=folder, stack=stack)
    shown = engine.json("preview", cwd=folder, stack=stack, env=ENVIRONMENT)

    expected = [one for one in declared(shown) if not one.type.startswith("pulumi:providers:")]
    ours = [one for one in offline_declared(offline) if not one.type.startswith("pulumi:providers:")]
    assert [(one.type, one.name, one.parent) for one in ours] == [(one.type, one.name, one.parent) for one in expected]
    for own, other in zip(ours, expected, strict=True):
        assert own.inputs == other.inputs, f"{own.type} {own.name}"
    states = {step["urn"]: step["newState"] for step in shown["steps"]}
    for resource in offline.resources:
        state = states[resource.urn]
        assert list(resource.dependencies) == sorted(state.get("dependencies", [])), resource.urn
        assert _marked(resource.inputs.get("tagsAll")) == _engine_marked(state.get("inputs", {}).get("tagsAll")), (
            resource.urn
        )
        assert bool(resource.options.get("protect")) == bool(state.get("protect")), resource.urn
        assert resource.provider.rpartition("::")[2] in state.get("provider", ""), resource.urn
    return offline


@pytest.mark.parametrize("stack", ["contiguous", "sliced", "now"])
def test_the_training_stack(engine: Engine, tmp_path: Path, stack: str) -> None:
    copy_program(tmp_path, stack)

    result = compare(engine, tmp_path, stack)

    assert not result.failed
    assert len(result.built) > 40


@pytest.mark.parametrize("stack", ["cache-serverless", "cache-nodes", "cache-joined"])
def test_the_cache_stack(engine: Engine, tmp_path: Path, stack: str) -> None:
    copy_program(tmp_path, stack)

    result = compare(engine, tmp_path, stack)

    assert not result.failed
    assert len(result.built) > 20


@pytest.mark.parametrize("stack", ["inferentia", "serverless"])
def test_the_inference_stack(engine: Engine, tmp_path: Path, stack: str) -> None:
    copy_program(tmp_path, stack)

    result = compare(engine, tmp_path, stack)

    assert not result.failed
    assert len(result.built) > 15


def test_a_component_with_provider_transform_secret_and_default_tags(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: sample\nruntime: {name: python, options: {toolchain: pip}}\n")
    (tmp_path / "Pulumi.dev.yaml").write_text(
        "config:\n  aws:region: eu-north-1\n  aws:defaultTags: {tags: {team: ml}}\n"
    )
    (tmp_path / "__main__.py").write_text(
        SAMPLE
        + """
def transform(args):
    if args.type_ == "aws:sqs/queue:Queue":
        return pulumi.ResourceTransformResult({**args.props, "delaySeconds": 5}, args.opts)

pulumi.runtime.register_resource_transform(transform)
other = aws.Provider("other", region="eu-west-1")
aws.sqs.Queue("q", opts=pulumi.ResourceOptions(provider=other, parent=store))
aws.ssm.Parameter("p", type="SecureString", value=pulumi.Output.secret("hush"),
    opts=pulumi.ResourceOptions(protect=True, depends_on=[topic]))
"""
    )

    assert not compare(engine, tmp_path, "dev").failed
