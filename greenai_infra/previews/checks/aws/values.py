"""Properties with a closed set of values: enums of AWS's service models, and a few that only its manuals give."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from greenai_infra.contracts.declared import DeclaredResource, Finding, plain
from greenai_infra.policy.reach import values_at
from greenai_infra.previews.sdk.aws_models import allowed_values

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Resource type -> property path -> botocore's service and enum shape.
ENUMS: dict[str, dict[str, tuple[str, str]]] = {
    "aws:appautoscaling/policy:Policy": {
        "policyType": ("application-autoscaling", "PolicyType"),
        "targetTrackingScalingPolicyConfiguration.predefinedMetricSpecification.predefinedMetricType": (
            "application-autoscaling",
            "MetricType",
        ),
        "scalableDimension": ("application-autoscaling", "ScalableDimension"),
        "serviceNamespace": ("application-autoscaling", "ServiceNamespace"),
    },
    "aws:appautoscaling/target:Target": {
        "scalableDimension": ("application-autoscaling", "ScalableDimension"),
        "serviceNamespace": ("application-autoscaling", "ServiceNamespace"),
    },
    "aws:cloudwatch/eventRule:EventRule": {"state": ("events", "RuleState")},
    "aws:cloudwatch/logGroup:LogGroup": {"logGroupClass": ("logs", "LogGroupClass")},
    "aws:cloudwatch/metricAlarm:MetricAlarm": {
        "comparisonOperator": ("cloudwatch", "ComparisonOperator"),
        "statistic": ("cloudwatch", "Statistic"),
        "unit": ("cloudwatch", "StandardUnit"),
    },
    "aws:dynamodb/table:Table": {
        "billingMode": ("dynamodb", "BillingMode"),
        "tableClass": ("dynamodb", "TableClass"),
    },
    "aws:ec2/flowLog:FlowLog": {
        "trafficType": ("ec2", "TrafficType"),
        "logDestinationType": ("ec2", "LogDestinationType"),
    },
    "aws:ec2/vpcEndpoint:VpcEndpoint": {"vpcEndpointType": ("ec2", "VpcEndpointType")},
    "aws:ecr/repository:Repository": {
        "imageTagMutability": ("ecr", "ImageTagMutability"),
        "encryptionConfigurations[].encryptionType": ("ecr", "EncryptionType"),
    },
    "aws:kms/key:Key": {
        "keyUsage": ("kms", "KeyUsageType"),
        "customerMasterKeySpec": ("kms", "KeySpec"),
    },
    "aws:elasticache/replicationGroup:ReplicationGroup": {
        "clusterMode": ("elasticache", "ClusterMode"),
        "networkType": ("elasticache", "NetworkType"),
        "transitEncryptionMode": ("elasticache", "TransitEncryptionMode"),
        "logDeliveryConfigurations[].destinationType": ("elasticache", "DestinationType"),
        "logDeliveryConfigurations[].logFormat": ("elasticache", "LogFormat"),
        "logDeliveryConfigurations[].logType": ("elasticache", "LogType"),
    },
    "aws:elasticache/user:User": {
        "authenticationMode.type": ("elasticache", "InputAuthenticationType"),
    },
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": {
        "rules[].status": ("s3", "ExpirationStatus"),
        "rules[].transitions[].storageClass": ("s3", "TransitionStorageClass"),
        "rules[].noncurrentVersionTransitions[].storageClass": ("s3", "TransitionStorageClass"),
    },
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": {"rule.objectOwnership": ("s3", "ObjectOwnership")},
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": {
        "rules[].applyServerSideEncryptionByDefault.sseAlgorithm": ("s3", "ServerSideEncryption"),
    },
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": {
        "productionVariants[].instanceType": ("sagemaker", "ProductionVariantInstanceType"),
        "shadowProductionVariants[].instanceType": ("sagemaker", "ProductionVariantInstanceType"),
        "productionVariants[].routingConfigs[].routingStrategy": ("sagemaker", "RoutingStrategy"),
        "dataCaptureConfig.captureOptions[].captureMode": ("sagemaker", "CaptureMode"),
    },
    "aws:sagemaker/endpoint:Endpoint": {
        "deploymentConfig.rollingUpdatePolicy.maximumBatchSize.type": ("sagemaker", "CapacitySizeType"),
        "deploymentConfig.blueGreenUpdatePolicy.trafficRoutingConfiguration.type": (
            "sagemaker",
            "TrafficRoutingConfigType",
        ),
    },
    "aws:sagemaker/trainingJob:TrainingJob": {
        "resourceConfig.instanceType": ("sagemaker", "TrainingInstanceType"),
        "resourceConfig.instanceGroups[].instanceType": ("sagemaker", "TrainingInstanceType"),
        "algorithmSpecification.trainingInputMode": ("sagemaker", "TrainingInputMode"),
        "inputDataConfigs[].inputMode": ("sagemaker", "TrainingInputMode"),
    },
    "aws:scheduler/schedule:Schedule": {
        "state": ("scheduler", "ScheduleState"),
        "flexibleTimeWindow.mode": ("scheduler", "FlexibleTimeWindowMode"),
        "actionAfterCompletion": ("scheduler", "ActionAfterCompletion"),
    },
    "aws:sfn/stateMachine:StateMachine": {
        "type": ("stepfunctions", "StateMachineType"),
        "loggingConfiguration.level": ("stepfunctions", "LogLevel"),
    },
}

# The same, where the service model leaves the values open and AWS's API reference lists them.
LISTED: dict[str, dict[str, tuple[str | int, ...]]] = {
    # CloudWatch Logs API, PutRetentionPolicy; 0 is the provider's word for "never expire"
    "aws:cloudwatch/logGroup:LogGroup": {
        "retentionInDays": (
            *(0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
            *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
        ),
    },
    # CloudWatch API, PutMetricAlarm
    "aws:cloudwatch/metricAlarm:MetricAlarm": {
        "treatMissingData": ("breaching", "notBreaching", "ignore", "missing"),
    },
    # ElastiCache API, CreateUser, CreateUserGroup and CreateServerlessCache
    "aws:elasticache/user:User": {"engine": ("valkey", "redis", "VALKEY", "REDIS")},
    "aws:elasticache/userGroup:UserGroup": {"engine": ("valkey", "redis", "VALKEY", "REDIS")},
    "aws:elasticache/serverlessCache:ServerlessCache": {"engine": ("valkey", "redis", "memcached")},
    # S3 API, PutBucketVersioning; Disabled is the provider's word for "never enabled"
    "aws:s3/bucketVersioning:BucketVersioning": {
        "versioningConfiguration.status": ("Enabled", "Suspended", "Disabled"),
    },
    # SNS API, Subscribe
    "aws:sns/topicSubscription:TopicSubscription": {
        "protocol": ("http", "https", "email", "email-json", "sms", "sqs", "application", "lambda", "firehose"),
    },
}


def check_enum_values(resource: DeclaredResource) -> Iterator[Finding]:
    """Values and instance types that botocore's model of the service does not know."""
    inputs = plain(dict(resource.inputs))
    machines = {"instanceType": ("ec2", "InstanceType")} if resource.type.startswith("aws:ec2/") else {}
    for path, (service, shape) in ENUMS.get(resource.type, machines).items():
        for where, value in values_at(inputs, path):
            allowed = allowed_values(service, shape)
            if isinstance(value, str) and value not in allowed:
                kind = "instance type" if shape.endswith("InstanceType") else "value"
                message = f"{where} is '{value}', an unknown {kind} of {service} (botocore's {shape})"
                yield resource.finding("aws-unknown-value", where, message, _nearest(value, allowed))


def check_listed_values(resource: DeclaredResource) -> Iterator[Finding]:
    """Values that AWS's API reference does not list."""
    inputs = plain(dict(resource.inputs))
    for path, allowed in LISTED.get(resource.type, {}).items():
        for where, value in values_at(inputs, path):
            if isinstance(value, str | int) and value not in allowed:
                message = f"{where} is {value!r}, which AWS does not accept"
                yield resource.finding("aws-unknown-value", where, message, f"use one of {_joined(allowed)}")


def _nearest(value: str, allowed: Sequence[str]) -> str:
    if len(allowed) <= 12:
        return f"use one of {_joined(allowed)}"
    close = difflib.get_close_matches(value, allowed, n=3, cutoff=0.5)
    advice = f"use one of its {len(allowed)} values" + (f", such as {', '.join(close)}" if close else "")
    return f"{advice}; if AWS has added '{value}' since, update botocore"


def _joined(values: Sequence[str | int]) -> str:
    return ", ".join(map(str, values))
