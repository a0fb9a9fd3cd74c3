"""What a plan is compared with when the workload does not say: the usual region of those that it allows."""

from __future__ import annotations

import pytest

from greenai_infra.catalog.regions import find_region, regions, usual_regions
from greenai_infra.planning.document import plan_document

from .made_up import EAST, NORTH, TRAINING, hours_of, offer, planned, steps

IRELAND, FRANKFURT, PARIS = "aws:eu-west-1", "aws:eu-central-1", "aws:eu-west-3"
PLACES = (NORTH, PARIS, FRANKFURT, IRELAND, EAST)
FORECASTS = [steps(find_region(key).zone, [100] * 8) for key in PLACES]


@pytest.mark.parametrize(
    ("where", "baseline"),
    [
        ("{}", EAST),
        ("{residency: [EU]}", IRELAND),
        ("{residency: [EU], deny: [eu-west-1]}", FRANKFURT),
        ("{allow: [eu-west-3, eu-north-1]}", PARIS),  # neither is usual: the cheaper one
    ],
)
def test_the_baseline_keeps_the_rules_about_places(where: str, baseline: str) -> None:
    made = planned([offer(key, 9.0 if key == PARIS else 20.0) for key in PLACES], *FORECASTS, where=where)

    assert made.decision.baseline is not None
    assert made.decision.baseline.candidate.region.key == baseline
    assert hours_of(made.decision.baseline.slices) == [(0, 4)]


def test_a_region_that_does_not_offer_the_hardware_is_no_baseline() -> None:
    made = planned([offer(NORTH), offer(FRANKFURT), offer(EAST, accelerator="H100")], *FORECASTS)

    assert made.decision.baseline is not None
    assert made.decision.baseline.candidate.region.key == FRANKFURT


def test_a_job_for_tpus_has_a_baseline_on_tpus() -> None:
    iowa, netherlands = "gcp:us-central1", "gcp:europe-west4"
    tpu = {"accelerator": "TPU-v5e", "instance_type": "tpu-v5litepod", "accelerators": 1, "per_chip": True}
    forecasts = [steps(find_region(key).zone, [100] * 8) for key in (iowa, netherlands)]
    text = TRAINING.replace("accelerator: A100-40GB, count: 8", "accelerator: TPU-v5e, count: 8")

    made = planned(
        [offer(netherlands, 1.0, **tpu), offer(iowa, 1.0, **tpu)],
        *forecasts,
        text=text.replace("[A100-40GB]", "[TPU-v5e]"),
    )

    assert made.decision.baseline is not None
    assert made.decision.baseline.candidate.region.key == iowa


def test_a_cost_limit_and_a_deadline_bind_the_baseline_too() -> None:
    # Virginia would cost 4 h x 99 USD; with 200 USD at most the next usual region is the baseline.
    made = planned([offer(EAST, 99.0), offer(IRELAND), offer(NORTH)], *FORECASTS, limits="{cost_usd: 200}")

    assert made.decision.baseline is not None
    assert made.decision.baseline.candidate.region.key == IRELAND


def test_a_usual_region_without_intensity_is_left_and_named() -> None:
    made = planned([offer(EAST), offer(IRELAND), offer(NORTH)], *FORECASTS[:4])

    assert made.decision.baseline is not None
    assert made.decision.baseline.candidate.region.key == IRELAND
    assert "(no intensity: aws:us-east-1)" in made.decision.baseline_why


def test_the_baseline_stays_in_the_cloud_that_holds_the_data() -> None:
    iowa = "gcp:us-central1"
    sold = [offer(EAST), offer(NORTH), offer(iowa, instance_type="a2-highgpu-8g")]
    grids = [*FORECASTS, steps(find_region(iowa).zone, [500.0] * 8)]
    made = planned(sold, *grids, data=f"{{size_gb: 200000, region: {iowa}}}")

    assert made.decision.baseline is not None
    assert made.decision.baseline.candidate.region.key == iowa
    assert made.decision.baseline_why.endswith(
        "of the regions that the workload allows, in the cloud that holds its data"
    )
    beside = planned(sold, *grids, data=f"{{size_gb: 200000, region: {NORTH}}}").decision
    assert beside.baseline is not None
    assert beside.baseline.candidate.region.key == EAST


def test_the_document_says_which_baseline_and_why() -> None:
    usual = plan_document(planned([offer(EAST), offer(NORTH)], *FORECASTS))["baseline"]
    stated = plan_document(planned([offer(EAST), offer(NORTH)], *FORECASTS, baseline="{region: eu-north-1}"))[
        "baseline"
    ]

    assert (usual["region"], usual["why"]) == (
        "us-east-1",
        "where most people would start it of the regions that the workload allows",
    )
    assert (stated["region"], stated["why"]) == ("eu-north-1", "as the workload states")


def test_every_usual_region_is_in_the_catalogue_and_ranked_once() -> None:
    usual = list(usual_regions())

    assert len(set(usual)) == len(usual)
    assert set(usual) <= {region.key for region in regions()}
    assert usual[0] == EAST
