"""What programs can build, against the clouds' own limits, and the same rule in plan and select."""

import re

import pytest

from greenai_infra.catalog.buildable import not_built
from greenai_infra.catalog.offers import EMBEDDED, offers

HOUR = ((0.0, 3600.0),)


def days(*lengths: float) -> list[tuple[float, float]]:
    """Slices of so many days, one right after the other."""
    slices, start = [], 0.0
    for length in lengths:
        slices.append((start, start + length * 86_400))
        start = slices[-1][1]
    return slices


@pytest.mark.parametrize(
    ("kind", "provider", "instance_type", "instances", "purchase", "slices", "says"),
    [
        ("training", "aws", "p5.48xlarge", 1, "on_demand", HOUR, None),
        ("training", "aws", "u-6tb1.metal", 1, "on_demand", HOUR, "SageMaker does not train on u-6tb1.metal"),
        ("training", "aws", "p5.48xlarge", 64, "spot", HOUR, None),
        ("training", "aws", "p5.48xlarge", 65, "spot", HOUR, "at most 64 x p5.48xlarge, not 65"),
        ("training", "aws", "p5.48xlarge", 1, "spot", days(28), None),
        ("training", "aws", "p5.48xlarge", 1, "spot", days(28, 28), None),
        ("training", "aws", "p5.48xlarge", 1, "spot", days(1, 28.5), "28 days at most, not 28.5"),
        ("training", "aws", "p5.48xlarge", 1, "spot", days(*[0.01] * 501), "at most 500 slices, not 501"),
        ("inference", "aws", "inf2.xlarge", 2, "on_demand", days(90), None),
        ("inference", "aws", "inf2.xlarge", 2, "spot", HOUR, "no spot instances for endpoints"),
        ("inference", "aws", "trn2.3xlarge", 2, "on_demand", HOUR, "SageMaker does not serve on trn2.3xlarge"),
        ("training", "gcp", "a3-highgpu-1g", 1, "on_demand", HOUR, "a3-highgpu-1g only as spot"),
        ("training", "gcp", "a3-highgpu-1g", 1, "spot", HOUR, None),
        ("training", "gcp", "a3-highgpu-8g", 1, "on_demand", days(20, 15), None),
        ("training", "gcp", "a3-highgpu-8g", 1, "on_demand", days(20, 16), "35 days at most, not 36.0"),
        ("training", "gcp", "tpu-v5p", 8, "on_demand", HOUR, "does not train on tpu-v5p"),
        ("training", "gcp", "tpu-v6e-1", 8, "spot", HOUR, None),
        ("training", "gcp", "tpu-v6e-1", 16, "on_demand", HOUR, None),
        ("training", "gcp", "tpu-v6e-1", 16, "spot", HOUR, "no spot slices of several machines"),
        ("inference", "gcp", "tpu-v5litepod-1", 4, "on_demand", HOUR, None),
        ("inference", "gcp", "tpu-v5litepod-1", 3, "on_demand", HOUR, "takes 3 chips .* one host has 1, 4, 8"),
        ("inference", "gcp", "a3-highgpu-8g", 1, "on_demand", HOUR, "on TPUs only"),
    ],
)
def test_what_can_be_built(
    kind: str,
    provider: str,
    instance_type: str,
    instances: int,
    purchase: str,
    slices: list[tuple[float, float]],
    says: str | None,
) -> None:
    found = not_built(kind, provider, instance_type, instances, purchase, slices)

    if says is None:
        assert found is None
    else:
        assert found is not None
        assert re.search(says, str(found))


def test_some_of_every_provider_and_kind_can_be_built() -> None:
    built = {
        (kind, offer.provider)
        for offer in offers(path=EMBEDDED, include_suspect=True)
        for kind in ("training", "inference")
        for instances in (1, 4, 8)
        if not not_built(kind, offer.provider, offer.instance_type, instances, "on_demand", HOUR)
    }
    assert built == {(kind, provider) for kind in ("training", "inference") for provider in ("aws", "gcp")}
