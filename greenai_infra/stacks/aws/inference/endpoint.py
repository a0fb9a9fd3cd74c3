"""Everything that serves one workload in one AWS region."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from greenai_infra.contracts.stack.alarms import Notify
from greenai_infra.stacks.aws.alarms.alerts import Alerts, AlertsArgs
from greenai_infra.stacks.aws.encryption import EncryptionKey, EncryptionKeyArgs
from greenai_infra.stacks.aws.endpoints import SERVING_SERVICES
from greenai_infra.stacks.aws.inference.access import serving_statements
from greenai_infra.stacks.aws.inference.alarms import EndpointAlarms, EndpointAlarmsArgs
from greenai_infra.stacks.aws.inference.captured import CapturedArgs, CapturedRequests
from greenai_infra.stacks.aws.inference.rollout import deployment
from greenai_infra.stacks.aws.inference.scaling import EndpointScaling, ScalingArgs
from greenai_infra.stacks.aws.inference.variant import VARIANT, container, production_variant, volume_key
from greenai_infra.stacks.aws.logs import log_group
from greenai_infra.stacks.aws.network import Inside, NetworkArgs, PrivateNetwork
from greenai_infra.stacks.aws.sagemaker_access import Scope
from greenai_infra.stacks.aws.service_role import ServiceRole, ServiceRoleArgs
from greenai_infra.stacks.aws.site import Site
from greenai_infra.stacks.aws.traffic_log import TrafficLog, TrafficLogArgs
from greenai_infra.stacks.tags import intensity_text, request_facts

if TYPE_CHECKING:
    from greenai_infra.contracts.stack.inference import InferenceConfig

LOGS = "/aws/sagemaker/Endpoints"
"""SageMaker writes an endpoint's logs to the group of the endpoint's name below this."""


@dataclass(frozen=True)
class InferenceEndpointArgs:
    """The stack's config, as the plan pinned it and with an image."""

    config: InferenceConfig


