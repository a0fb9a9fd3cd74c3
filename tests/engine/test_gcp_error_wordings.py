"""The words in which Google Cloud and its provider say what is wrong, and the row of the table that answers them.

They are from issues of pulumi-gcp, terraform-provider-google and skypilot, and from Google's manuals.
"""

from __future__ import annotations

import pytest

from greenai_infra.engine.errors import explain
from greenai_infra.errors import NoCapacity

ADC = "see https://cloud.google.com/docs/authentication/external/set-up-adc for more information"
NO_CREDENTIALS = ("there are no valid Google Cloud credentials", "gcloud auth application-default login")
NO_API = ("an API of Google Cloud is not enabled", "gcloud services enable")
NO_PROJECT = ("the Google Cloud project is not set, or is not there", "gcp_project in Pulumi.dev.yaml")
NO_BILLING = ("has no billing account", "gcloud billing projects link")
NO_PERMISSION = ("the Google Cloud credentials lack a permission", "have the role granted")
NO_AGENT = ("Cloud Storage has no service agent", "gcloud storage service-agent")
NO_PLUGIN = ("the engine's plugin for Google Cloud is missing", "pulumi plugin install resource gcp v10.2.0")
NO_PACKAGE = ("an SDK package is missing", "pip install 'greenai-infra[gcp]'")
NOT_EMPTY = ("a bucket is not empty", "force_destroy: true")

SAID = [
    (f"google: could not find default credentials. {ADC}.", NO_CREDENTIALS),
    (
        "pulumi:providers:gcp resource 'default_10_2_0' has a problem: failed to load application credentials: "
        f"could not find default credentials. {ADC}",
        NO_CREDENTIALS,
    ),
    (
        "Attempted to load application default credentials since neither `credentials` nor `access_token` was set in "
        f"the provider block.  No credentials loaded. To use your gcloud credentials, run 'gcloud auth': {ADC}",
        NO_CREDENTIALS,
    ),
    (
        'Error creating KeyRing: oauth2: "invalid_grant" "reauth related error (invalid_rapt)" "https://support.google"',
        NO_CREDENTIALS,
    ),
    (
        "Error creating Network: googleapi: Error 403: Compute Engine API has not been used in project 406281436678 "
        "before or it is disabled. Enable it by visiting https://console.developers.google.com/apis/api/compute.google"
        "apis.com/overview?project=406281436678 then retry., accessNotConfigured",
        NO_API,
    ),
    (
        "Error when reading or editing Project Service : Request `List Project Services p` returned error: Failed to "
        "list enabled services for project p: googleapi: Error 403: Service Usage API has not been used in project p "
        "before or it is disabled.",
        NO_API,
    ),
    (
        "googleapi: Error 403: This API method requires billing to be enabled. Please enable billing on project "
        "#123456789012, reason: BILLING_DISABLED",
        NO_BILLING,
    ),
    ("Failed to retrieve project, pid: , err: project: required field is not set", NO_PROJECT),
    (
        "Error creating Bucket: googleapi: Error 400: Unknown project id: nope-nope-1, invalid",
        NO_PROJECT,
    ),
    (
        "Error creating Bucket: googleapi: Error 403: ann@example.com does not have storage.buckets.create access to "
        "the Google Cloud project. Permission 'storage.buckets.create' denied on resource (or it may not exist)., "
        "forbidden",
        NO_PERMISSION,
    ),
    (
        "Error creating KeyRing: googleapi: Error 403: Permission 'cloudkms.keyRings.create' denied on resource "
        "'projects/p/locations/europe-north1' (or it may not exist). Details: reason IAM_PERMISSION_DENIED",
        NO_PERMISSION,
    ),
    (
        "Request `Create IAM Members roles/cloudkms.cryptoKeyEncrypterDecrypter serviceAccount:service-1@gs-project-"
        'accounts.iam.gserviceaccount.com for KMS CryptoKey "k"` returned error: Error 400: Service account '
        "service-1@gs-project-accounts.iam.gserviceaccount.com does not exist., badRequest",
        NO_AGENT,
    ),
    (
        "Error trying to delete bucket finetune-7b-data-1a2b3c4 containing objects without `force_destroy` set to true",
        NOT_EMPTY,
    ),
    ("no resource plugin 'pulumi-resource-gcp' found in the workspace at version v10.2.0 or on your $PATH", NO_PLUGIN),
    (
        "Could not automatically download and install resource plugin 'pulumi-resource-gcp' at version v10.2.0, "
        "install the plugin using `pulumi plugin install resource gcp v10.2.0`: failed to download plugin",
        NO_PLUGIN,
    ),
    ("ModuleNotFoundError: No module named 'pulumi_gcp'", NO_PACKAGE),
]
NOT_THE_REGION_S = [
    "googleapi: Error 429: Quota exceeded for quota metric 'Read requests' and limit 'Read requests per minute' of "
    "service 'cloudkms.googleapis.com'. Details: reason RATE_LIMIT_EXCEEDED, status RESOURCE_EXHAUSTED",
    "Error waiting for instance to create: Quota 'GPUS_ALL_REGIONS' exceeded.  Limit: 0.0 globally.",
]


@pytest.mark.parametrize(("said", "answer"), SAID)
def test_what_google_cloud_says_is_answered_with_what_mends_it(said: str, answer: tuple[str, str]) -> None:
    error = explain("dev", [said, "update failed"], "", "", "v7.51.1", "v10.2.0")

    assert not isinstance(error, NoCapacity)
    assert answer[0] in str(error).splitlines()[0]
    assert said.splitlines()[0].strip() in str(error)
    assert answer[1] in str(error).partition("to mend it: ")[2]


@pytest.mark.parametrize(
    "said",
    [
        "Error waiting to create QueuedResource: Error code 8, message: There is no more capacity in the zone "
        '"us-central1-c"; you can try in another zone where Cloud TPU Nodes are offered',
        "Error creating instance: The zone 'projects/p/zones/us-central1-a' does not have enough resources available "
        "to fulfill the request.  Try a different zone, or try again later., ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS",
        "code = RESOURCE_EXHAUSTED: resources are insufficient in region: europe-west4. Please try a different region.",
        "Insufficient reserved capacity. Contact customer support to increase your reservation.",
        "Error waiting for instance to create: Quota 'NVIDIA_H100_GPUS' exceeded.  Limit: 0.0 in region europe-west4.",
        "vm state:STOCKOUT, sub-state:UNKNOWN",
    ],
)
def test_what_another_region_may_have_is_no_capacity(said: str) -> None:
    assert isinstance(explain("dev", [said, "update failed"], "", ""), NoCapacity)


@pytest.mark.parametrize("said", NOT_THE_REGION_S)
def test_a_limit_of_the_project_is_not_the_region_s_fault(said: str) -> None:
    assert not isinstance(explain("dev", [said, "update failed"], "", ""), NoCapacity)
