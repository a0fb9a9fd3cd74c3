"""A cache of answers on Memorystore for Valkey: private, encrypted, open to named accounts only, watched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_gcp as gcp

from greenai_infra.contracts.cache_connection import CacheConnection, cache_url
from greenai_infra.stacks.gcp.alerts import ThresholdAlertArgs, threshold_alert
from greenai_infra.stacks.gcp.encryption import EncryptionKey, EncryptionKeyArgs
from greenai_infra.stacks.gcp.notices import Notices, NoticesArgs
from greenai_infra.stacks.gcp.services import Services, ServicesArgs
from greenai_infra.stacks.gcp.site import Site

if TYPE_CHECKING:
    from greenai_infra.contracts.stack.gcp_cache import GcpCacheConfig

MEMORYSTORE = "memorystore.googleapis.com"
APIS = (
    "networkconnectivity.googleapis.com",
    "serviceconsumermanagement.googleapis.com",
    "compute.googleapis.com",
    "cloudkms.googleapis.com",
    "dns.googleapis.com",
    "monitoring.googleapis.com",
)
SERVICE_CLASS = "gcp-memorystore"
CONNECT_ROLE = "roles/memorystore.dbConnectionUser"
USERNAME = "default"
"""Who IAM authentication logs in as; the password is an access token of the caller's account."""

# Cloud Monitoring, "Supported monitoring metrics" of Memorystore for Valkey.
MEMORY_METRIC = f"{MEMORYSTORE}/instance/memory/maximum_utilization"
EVICTED_METRIC = f"{MEMORYSTORE}/instance/stats/total_evicted_keys_count"
CLIENTS_METRIC = f"{MEMORYSTORE}/instance/clients/maximum_connected_clients"
REJECTED_METRIC = f"{MEMORYSTORE}/instance/stats/total_rejected_connections_count"


@dataclass(frozen=True)
class InferenceCacheArgs:
    """The stack's config."""

    config: GcpCacheConfig


