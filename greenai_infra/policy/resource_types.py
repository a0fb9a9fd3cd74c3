"""Types of resources that rules, checks and standing figures all speak of, as the SDKs' tokens."""

COMPOSITE_ALARM = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"
ENDPOINT_CONFIGURATION = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
EVENT_RULE = "aws:cloudwatch/eventRule:EventRule"
METRIC_ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
SCALING_TARGET = "aws:appautoscaling/target:Target"
STATE_MACHINE = "aws:sfn/stateMachine:StateMachine"

ALERT_POLICY = "gcp:monitoring/alertPolicy:AlertPolicy"
WORKFLOW = "gcp:workflows/workflow:Workflow"
