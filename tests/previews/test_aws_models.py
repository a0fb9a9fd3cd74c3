"""Parts of AWS's service models against botocore's own reading of the whole files."""

from functools import cache
from typing import Any

import pytest

from greenai_infra.previews.sdk.aws_models import operation, regions_of, shape

session = pytest.importorskip("botocore.session").get_session()
SERVICES = ("application-autoscaling", "events", "scheduler", "sns", "sqs", "stepfunctions")


@cache
def model(service: str) -> Any:
    return session.get_component("data_loader").load_service_model(service, "service-2")


@pytest.mark.parametrize("service", SERVICES)
def test_every_shape_is_the_one_of_the_model(service: str) -> None:
    for name, whole in model(service)["shapes"].items():
        assert shape(service, name) == whole, name


@pytest.mark.parametrize("service", [*SERVICES, "ec2", "sagemaker"])
def test_every_operation_is_found_in_any_case(service: str) -> None:
    for name, whole in model(service)["operations"].items():
        assert operation(service, name[0].lower() + name[1:]) == whole, name


def test_what_a_service_does_not_have() -> None:
    assert operation("sagemaker", "StopTrainingJobs") is None
    with pytest.raises(KeyError, match="botocore's sqs has no shape Queue"):
        shape("sqs", "Queue")
    with pytest.raises(KeyError, match="botocore has no service warp"):
        operation("warp", "Engage")


@pytest.mark.parametrize("service", ["elasticache", "sagemaker", "sns", "stepfunctions"])
def test_regions_are_those_of_botocore(service: str) -> None:
    expected = frozenset(
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions(service, partition)
    )

    assert regions_of(service) == expected
