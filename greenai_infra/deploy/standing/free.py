"""Resource types that cost nothing and draw nothing of their own by standing there, and why."""

from __future__ import annotations

BY_USE = "no standing charge: what is stored, sent or run is billed by use, and that isn't known here"
NO_CHARGE = "no charge, and no machine of its own"

_AWS_BY_USE = (
    "cloudwatch/eventRule:EventRule",
    "cloudwatch/eventTarget:EventTarget",
    "cloudwatch/logGroup:LogGroup",
    "dynamodb/table:Table",
    "ec2/flowLog:FlowLog",
    "ecr/repository:Repository",
    "lambda/function:Function",
    "s3/bucket:Bucket",
    "scheduler/schedule:Schedule",
    "sfn/stateMachine:StateMachine",
    "sns/topic:Topic",
    "sqs/queue:Queue",
)
_AWS_NO_CHARGE = (
    "appautoscaling/policy:Policy",
    "appautoscaling/target:Target",
    "cloudwatch/alarmMuteRule:AlarmMuteRule",
    "cloudwatch/eventPermission:EventPermission",
    "cloudwatch/logResourcePolicy:LogResourcePolicy",
    "ec2/defaultSecurityGroup:DefaultSecurityGroup",
    "ec2/internetGateway:InternetGateway",
    "ec2/networkAcl:NetworkAcl",
    "ec2/route:Route",
    "ec2/routeTable:RouteTable",
    "ec2/routeTableAssociation:RouteTableAssociation",
    "ec2/securityGroup:SecurityGroup",
    "ec2/subnet:Subnet",
    "ec2/vpc:Vpc",
    "ecr/lifecyclePolicy:LifecyclePolicy",
    "ecr/repositoryPolicy:RepositoryPolicy",
    "elasticache/parameterGroup:ParameterGroup",
    "elasticache/subnetGroup:SubnetGroup",
    "elasticache/user:User",
    "elasticache/userGroup:UserGroup",
    "iam/instanceProfile:InstanceProfile",
    "iam/policy:Policy",
    "iam/role:Role",
    "iam/rolePolicy:RolePolicy",
    "iam/rolePolicyAttachment:RolePolicyAttachment",
    "kms/alias:Alias",
    "lambda/permission:Permission",
    "s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "s3/bucketNotification:BucketNotification",
    "s3/bucketOwnershipControls:BucketOwnershipControls",
    "s3/bucketPolicy:BucketPolicy",
    "s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "s3/bucketVersioning:BucketVersioning",
    "sagemaker/model:Model",
    "scheduler/scheduleGroup:ScheduleGroup",
    "secretsmanager/secretPolicy:SecretPolicy",
    "secretsmanager/secretVersion:SecretVersion",
    "sns/topicPolicy:TopicPolicy",
    "sns/topicSubscription:TopicSubscription",
    "sqs/queuePolicy:QueuePolicy",
    "vpc/securityGroupEgressRule:SecurityGroupEgressRule",
    "vpc/securityGroupIngressRule:SecurityGroupIngressRule",
)
_GCP_BY_USE = (
    "artifactregistry/repository:Repository",
    "pubsub/topic:Topic",
    "storage/bucket:Bucket",
    "workflows/workflow:Workflow",
)
_GCP_NO_CHARGE = (
    "compute/firewall:Firewall",
    "compute/network:Network",
    "compute/subnetwork:Subnetwork",
    "monitoring/notificationChannel:NotificationChannel",
    "projects/iAMMember:IAMMember",
    "serviceaccount/account:Account",
    "serviceaccount/iAMMember:IAMMember",
    "storage/bucketIAMMember:BucketIAMMember",
)

FREE: dict[str, str] = {
    **{f"aws:{name}": BY_USE for name in _AWS_BY_USE},
    **{f"aws:{name}": NO_CHARGE for name in _AWS_NO_CHARGE},
    **{f"gcp:{name}": BY_USE for name in _GCP_BY_USE},
    **{f"gcp:{name}": NO_CHARGE for name in _GCP_NO_CHARGE},
}
"""Resource type -> why it is zero. What is in neither this table nor a rule is unknown, not zero."""
