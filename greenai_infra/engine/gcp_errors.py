"""What Google Cloud and its provider complain of through the engine, each with the command that mends it.

Wordings are from the sources and issues of pulumi-gcp, terraform-provider-google and Google's manuals.
"""

from __future__ import annotations

import re

GCP_CREDENTIALS = (
    "sign in to Google Cloud:  gcloud auth application-default login\n"
    "(or export GOOGLE_APPLICATION_CREDENTIALS=FILE; `gcloud auth login` alone is not enough)"
)

# Limits that another region may not have. Requests per minute and global quotas are left out: all regions share them.
GCP_CAPACITY = re.compile(
    r"(?!.*(?:per minute|rate.?limit|_ALL_REGIONS))"
    r".*(?:RESOURCE_EXHAUSTED|RESOURCE_POOL_EXHAUSTED|does not have enough resources available|"
    r"no more capacity in the zone|insufficient (?:reserved )?capacity|stockout|"
    r"Quota '\w*(?:GPU|TPU)\w*' exceeded|quota limit '\w*(?:GPU|TPU|nvidia|tpu)\w*' has been exceeded|"
    r"quota metrics? [^.]*(?:gpu|tpu|custom_model_training)[^.]*exceeded)",
    re.IGNORECASE | re.DOTALL,
)

# pattern in what the engine says -> (what is wrong, how to mend it); {stack} and {gcp_sdk} are filled in
GCP_TABLE: tuple[tuple[str, str, str], ...] = (
    (
        r"could not find default credentials|failed to load application credentials|no credentials loaded|"
        r"invalid_grant|invalid_rapt|reauth related error|google: error getting credentials|"
        r"credentials are not valid|oauth2/google: ",
        "there are no valid Google Cloud credentials",
        GCP_CREDENTIALS,
    ),
    (
        r"has not been used in project \S+ before or it is disabled|accessNotConfigured|SERVICE_DISABLED",
        "an API of Google Cloud is not enabled in the project",
        "gcloud services enable serviceusage.googleapis.com cloudresourcemanager.googleapis.com --project ID\n"
        "(the stack enables the others itself); enable the one that is named above, and wait a few minutes",
    ),
    (
        r"BILLING_DISABLED|requires billing to be enabled|billing account .* (?:is )?(?:disabled|closed|not found)|"
        r"UREQ_PROJECT_BILLING",
        "the Google Cloud project has no billing account",
        "gcloud billing projects link ID --billing-account ACCOUNT",
    ),
    (
        r"unable to detect a global setting for GCP Project|Failed to retrieve project|"
        r"project: required field is not set|Project '?\S+'? (?:was )?not found|USER_PROJECT_DENIED|"
        r"Unknown project id|Cloud Resource Manager.*notFound",
        "the Google Cloud project is not set, or is not there",
        "correct gcp_project in Pulumi.{stack}.yaml; `gcloud projects list` shows the ids",
    ),
    (
        r"service-\d+@gs-project-accounts\S* does not exist",
        "Cloud Storage has no service agent in the project yet",
        "gcloud storage service-agent --project ID  and then up again",
    ),
    (
        r"containing objects without `?force_destroy`? set|trying to delete (?:a )?bucket .*(?:not empty|containing)",
        "a bucket is not empty, so it is kept",
        "empty it, or set force_destroy: true in Pulumi.{stack}.yaml and run up, then destroy",
    ),
    (
        r"no resource plugin 'pulumi-resource-gcp'|'pulumi-resource-gcp'|resource gcp v[\d.]+",
        "the engine's plugin for Google Cloud is missing",
        "pulumi plugin install resource gcp {gcp_sdk}",
    ),
    (
        r"No module named 'pulumi_gcp'",
        "an SDK package is missing",
        "pip install 'greenai-infra[gcp]'",
    ),
    (
        r"_ALL_REGIONS'? exceeded",
        "the project's quota over all regions is used up, so that no other region helps; for a new project it is 0",
        "ask for more of it in the console under IAM & Admin, Quotas, or:  gcloud alpha services quota list "
        "--service=compute.googleapis.com --consumer=projects/ID",
    ),
    (
        r"IAM_PERMISSION_DENIED|Error 403: [^\n]*(?:Permission '\S+' denied|does not have (?:permission|\S+ access))|"
        r"Error 403: The caller does not have permission|Required '\S+' permission",
        "the Google Cloud credentials lack a permission",
        "have the role granted that holds the permission named above, or sign in as somebody else: "
        "gcloud auth application-default login",
    ),
)
