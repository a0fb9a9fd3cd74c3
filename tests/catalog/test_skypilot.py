"""SkyPilot's layout, read from miniature files whose sums were worked out by hand."""

from datetime import date

import pytest

from greenai_infra.catalog.fetchers.skypilot import read_vms
from greenai_infra.catalog.offers import Offer
from greenai_infra.errors import InputError
from tests.catalog.miniature import AWS, AWS_HEADER, GCP

DAY = date(2026, 11, 20)


def read(text: str, provider: str) -> dict[tuple[str, str], Offer]:
    found = read_vms(text.splitlines(), provider=provider, where="vms.csv", priced_on=DAY, source="miniature")
    return {(offer.instance_type, offer.region): offer for offer in found}


def test_aws_is_one_row_per_type_and_region_without_local_zones() -> None:
    p4d = read(AWS, "aws")["p4d.24xlarge", "us-east-1"]
    assert (p4d.accelerator, p4d.accelerators, p4d.usd_per_hour_on_demand) == ("A100-40GB", 8, 20.0)
    assert (p4d.usd_per_hour_spot_min, p4d.usd_per_hour_spot) == (10.0, 12.0)  # not 1.0 of the local zone
    assert "spot equals on-demand in 1 zones" in p4d.note
    assert (p4d.priced_on, p4d.source) == (DAY, "miniature")


def test_aws_names_and_missing_prices() -> None:
    found = read(AWS, "aws")
    assert set(found) == {
        ("p4d.24xlarge", "us-east-1"),
        ("p5.4xlarge", "us-east-1"),
        ("trn1.32xlarge", "us-east-1"),
        ("dl1.24xlarge", "us-west-2"),
    }
    assert found["trn1.32xlarge", "us-east-1"].accelerator == "Trainium1"
    assert found["trn1.32xlarge", "us-east-1"].usd_per_hour_on_demand is None
    assert found["p5.4xlarge", "us-east-1"].usd_per_hour_spot is None
    assert found["dl1.24xlarge", "us-west-2"].accelerator == "Gaudi1"


def test_a_name_that_the_ec2_api_gives_reads_as_the_chip_of_the_catalog() -> None:
    g7e = "g7e.2xlarge,RTXPRO6000,1.0,8.0,64.0,,3.36312,1.0284,us-east-1,use1-az2,x86_64\n"

    assert read(AWS + g7e, "aws")["g7e.2xlarge", "us-east-1"].accelerator == "RTX-PRO-6000"


def test_gcp_machine_is_host_plus_accelerator_in_zones_that_have_both() -> None:
    a2 = read(GCP, "gcp")["a2-highgpu-1g", "us-central1"]
    assert a2.usd_per_hour_on_demand == 3.75  # 0.75 + 3.0
    assert a2.usd_per_hour_spot_min == 1.25  # 0.25 + 1.0; zone f has no A100
    assert a2.usd_per_hour_spot == 1.4  # median of 1.25 and 0.35 + 1.2
    assert (a2.accelerators, a2.vcpus, a2.suspect) == (1, 12, False)


def test_gcp_eight_chip_row_is_scaled_to_one_chip() -> None:
    a3 = read(GCP, "gcp")["a3-highgpu-1g", "us-central1"]
    assert (a3.usd_per_hour_on_demand, a3.usd_per_hour_spot) == (11.25, 2.25)  # 1.25 + 80/8; 0.25 + 16/8


def test_gcp_a_zero_host_price_is_noted() -> None:
    a4 = read(GCP, "gcp")["a4-highgpu-8g", "us-central1"]
    assert (a4.usd_per_hour_on_demand, a4.usd_per_hour_spot) == (90.0, 32.0)
    assert "may be understated" in a4.note


def test_gcp_a_price_far_below_other_regions_is_suspect() -> None:
    found = read(GCP, "gcp")
    assert found["a2-highgpu-1g", "europe-west4"].suspect
    assert "SUSPECT" in found["a2-highgpu-1g", "europe-west4"].note


def test_gcp_a_machine_without_its_accelerator_has_no_offer() -> None:
    assert ("a3-ultragpu-8g", "us-central1") not in read(GCP, "gcp")


def test_tpus_per_chip_by_cores_or_chips() -> None:
    found = read(GCP, "gcp")
    v5p = found["tpu-v5p", "us-central1"]
    assert (v5p.usd_per_hour_on_demand, v5p.usd_per_hour_spot) == (4.2, 1.0)  # v5p-8 is 4 chips
    assert (v5p.accelerators, v5p.per_chip, v5p.minimum_chips) == (1, True, 4)
    assert found["tpu-v5litepod-1", "us-central1"].usd_per_hour_on_demand == 1.2


def test_hidden_tpu_prices_stay_empty() -> None:
    found = read(GCP, "gcp")
    assert found["tpu-v6e-1", "asia-east1"].usd_per_hour_on_demand is None
    santiago = found["tpu-v6e-1", "southamerica-west1"]
    assert (santiago.usd_per_hour_on_demand, santiago.usd_per_hour_spot) == (2.7, None)


def test_a_t4_has_a_machine_of_its_own_and_no_price_without_it() -> None:
    t4 = read(GCP, "gcp")["n1+nvidia-tesla-t4", "us-central1"]
    assert (t4.usd_per_hour_on_demand, t4.usd_per_hour_spot, t4.per_chip) == (
        0.54,
        0.2,
        True,
    )  # 0.35 + 0.19, 0.14 + 0.06

    bare = "\n".join(line for line in GCP.splitlines() if "n1-standard-4" not in line)
    t4 = read(bare, "gcp")["n1+nvidia-tesla-t4", "us-central1"]
    assert (t4.usd_per_hour_on_demand, t4.usd_per_hour_spot) == (None, None)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "column InstanceType.* is missing"),
        ("a,b\n1,2\n", "column InstanceType.* is missing"),
        (AWS_HEADER + "\n", "has no rows"),
        (AWS_HEADER + "\nm5.large,,,2.0,8.0,,0.1,,us-east-1,use1-az1,x86_64\n", "no accelerator offer"),
        (AWS[:-40], r"vms.csv:10: \d+ cells"),
        (AWS.replace(",20.0,12.0,", ",nan,12.0,"), r"vms.csv:4: Price 'nan' is not finite"),
        (AWS.replace(",20.0,12.0,", ",-20.0,12.0,"), r"vms.csv:4: Price '-20.0' is negative"),
    ],
)
def test_a_broken_file_is_refused(text: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        read(text, "aws")


def test_the_other_providers_file_is_refused() -> None:
    with pytest.raises(InputError, match="no accelerator offer of gcp"):
        read(AWS, "gcp")
