"""Places of Google Cloud that are made up, or do not have what is wanted there: refused before anything is declared."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from greenai_infra.catalog.offers import offers
from greenai_infra.catalog.regions import regions
from greenai_infra.catalog.tpu import tpu_machines
from greenai_infra.catalog.zones import gcp_zones
from greenai_infra.contracts.stack.gcp_cache import GCP_CACHE_EXAMPLE, read_gcp_cache_config
from greenai_infra.contracts.stack.gcp_inference import GCP_INFERENCE_EXAMPLE, read_gcp_inference_config
from greenai_infra.contracts.stack.gcp_training import GCP_TRAINING_EXAMPLE, read_gcp_training_config
from greenai_infra.errors import InputError


def values(example: str, **changes: Any) -> dict[str, Any]:
    """An example's section with other values; None takes a key out."""
    section = {**yaml.safe_load(example).popitem()[1], **changes}
    return {key: value for key, value in section.items() if value is not None}


TPUS = {"machine_type": "ct5lp-hightpu-4t", "tpu_topology": "4x4", "accelerator_type": None, "accelerator_count": None}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"zone": "europe-west99-z", "region": "europe-west99"},
            "no region europe-west99 of Google Cloud; did you mean",
        ),
        ({"zone": "europe-west99-z"}, "zone europe-west99-z is not in region europe-west4"),
        (
            {"zone": "europe-west4-z"},
            "europe-west4 has no zone europe-west4-z; it has europe-west4-a, europe-west4-b, ",
        ),
        ({"zone": "europe-west1-a", "region": "europe-west1"}, "it has europe-west1-b, europe-west1-c, europe-west1-d"),
        (
            {"zone": "europe-north1-a", "region": "europe-north1", "accelerator_type": "v6e-8"},
            "no TPU-v6e is offered in europe-north1 as far as the catalog knows; it is in asia-east1, ",
        ),
    ],
)
def test_a_made_up_place_to_serve_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as refused:
        read_gcp_inference_config(values(GCP_INFERENCE_EXAMPLE, **changes))
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"region": "europe-nort1"},
            "the catalog knows no region europe-nort1 of Google Cloud; did you mean europe-north",
        ),
        ({"region": "europe-west6", **TPUS}, "no TPU-v5e is offered in europe-west6"),
    ],
)
def test_a_made_up_place_to_train_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as refused:
        read_gcp_training_config(values(GCP_TRAINING_EXAMPLE, **changes))
    assert said in str(refused.value)


def test_a_made_up_zone_of_a_cache_is_refused() -> None:
    with pytest.raises(InputError, match="europe-north1 has no zone europe-north1-d; it has europe-north1-a"):
        read_gcp_cache_config(values(GCP_CACHE_EXAMPLE, replicas=0, single_zone="europe-north1-d"))


@pytest.mark.parametrize("zone", ["us-south1-ai1b", "us-central1-ai1a"])
def test_an_ai_zone_is_let_through(zone: str) -> None:
    """They have TPUs and are not in the table: https://docs.cloud.google.com/tpu/docs/types-zones."""
    region = zone.rpartition("-")[0]
    read_gcp_inference_config(values(GCP_INFERENCE_EXAMPLE, zone=zone, region=region, accelerator_type="v6e-8"))


def test_a_zone_of_a_region_whose_zones_are_not_known_is_let_through() -> None:
    assert gcp_zones("us-central2") == ()
    read_gcp_inference_config(
        values(GCP_INFERENCE_EXAMPLE, zone="us-central2-b", region="us-central2", accelerator_type="v4-8")
    )


def test_every_place_that_the_catalog_offers_is_let_through() -> None:
    sold = {(one.region, one.accelerator) for one in offers() if one.accelerator.startswith("TPU")}
    assert len(sold) > 30
    for region, accelerator in sorted(sold):
        machine = next(one for one in tpu_machines().values() if one.accelerator == accelerator)
        zone = (gcp_zones(region) or (f"{region}-b",))[0]
        changes = {"region": region, "zone": zone, "accelerator_type": machine.accelerator_type}
        assert read_gcp_inference_config(values(GCP_INFERENCE_EXAMPLE, **changes)).zone == zone


def test_the_zones_are_those_of_regions_there_are() -> None:
    """Zones of Google's own documentation of TPUs and of Compute Engine, by hand."""
    known = {one.name for one in regions() if one.provider == "gcp"}
    listed = {region: gcp_zones(region) for region in known if gcp_zones(region)}
    assert len(listed) >= 40
    assert listed["us-central1"] == ("us-central1-a", "us-central1-b", "us-central1-c", "us-central1-f")
    assert listed["us-east1"] == ("us-east1-b", "us-east1-c", "us-east1-d")
    for zone in (
        "us-central1-a",
        "us-south1-a",
        "us-west1-c",
        "us-west4-a",
        "us-east1-d",
        "us-east5-b",
        "europe-west4-a",
    ):
        assert zone in listed[zone.rpartition("-")[0]]