class InferenceEndpoint(pulumi.ComponentResource):  # type: ignore[misc]
    """Model, configuration and endpoint, with key, network, role, logs, alarms and scaling.

    The endpoint's name is fixed, as clients call it by name. The names of model and configuration are generated, so
    that the new ones exist before the old ones are deleted.
    """

    def __init__(self, name: str, args: InferenceEndpointArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("greenai:aws:InferenceEndpoint", name, None, opts)
        self.config = config = args.config
        self._name, self._child = name, pulumi.ResourceOptions(parent=self)
        self.site = site = Site.of(name, config, config.region, request_facts(config.planned))
        self.endpoint_name = f"greenai-{name}"

        # The budget's alerts may be in the same stack, so this topic has another name.
        about = replace(site, name=f"{site.name}-endpoint", workload=f"{site.workload}-endpoint")
        self.alerts = Alerts(
            f"{name}-alerts",
            AlertsArgs(about, Notify(emails=config.notify_emails), "Endpoint", config.topic_arn),
            opts=self._child,
        )
        account_id = self.alerts.account_id
        self.key = EncryptionKey(
            f"{name}-key", EncryptionKeyArgs(site, account_id, given_arn=config.kms_key_arn), opts=self._child
        )
        self.log_group = log_group(site, "endpoint-logs", LOGS, self.key.arn, config.retention_days, self._child)
        self.network = self._network(account_id)
        self.captured = self._captured()
        self.role = self._role(Scope(config.workload, config.region, account_id))
        self.alarms = EndpointAlarms(
            f"{name}-alarms",
            EndpointAlarmsArgs(site, config, self.endpoint_name, self.alerts.topic_arn, self.alerts.ready),
            opts=self._child,
        )
        self.model, self.endpoint_configuration, self.endpoint = self._serve()
        if config.scales:
            EndpointScaling(f"{name}-scaling", ScalingArgs(site, config, self.endpoint.name), opts=self._child)
        self.outputs = self._outputs()
        self.register_outputs(self.outputs)

    def _network(self, account_id: Any) -> PrivateNetwork | None:
        config, site = self.config, self.site
        if config.network is None:
            return None
        services = {} if config.network_isolation else SERVING_SERVICES
        readable = [config.model_data.removeprefix("s3://").split("/")[0]] if config.model_data else []
        network = PrivateNetwork(
            f"{self._name}-network",
            NetworkArgs(
                site,
                config.network,
                readable,
                Inside("serving", "Model servers", services, together=False),
            ),
            opts=self._child,
        )
        if network.vpc is not None:
            TrafficLog(
                f"{self._name}-traffic-log",
                TrafficLogArgs(site, account_id, network.vpc.id, self.key.arn, config.retention_days),
                opts=self._child,
            )
        return network

    def _captured(self) -> CapturedRequests | None:
        if self.config.data_capture is None:
            return None
        args = CapturedArgs(self.site, self.key.arn, self.config.data_capture, self.config.force_destroy)
        return CapturedRequests(f"{self._name}-requests", args, opts=self._child)

    def _role(self, scope: Scope) -> ServiceRole:
        statements = serving_statements(
            self.config, scope, self.log_group.arn, self.key.arn, self.network, self.captured
        )
        return ServiceRole(
            f"{self._name}-role",
            ServiceRoleArgs(
                site=self.site,
                what="serving",
                service="sagemaker.amazonaws.com",
                account_id=scope.account_id,
                # AWS does not say on behalf of which resource hosting takes a role on: model, configuration, endpoint.
                source_arn=scope.arn("sagemaker", "*"),
                statements=statements,
                given_arn=self.config.role_arn,
            ),
            opts=self._child,
        )

    def _serve(self) -> tuple[Any, Any, Any]:
        config, site, network = self.config, self.site, self.network
        isolated = {"enable_network_isolation": config.network_isolation} if network else {}
        subnets = network.subnet_ids if network else []
        vpc = {"security_group_ids": [network.job_group.id], "subnets": subnets} if network else None
        needed = [self.role, *([network] if network else []), *([self.captured] if self.captured else [])]
        # checkov:skip=CKV_AWS_370: on for endpoints on instances unless the config says no; serverless has no isolation
        model = aws.sagemaker.Model(
            f"{site.name}-model",
            execution_role_arn=self.role.arn,
            primary_container=container(config),
            vpc_config=vpc,
            **isolated,
            region=site.region,
            tags=dict(site.tags),
            # SageMaker looks at role, image and model when the model is made.
            opts=pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(depends_on=needed)),
        )
        # checkov:skip=CKV_AWS_98: no volume key for instances whose own disks are encrypted by hardware, or serverless
        endpoint_configuration = aws.sagemaker.EndpointConfiguration(
            f"{site.name}-config",
            production_variants=[production_variant(config, model.name)],
            kms_key_arn=volume_key(config, self.key.arn),
            data_capture_config=self.captured.configuration if self.captured else None,
            region=site.region,
            tags=dict(site.tags),
            opts=self._child,
        )
        endpoint = aws.sagemaker.Endpoint(
            f"{site.name}-endpoint",
            name=self.endpoint_name,
            endpoint_config_name=endpoint_configuration.name,
            deployment_config=deployment(config, self.alarms.take_back),
            region=site.region,
            tags=dict(site.tags),
            opts=pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(depends_on=[self.log_group])),
        )
        return model, endpoint_configuration, endpoint

    def _outputs(self) -> dict[str, Any]:
        config = self.config
        invoke = f"aws sagemaker-runtime invoke-endpoint --region {config.region} --endpoint-name "
        outputs = {
            "region": config.region,
            "carbon_intensity": intensity_text(config.carbon),
            "endpoint_name": self.endpoint.name,
            "endpoint_arn": self.endpoint.arn,
            "endpoint_configuration": self.endpoint_configuration.name,
            "model": self.model.name,
            "variant": VARIANT,
            "role_arn": self.role.arn,
            "log_group": self.log_group.name,
            "alerts_topic_arn": self.alerts.topic_arn,
            "invoke": pulumi.Output.concat(
                invoke, self.endpoint.name, " --content-type application/json --body fileb://request.json answer.json"
            ),
        }
        if config.planned is not None:
            outputs["plan_id"] = config.planned.plan_id
            outputs["planned_g_per_request"] = config.planned.emissions_g_per_request
        if self.captured is not None:
            outputs["requests_bucket"] = self.captured.bucket.name
        return outputs