class InferenceCache(pulumi.ComponentResource):  # type: ignore[misc]
    """Valkey instance in a new network or yours, with its key, its clients' rights and its alerts.

    `outputs` are what the cache library reads. Passwords are not needed: a client logs in with its account's
    token, over TLS, and IAM admits it to this instance only.
    """

    def __init__(self, name: str, args: InferenceCacheArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("greenai:gcp:InferenceCache", name, None, opts)
        self.config, self._name = args.config, name
        config, self._child = args.config, pulumi.ResourceOptions(parent=self)
        self.site = site = Site.of(name, config, config.gcp_project, config.region)
        self.instance_id = f"{name}-cache"
        self.services = Services(
            f"{name}-services",
            ServicesArgs(site, APIS, agents=(MEMORYSTORE,)),
            opts=self._child,
        )
        after = pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(depends_on=[self.services]))
        self.key = EncryptionKey(
            f"{name}-key", EncryptionKeyArgs(site, {"cache": self.services.agents[MEMORYSTORE]}), opts=after
        )
        network_id, subnet_id = self._network(after)
        self.policy = None if config.connection_policy_exists else self._connection_policy(network_id, subnet_id, after)
        self.instance = self._instance(network_id)
        self._let_in()
        notices = Notices(f"{name}-notices", NoticesArgs(site, config.notify_emails), opts=self._child)
        self._alerts(notices.channel_names)
        self.outputs = self._outputs(network_id)
        self.register_outputs(self.outputs)

    def _network(self, after: pulumi.ResourceOptions) -> tuple[Any, Any]:
        """The network of the clients: an existing network by its name, or a new network."""
        if self.config.network is not None:
            return self.config.network, self.config.subnet
        from greenai_infra.stacks.gcp.network import (  # imports `compute`, which takes seconds
            NetworkArgs,
            PrivateNetwork,
        )

        network = PrivateNetwork(f"{self._name}-network", NetworkArgs(self.site, self.config.cidr), opts=after)
        return network.id, network.subnet_id

    def _connection_policy(self, network_id: Any, subnet_id: Any, after: pulumi.ResourceOptions) -> Any:
        """What lets Memorystore put its addresses into the network, and into this subnet only."""
        return gcp.networkconnectivity.ServiceConnectionPolicy(
            f"{self.site.name}-connections",
            project=self.site.gcp_project,
            location=self.site.region,
            description=f"Addresses of {self.instance_id}",
            service_class=SERVICE_CLASS,
            network=network_id,
            psc_config={"subnetworks": [subnet_id]},
            labels=dict(self.site.labels),
            opts=after,
        )

    def _instance(self, network_id: Any) -> Any:
        config, site = self.config, self.site
        zones = {"mode": "SINGLE_ZONE", "zone": config.single_zone} if config.single_zone else {"mode": "MULTI_ZONE"}
        return gcp.memorystore.Instance(
            f"{site.name}-cache",
            project=site.gcp_project,
            location=site.region,
            instance_id=self.instance_id,
            mode="CLUSTER" if config.cluster_mode else "CLUSTER_DISABLED",
            shard_count=config.shards,
            replica_count=config.replicas,
            node_type=config.node_type,
            engine_version=config.engine_version,
            engine_configs={"maxmemory-policy": config.eviction_policy},
            authorization_mode="IAM_AUTH",
            transit_encryption_mode="SERVER_AUTHENTICATION",
            kms_key=self.key.id,
            desired_auto_created_endpoints=[{"network": network_id, "project_id": site.gcp_project}],
            zone_distribution_config=zones,
            persistence_config={"mode": "DISABLED"},  # a cache may be lost; it stays in memory only
            maintenance_policy={
                "weekly_maintenance_windows": [
                    {"day": config.maintenance.day, "start_time": {"hours": config.maintenance.hour}}
                ]
            },
            deletion_protection_enabled=not config.force_destroy,
            labels=dict(site.labels),
            opts=pulumi.ResourceOptions.merge(
                self._child,
                pulumi.ResourceOptions(depends_on=[self.key, self.services, *([self.policy] if self.policy else [])]),
            ),
        )

    def _let_in(self) -> None:
        site = self.site
        name = f"projects/{site.gcp_project}/locations/{site.region}/instances/{self.instance_id}"
        for client in dict.fromkeys(self.config.clients):
            gcp.projects.IAMMember(
                f"{site.name}-{client.partition(':')[2]}",
                project=site.gcp_project,
                role=CONNECT_ROLE,
                member=client,
                condition={  # the role is granted on the project; the condition limits it to this cache
                    "title": f"only-{self.instance_id}"[:100],
                    "description": f"Connect to {self.instance_id} in {site.region}, and to no other",
                    "expression": f'resource.name == "{name}"',
                },
                opts=self._child,
            )

    def _alerts(self, channels: list[Any]) -> None:
        alerts = self.config.alerts
        gauge = {"per_series_aligner": "ALIGN_MAX", "cross_series_reducer": "REDUCE_MAX"}
        rate = {"per_series_aligner": "ALIGN_RATE", "cross_series_reducer": "REDUCE_SUM"}
        for what, says, remedy, metric, threshold, aggregation in (
            (
                "memory",
                f"more than {alerts.memory_percent} % of the memory is in use",
                "Take a larger node_type or, with cluster_mode: true, more shards; or let entries expire sooner.",
                MEMORY_METRIC,
                alerts.memory_percent / 100,
                gauge,
            ),
            (
                "evictions",
                f"more than {alerts.evicted_keys_per_minute} keys a minute are evicted",
                "The cache is too small for its hits to last: take a larger node_type or more shards.",
                EVICTED_METRIC,
                alerts.evicted_keys_per_minute / 60,
                rate,
            ),
            (
                "connections",
                f"more than {alerts.connections} clients are connected to one node",
                "Let clients share a pool, or spread them over more shards.",
                CLIENTS_METRIC,
                alerts.connections,
                gauge,
            ),
            (
                "rejected",
                "clients are turned away, as a node has as many as it takes",
                "Let clients share a pool, or take a larger node_type.",
                REJECTED_METRIC,
                0,
                rate,
            ),
        ):
            threshold_alert(
                ThresholdAlertArgs(
                    site=self.site,
                    what=what,
                    says=says,
                    remedy=remedy,
                    filter=f'metric.type="{metric}" AND resource.type="{MEMORYSTORE}/Instance" AND '
                    f'resource.labels.instance_id="{self.instance_id}" AND '
                    f'resource.labels.location="{self.site.region}"',
                    threshold=threshold,
                    aggregation=aggregation,
                    channels=channels,
                    depends_on=[self.instance],
                ),
                self,
            )

    def _outputs(self, network_id: Any) -> dict[str, Any]:
        clustered = self.config.cluster_mode
        connection = CacheConnection(
            url=self.instance.endpoints.apply(lambda found: first_address(found, clustered)),
            username=USERNAME,
            auth="iam",
            secret="",
            region=self.site.region,
            cluster_mode=clustered,
            ca=self.instance.managed_server_cas.apply(_certificates),
        )
        return {**connection.as_outputs(), "network": network_id, "key": self.key.id}


def first_address(endpoints: Any, cluster_mode: bool) -> str | None:
    """Returns the URL that clients start from: a cluster's discovery address, else the primary; None if missing."""
    wanted = "CONNECTION_TYPE_DISCOVERY" if cluster_mode else "CONNECTION_TYPE_PRIMARY"
    for endpoint in endpoints or []:
        for connection in endpoint.connections or []:
            found = connection.psc_auto_connection
            if found is not None and found.connection_type == wanted:
                return cache_url(found.ip_address, found.port)
    return None


def _certificates(authorities: Any) -> str:
    """Returns the concatenated certificates of the instance's authority, which clients must trust."""
    found = [text for one in authorities or [] for ca in one.ca_certs or [] for text in ca.certificates or []]
    return "\n".join(found)
