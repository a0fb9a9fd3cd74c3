"""What the double knows of AWS: names, what forces a replacement, default tags, values that exist only after create.

Account, ARNs and ids are made up in the right form. Nothing here has been seen by AWS.
"""

import importlib.metadata
import json
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from .botocore_rules import FALLBACK_SERVICE, model_problems, region_problems, regions_of, service_of
from .schema_check import Problem, problems
from .sdk_types import ResourceType
from .wire import UNKNOWN, has_secret, has_unknown, reveal, secret

ACCOUNT = "123456789012"

NAME_PROPERTIES = {"aws:s3/bucket:Bucket": "bucket"}
"""Resources whose name is made from the resource's when left out, but in another property than `name`."""

UNNAMED = {"aws:ec2/securityGroupRule:SecurityGroupRule"}
"""Resources that have a `name` which is never made up."""

LOWER_CASE = {"aws:s3/bucket:Bucket", "aws:ecr/repository:Repository"}

REPLACES = {
    "aws:appautoscaling/policy:Policy": {"resourceId", "scalableDimension", "serviceNamespace"},
    "aws:appautoscaling/target:Target": {"resourceId", "scalableDimension", "serviceNamespace"},
    "aws:ec2/routeTableAssociation:RouteTableAssociation": {"subnetId", "gatewayId"},
    "aws:ec2/securityGroup:SecurityGroup": {"description", "vpcId"},
    "aws:ec2/subnet:Subnet": {"vpcId", "cidrBlock", "availabilityZone", "availabilityZoneId"},
    "aws:ec2/vpc:Vpc": {"cidrBlock"},
    "aws:ec2/vpcEndpoint:VpcEndpoint": {"vpcId", "serviceName", "vpcEndpointType"},
    "aws:ecr/repository:Repository": {"encryptionConfigurations"},
    "aws:iam/role:Role": {"path"},
    "aws:kms/key:Key": {"customerMasterKeySpec", "keyUsage", "multiRegion"},
    "aws:sfn/stateMachine:StateMachine": {"type"},
    "aws:sns/topic:Topic": {"fifoTopic"},
}
"""Properties, by hand, whose change makes a new resource; `region` and the name are added everywhere."""

IMMUTABLE = {
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration",
    "aws:sagemaker/model:Model",
    "aws:sagemaker/trainingJob:TrainingJob",
}
"""Resources where a change of any property but the tags makes a new one."""

EC2_PREFIXES = {
    "internetGateway": "igw",
    "natGateway": "nat",
    "routeTable": "rtb",
    "routeTableAssociation": "rtbassoc",
    "securityGroup": "sg",
    "securityGroupRule": "sgrule",
    "subnet": "subnet",
    "vpc": "vpc",
    "vpcEndpoint": "vpce",
    "instance": "i",
    "launchTemplate": "lt",
}


