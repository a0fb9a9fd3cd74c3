"""What the double knows of Google Cloud: names, what forces a replacement, values that exist only after create.

Google ships no models of its services that could be read as botocore's are: beside the SDK's types there are only the
tables here, by hand from Google's manuals. Project number and ids are made up in the right form. Nothing here has been
seen by Google.
"""

import importlib.metadata
import re
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from .schema_check import Problem, problems
from .sdk_types import ResourceType
from .wire import UNKNOWN, has_unknown, reveal

PROJECT_NUMBER = "123456789012"

NAME_PROPERTIES = {
    "gcp:serviceaccount/account:Account": "accountId",
    "gcp:projects/iAMCustomRole:IAMCustomRole": "roleId",
    "gcp:vertex/aiEndpoint:AiEndpoint": "name",
}
"""Resources whose name is made from the resource's when left out, but in another property than `name`."""

REPLACES = {
    "gcp:artifactregistry/repository:Repository": {"repositoryId", "format", "kmsKeyName", "mode"},
    "gcp:compute/firewall:Firewall": {"network", "direction"},
    "gcp:compute/network:Network": {"autoCreateSubnetworks", "deleteDefaultRoutesOnCreate", "description"},
    "gcp:compute/networkAttachment:NetworkAttachment": {"connectionPreference"},
    "gcp:compute/subnetwork:Subnetwork": {"network", "purpose"},
    "gcp:dns/managedZone:ManagedZone": {"dnsName", "visibility"},
    "gcp:dns/recordSet:RecordSet": {"managedZone", "type"},
    "gcp:kms/cryptoKey:CryptoKey": {"keyRing", "purpose", "destroyScheduledDuration"},
    "gcp:memorystore/instance:Instance": {
        "instanceId",
        "mode",
        "authorizationMode",
        "transitEncryptionMode",
        "kmsKey",
        "zoneDistributionConfig",
        "desiredAutoCreatedEndpoints",
    },
    "gcp:monitoring/metricDescriptor:MetricDescriptor": {"type", "metricKind", "valueType", "unit", "labels"},
    "gcp:monitoring/notificationChannel:NotificationChannel": {"type"},
    "gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig": {"monitoredResource", "checkerType"},
    "gcp:networkconnectivity/serviceConnectionPolicy:ServiceConnectionPolicy": {"network", "serviceClass"},
    "gcp:pubsub/topic:Topic": set(),
    "gcp:redis/cluster:Cluster": {"nodeType", "pscConfigs", "zoneDistributionConfig"},
    "gcp:redis/instance:Instance": {"tier", "authorizedNetwork", "connectMode", "transitEncryptionMode"},
    "gcp:servicedirectory/endpoint:Endpoint": {"service", "endpointId", "network"},
    "gcp:servicedirectory/namespace:Namespace": {"namespaceId"},
    "gcp:servicedirectory/service:Service": {"namespace", "serviceId"},
    "gcp:storage/bucket:Bucket": {"hierarchicalNamespace"},
    "gcp:tpu/v2Vm:V2Vm": {
        "acceleratorType",
        "acceleratorConfig",
        "networkConfig",
        "runtimeVersion",
        "schedulingConfig",
        "serviceAccount",
        "shieldedInstanceConfig",
    },
    "gcp:vertex/aiEndpoint:AiEndpoint": {"encryptionSpec", "network"},
}
"""Properties, by hand, whose change makes a new resource; name and place are added everywhere."""

PLACE = {"project", "region", "location", "zone"}

IMMUTABLE = (
    "gcp:compute/route:Route",
    "gcp:kms/keyRing:KeyRing",
    "gcp:projects/service:Service",
    "gcp:projects/serviceIdentity:ServiceIdentity",
    "gcp:tpu/v2QueuedResource:V2QueuedResource",
    "gcp:vertex/aiEndpointWithModelGardenDeployment:AiEndpointWithModelGardenDeployment",
)
"""Resources where a change of any property makes a new one; so it is with every `IAMMember`."""

PATTERNS = {
    "accountId": r"[a-z]([-a-z0-9]{4,28}[a-z0-9])",
    "roleId": r"[a-zA-Z0-9_.]{3,64}",
    "ipCidrRange": r"\d+\.\d+\.\d+\.\d+/\d+",
    "rotationPeriod": r"\d+(\.\d+)?s",
    "region": r"[a-z]+-[a-z]+\d+",
    "zone": r"[a-z]+-[a-z]+\d+-[a-z]",
    "location": r"[a-z]+-[a-z]+\d+(-[a-z])?|global|us|eu|asia|US|EU|ASIA|EUR4|NAM4",
    "member": r"(user|serviceAccount|group|domain|principal|principalSet):.+",
    "role": r"roles/[\w.]+|(projects|organizations)/[\w.:-]+/roles/[\w.]+",
    "service": r"[a-z0-9-]+\.googleapis\.com|projects/[^/]+/locations/[^/]+/namespaces/[^/]+/services/[^/]+",
}
"""Property to what its values look like, where that holds for every resource that has it."""

