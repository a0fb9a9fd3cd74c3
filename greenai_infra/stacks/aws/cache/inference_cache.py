"""A cache of a model's answers: network, key, users, the cache itself, and alarms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi

from greenai_infra.contracts.cache_connection import CacheConnection, cache_url
from greenai_infra.contracts.stack.cache import LONGEST_NAME
from greenai_infra.errors import InputError
from greenai_infra.stacks.aws.cache.alarms import cache_alarms
from greenai_infra.stacks.aws.cache.credentials import CacheCredentials, CredentialsArgs
from greenai_infra.stacks.aws.cache.network import CacheNetworkArgs, CachePlace
from greenai_infra.stacks.aws.cache.parts import CacheParts
from greenai_infra.stacks.aws.cache.replication_group import PORT, replication_group
from greenai_infra.stacks.aws.cache.serverless import PORTS, serverless_cache
from greenai_infra.stacks.aws.encryption import EncryptionKey, EncryptionKeyArgs
from greenai_infra.stacks.aws.endpoints import Doorway, callers_of, interface_endpoint
from greenai_infra.stacks.aws.notices import Notices, NoticesArgs
from greenai_infra.stacks.aws.policy import allow, allow_alarms
from greenai_infra.stacks.aws.site import Site
from greenai_infra.stacks.aws.traffic_log import TrafficLog, TrafficLogArgs

if TYPE_CHECKING:
    from greenai_infra.contracts.stack.cache import CacheConfig


@dataclass(frozen=True)
class InferenceCacheArgs:
    """The stack's config."""

    config: CacheConfig


class InferenceCache(pulumi.ComponentResource):  # type: ignore[misc]
    """ElastiCache for Valkey, serverless or on nodes; only named clients in the network reach it, by password and TLS.

    `outputs` are those of `greenai_infra.contracts.cache_connection`, and what a person needs beside them.
    """

    def __init__(self, name: str, args: InferenceCacheArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("greenai:aws:InferenceCache", name, None, opts)
        self.config = config = args.config
        self._name, self._child = name, pulumi.ResourceOptions(parent=self)
        self.site = site = Site.of(name, config, config.region)
        if len(name) > LONGEST_NAME or "--" in name:
            raise InputError(
                f"component '{name}' of workload {config.workload} becomes the cache's name: at most {LONGEST_NAME} "
                "characters, and no two hyphens together"
            )

        ports = (PORT, PORT) if config.replication_group else PORTS
        self.place = CachePlace(f"{name}-network", CacheNetworkArgs(site, config.network, ports), opts=self._child)
        account_id = self.place.account_id
        # CloudWatch's alarms publish to the topic, and so use the key; "*" is this key, as in every key policy.
        by_alarms = allow_alarms("Alarms", ["kms:Decrypt", "kms:GenerateDataKey"], "*", site.region, account_id)
        self.key = EncryptionKey(f"{name}-key", EncryptionKeyArgs(site, account_id, [by_alarms]), opts=self._child)
        self.credentials = CacheCredentials(
            f"{name}-credentials",
            CredentialsArgs(site, self.key.arn, config.password_generation, config.secret_recovery_days),
            opts=self._child,
        )
        if self.place.own:
            self._watch_and_open()
        host, port = self._cache()
        self.notices = Notices(
            f"{name}-notices", NoticesArgs(site, self.key.arn, config.notify_emails), opts=self._child
        )
        self.alarms = cache_alarms(config, site, self.notices.topic_arn, self._child)
        self.outputs = self._outputs(host, port)
        self.register_outputs(self.outputs)

    def _watch_and_open(self) -> None:
        """For a new network: adds a log of its traffic, and the only way out, to this secret."""
        site, place = self.site, self.place
        TrafficLog(
            f"{self._name}-traffic-log",
            TrafficLogArgs(site, place.account_id, place.vpc_id, self.key.arn, self.config.retention_days),
            opts=self._child,
        )
        assert place.endpoint_group is not None
        actions = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"]
        own = callers_of(place.account_id)
        statement = allow("Password", actions, self.credentials.secret_arn, principal="*", condition=own)
        doorway = Doorway(site, place.vpc_id, place.subnet_ids, place.endpoint_group.id)
        interface_endpoint(doorway, "secretsmanager", statement, self._child)

    def _cache(self) -> tuple[Any, Any]:
        """Host and port of the cache."""
        parts = CacheParts(
            site=self.site,
            key_arn=self.key.arn,
            subnet_ids=self.place.subnet_ids,
            security_group_id=self.place.cache_group.id,
            user_group_id=self.credentials.group_id,
        )
        nodes, limits = self.config.replication_group, self.config.serverless
        if nodes is not None:
            self.cache = replication_group(self.config, nodes, parts, self._child)
            address = "configuration_endpoint_address" if nodes.cluster_mode else "primary_endpoint_address"
            return getattr(self.cache, address), PORT
        assert limits is not None  # the config has the section of its mode
        self.cache = serverless_cache(self.config, limits, parts, self._child)
        first = self.cache.endpoints.apply(lambda endpoints: endpoints[0] if endpoints else None)
        return first.apply(lambda one: one and one.address), first.apply(lambda one: one and one.port)

    def _outputs(self, host: Any, port: Any) -> dict[str, Any]:
        connection = CacheConnection(
            url=pulumi.Output.all(host, port).apply(lambda both: cache_url(both[0], both[1]) if all(both) else None),
            username=self.credentials.username,
            auth="secret",
            secret=self.credentials.secret_arn,
            region=self.site.region,
            cluster_mode=self.config.cluster_mode,
        )
        return {
            **connection.as_outputs(),
            "client_security_group_id": self.place.client_group.id,
            "vpc_id": self.place.vpc_id,
            "subnet_ids": list(self.place.subnet_ids),
            "notices_topic_arn": self.notices.topic_arn,
            "key_arn": self.key.arn,
        }