class AwsCloud:
    """AWS, as far as the double needs it. `configure` is called once, before anything else."""

    package = "aws"

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment
        self.version = importlib.metadata.version("pulumi-aws")
        self.region: str | None = None
        self.config: dict[str, Any] = {}

    def configure(self, config: dict[str, Any]) -> Iterator[Problem]:
        """Take the provider's settings; nested ones arrive as JSON text."""
        self.config = {key: _decoded(value) for key, value in reveal(config).items()}
        ambient = self.environment.get("AWS_REGION") or self.environment.get("AWS_DEFAULT_REGION")
        self.region = self.config.get("region") or ambient
        if self.region is None:
            yield "region", "no region: set aws:region in the stack's config, or AWS_REGION"
        elif self.region != UNKNOWN and self.region not in regions_of(FALLBACK_SERVICE):
            yield "region", f"AWS has no region {self.region!r}"

    def name_property(self, type_: ResourceType) -> str | None:
        """The input that gets a made-up name when it is left out; None if there is none."""
        if type_.token in NAME_PROPERTIES:
            return NAME_PROPERTIES[type_.token]
        has_name = type_.inputs.types.get("name") is str and type_.token not in UNNAMED
        return "name" if has_name else None

    def made_name(self, type_: ResourceType, name: str, seed: bytes) -> str:
        """The resource's name in the program and seven hexadecimal digits, as the real provider makes it."""
        made = f"{name}-{seed.hex()[:7] if seed else secrets.token_hex(4)[:7]}"
        return made.lower() if type_.token in LOWER_CASE else made

    def defaults(self, type_: ResourceType, inputs: dict[str, Any]) -> dict[str, Any]:
        """Inputs that the real provider adds in Check: the region, and `tagsAll` with the provider's default tags."""
        added: dict[str, Any] = {}
        if "region" in type_.inputs.types and "region" not in inputs and self.region is not None:
            added["region"] = self.region
        if "tags" in type_.inputs.types and "tagsAll" in type_.outputs:
            own = inputs.get("tags", {})
            shared = (self.config.get("defaultTags") or {}).get("tags") or {}
            merged = UNKNOWN if has_unknown([own, shared]) else {**shared, **reveal(own)}
            added["tagsAll"] = secret(merged) if has_secret(own) else merged
        return added

    def problems(self, type_: ResourceType, inputs: dict[str, Any]) -> Iterator[Problem]:
        """What is wrong with the inputs of a resource, `defaults` included."""
        yield from problems({name: value for name, value in inputs.items() if name != "tagsAll"}, type_.inputs)
        if "region" in inputs:
            yield from region_problems(type_.token, reveal(inputs["region"]))
        yield from model_problems(type_.token, inputs)

    def replaces(self, type_: ResourceType, property_: str) -> bool:
        """Whether a change of this input makes a new resource."""
        if property_ in ("region", self.name_property(type_)):
            return True
        if type_.token in IMMUTABLE:
            return property_ not in ("tags", "tagsAll", "timeouts")
        return property_ in REPLACES.get(type_.token, set())

    def created(self, type_: ResourceType, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Id and computed outputs of a new resource."""
        plain = reveal(inputs)
        name = _own_name(type_, plain, self.name_property(type_))
        arn = _arn(type_, plain, name)
        outputs = {key: _made_up(key, kind, plain, name) for key, kind in type_.computed.items()}
        outputs = {key: value for key, value in outputs.items() if value is not None}
        if "arn" in type_.outputs:
            outputs["arn"] = arn
        if type_.token == "aws:ecr/repository:Repository":
            outputs["repositoryUrl"] = f"{ACCOUNT}.dkr.ecr.{plain.get('region')}.amazonaws.com/{name}"
        if type_.token == "aws:s3/bucket:Bucket":
            outputs["bucketDomainName"] = f"{name}.s3.amazonaws.com"
            outputs["bucketRegionalDomainName"] = f"{name}.s3.{plain.get('region')}.amazonaws.com"
        if type_.token == "aws:elasticache/serverlessCache:ServerlessCache":
            outputs["endpoints"] = [{"address": f"{name}.serverless.cache.amazonaws.com", "port": 6379}]
        if type_.token == "aws:kms/key:Key":
            outputs["keyId"] = arn.rsplit("/", 1)[1]
        arn_is_id = type_.token in ("aws:sns/topic:Topic", "aws:sfn/stateMachine:StateMachine")
        return arn if arn_is_id else outputs.get("keyId", name), outputs


def _decoded(value: Any) -> Any:
    """A setting, decoded if it is a JSON object or list in a string."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        return json.loads(value)
    return value


def _own_name(type_: ResourceType, inputs: dict[str, Any], name_property: str | None) -> str:
    module, kind = type_.token.split(":")[1].split("/")
    if module == "ec2" and kind in EC2_PREFIXES:
        return f"{EC2_PREFIXES[kind]}-{secrets.token_hex(9)[:17]}"
    if type_.token == "aws:kms/key:Key":
        digits = secrets.token_hex(16)
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
    named = [inputs[key] for key in (name_property, f"{kind}Name", "bucket", "role") if key and key in inputs]
    return str(named[0]) if named else f"{kind}-{secrets.token_hex(5)}"


def _arn(type_: ResourceType, inputs: dict[str, Any], name: str) -> str:
    service, kind = service_of(type_.token), type_.token.split(":")[1].split("/")[1]
    region = inputs.get("region", "")
    known = {
        "aws:cloudwatch/logGroup:LogGroup": f"arn:aws:logs:{region}:{ACCOUNT}:log-group:{name}",
        "aws:cloudwatch/metricAlarm:MetricAlarm": f"arn:aws:cloudwatch:{region}:{ACCOUNT}:alarm:{name}",
        "aws:s3/bucket:Bucket": f"arn:aws:s3:::{name}",
        "aws:sagemaker/trainingJob:TrainingJob": f"arn:aws:sagemaker:{region}:{ACCOUNT}:training-job/{name}",
        "aws:sfn/stateMachine:StateMachine": f"arn:aws:states:{region}:{ACCOUNT}:stateMachine:{name}",
        "aws:sns/topic:Topic": f"arn:aws:sns:{region}:{ACCOUNT}:{name}",
    }
    return known.get(type_.token, f"arn:aws:{service}:{region}:{ACCOUNT}:{kind}/{name}")


def _made_up(key: str, kind: Any, inputs: dict[str, Any], name: str) -> Any:
    """A plausible value for a computed output, by its name and type; None leaves it out."""
    if key == "tagsAll":
        return inputs.get("tagsAll", {})
    if kind is bool:
        return False
    if kind is int:
        return 0
    if kind is not str:
        return None
    if key.lower().endswith("region"):
        return inputs.get("region")
    if key in ("ownerId", "owner", "accountId", "registryId"):
        return ACCOUNT
    if key.lower().endswith("arn"):
        return f"arn:aws:made-up:{inputs.get('region', '')}:{ACCOUNT}:{key}/{name}"
    if key.lower().endswith(("url", "uri", "endpoint")):
        return f"https://{name}.{inputs.get('region', 'global')}.amazonaws.com"
    return f"{key}-{secrets.token_hex(4)}"