NAMES = {
    "compute": r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?",
    "storage": r"(?!goog)[a-z0-9][-_.a-z0-9]{1,61}[a-z0-9]",
    "workflows": r"[a-zA-Z]([-_a-zA-Z0-9]{0,62}[a-zA-Z0-9])?",
    "pubsub": r"(?!goog)[a-zA-Z][-\w.~+%]{2,254}",
    "dns": r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?|[*a-z0-9.-]+\.",
    "kms": r"[a-zA-Z0-9_-]{1,63}",
}
"""Sub-package to what the names of its resources look like."""

LABEL_KEY = r"[a-z][a-z0-9_-]{0,62}"
LABEL_VALUE = r"[a-z0-9_-]{0,63}"


class GcpCloud:
    """Google Cloud, as far as the double needs it. `configure` is called once, before anything else."""

    package = "gcp"

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment
        self.version = importlib.metadata.version("pulumi-gcp")
        self.project: str | None = None
        self.config: dict[str, Any] = {}

    def configure(self, config: dict[str, Any]) -> Iterator[Problem]:
        """Take the provider's settings. A project is needed only by resources that name none."""
        self.config = reveal(config)
        self.project = self.config.get("project") or self.environment.get("GOOGLE_PROJECT")
        region = self.config.get("region")
        if isinstance(region, str) and region != UNKNOWN and not re.fullmatch(PATTERNS["region"], region):
            yield "region", f"Google Cloud has no region {region!r}"

    def name_property(self, type_: ResourceType) -> str | None:
        """The input that gets a made-up name when it is left out; None if there is none."""
        own = NAME_PROPERTIES.get(type_.token, "name")
        given = type_.inputs
        return own if given.types.get(own) is str and own not in given.required else None

    def made_name(self, type_: ResourceType, name: str, seed: bytes) -> str:
        """The resource's name in the program and seven hexadecimal digits, as the real provider makes it."""
        return f"{name}-{seed.hex()[:7] if seed else secrets.token_hex(4)[:7]}".lower()

    def defaults(self, type_: ResourceType, inputs: dict[str, Any]) -> dict[str, Any]:
        """Nothing: the real provider leaves project, region and default labels to its plan, out of the inputs."""
        return {}

    def problems(self, type_: ResourceType, inputs: dict[str, Any]) -> Iterator[Problem]:
        """What is wrong with the inputs of a resource."""
        yield from problems(inputs, type_.inputs)
        plain = reveal(inputs)
        if "project" in type_.inputs.types and not plain.get("project") and not self.project:
            yield "project", "no project: set gcp:project in the stack's config, or GOOGLE_PROJECT"
        if "region" in type_.inputs.types and not plain.get("region") and not self.config.get("region"):
            yield "region", "no region: give the resource one, or set gcp:region in the stack's config"
        patterns = dict(PATTERNS)
        if (module := type_.token.split(":")[1].split("/")[0]) in NAMES:
            patterns["name"] = NAMES[module]
        for name, pattern in patterns.items():
            value = plain.get(name)
            if isinstance(value, str) and not has_unknown(value) and UNKNOWN not in value:
                text = value.rpartition("/")[2] if name in PLACE else value
                if not re.fullmatch(pattern, text):
                    yield name, f"{value!r} is not what Google Cloud takes as {name}"
        yield from _label_problems(type_, plain)

    def replaces(self, type_: ResourceType, property_: str) -> bool:
        """Whether a change of this input makes a new resource."""
        if property_ in PLACE or property_ == self.name_property(type_):
            return True
        if type_.token in IMMUTABLE or type_.token.lower().endswith("iammember"):
            return True
        if property_ == "name" and property_ in type_.inputs.required:
            return True
        return property_ in REPLACES.get(type_.token, set())

    def created(self, type_: ResourceType, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Id and computed outputs of a new resource."""
        plain = reveal(inputs)
        module, kind = type_.token.split(":")[1].split("/")
        name = str(plain.get(self.name_property(type_) or "name") or plain.get("repositoryId") or secrets.token_hex(5))
        project = plain.get("project") or self.project or "project-0"
        place = plain.get("region") or plain.get("location") or plain.get("zone") or self.config.get("region")
        where = f"projects/{project}" + (f"/locations/{place}" if place else "")
        outputs = {key: _made_up(key, kind_, name) for key, kind_ in type_.computed.items()}
        outputs = {key: value for key, value in outputs.items() if value is not None}
        if "effectiveLabels" in type_.outputs:  # elsewhere, `labels` may be another thing, and no map
            labels = {**(self.config.get("defaultLabels") or {}), **plain.get("labels", {})}
            outputs |= {key: labels for key in ("effectiveLabels", "pulumiLabels") if key in type_.outputs}
        for key, value in (("project", project), ("region", place), ("location", place)):
            if key in type_.outputs and value:
                outputs.setdefault(key, value)
        id_ = f"{where}/{kind}s/{name}"
        if module == "compute":
            scope = f"regions/{place}" if "region" in type_.inputs.types else "global"
            id_ = f"projects/{project}/{scope}/{kind}s/{name}"
            outputs["selfLink"] = f"https://www.googleapis.com/compute/v1/{id_}"
        elif type_.token == "gcp:kms/cryptoKey:CryptoKey":
            id_ = f"{plain.get('keyRing')}/cryptoKeys/{name}"
        elif type_.token == "gcp:kms/keyRing:KeyRing":
            id_ = f"{where}/keyRings/{name}"
        elif type_.token == "gcp:serviceaccount/account:Account":
            email = f"{name}@{project}.iam.gserviceaccount.com"
            id_ = f"projects/{project}/serviceAccounts/{email}"
            outputs |= {"email": email, "member": f"serviceAccount:{email}", "name": id_}
        elif type_.token == "gcp:projects/iAMCustomRole:IAMCustomRole":
            id_ = outputs["name"] = f"projects/{project}/roles/{name}"
        elif type_.token == "gcp:projects/serviceIdentity:ServiceIdentity":
            short = str(plain.get("service", "")).removesuffix(".googleapis.com")
            email = f"service-{PROJECT_NUMBER}@gcp-sa-{short}.iam.gserviceaccount.com"
            outputs |= {"email": email, "member": f"serviceAccount:{email}"}
        elif type_.token == "gcp:monitoring/notificationChannel:NotificationChannel":
            id_ = outputs["name"] = f"projects/{project}/notificationChannels/{secrets.randbelow(10**18)}"
        elif type_.token == "gcp:monitoring/alertPolicy:AlertPolicy":
            id_ = outputs["name"] = f"projects/{project}/alertPolicies/{secrets.randbelow(10**18)}"
        elif type_.token == "gcp:servicedirectory/namespace:Namespace":
            id_ = outputs["name"] = f"{where}/namespaces/{plain.get('namespaceId')}"
        elif type_.token == "gcp:servicedirectory/service:Service":
            id_ = outputs["name"] = f"{plain.get('namespace')}/services/{plain.get('serviceId')}"
        elif type_.token == "gcp:tpu/v2Vm:V2Vm":
            outputs["networkEndpoints"] = [{"ipAddress": "10.43.0.2", "port": 8470, "accessConfigs": []}]
        elif type_.token == "gcp:memorystore/instance:Instance":
            outputs |= _cache_addresses(plain)
        elif type_.token == "gcp:storage/bucket:Bucket":
            id_ = name
            outputs |= {"url": f"gs://{name}", "projectNumber": int(PROJECT_NUMBER)}
        return id_, outputs


def _cache_addresses(inputs: dict[str, Any]) -> dict[str, Any]:
    """What Memorystore answers with: an address for each kind of connection, and the authority behind its TLS."""
    kinds = ("DISCOVERY",) if inputs.get("mode") == "CLUSTER" else ("PRIMARY", "READER")
    connections = [
        {
            "pscAutoConnection": {
                "connectionType": f"CONNECTION_TYPE_{kind}",
                "ipAddress": f"10.44.0.{end}",
                "port": 6379,
            }
        }
        for end, kind in enumerate(kinds, start=2)
    ]
    return {
        "endpoints": [{"connections": connections}],
        "managedServerCas": [{"caCerts": [{"certificates": ["-----BEGIN CERTIFICATE-----"]}]}],
    }


def _label_problems(type_: ResourceType, inputs: dict[str, Any]) -> Iterator[Problem]:
    own = "labels" if "effectiveLabels" in type_.outputs else "userLabels"
    labels = inputs.get(own)
    if not isinstance(labels, dict) or own not in type_.inputs.types:
        return
    for key, value in labels.items():
        if not re.fullmatch(LABEL_KEY, key):
            yield f"{own}[{key!r}]", "no label key"
        if isinstance(value, str) and value != UNKNOWN and not re.fullmatch(LABEL_VALUE, value):
            yield f"{own}[{key!r}]", f"{value!r} is no label value"


def _made_up(key: str, kind: Any, name: str) -> Any:
    """A plausible value for a computed output, by its name and type; None leaves it out."""
    if kind is bool:
        return False
    if kind is int:
        return 0
    if kind is not str:
        return None
    if key.lower().endswith(("uri", "url", "link")):
        return f"https://{name}.googleapis.com"
    return f"{key}-{secrets.token_hex(4)}"
