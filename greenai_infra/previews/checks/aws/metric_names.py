"""Which metrics are written at all: those of our own contract, and those of the AWS services that our stacks watch.

The names of ElastiCache's and SageMaker's metrics are those of the developer guides (github.com/awsdocs at its last
public state, June 2023: `CacheMetrics.Redis.md`, `CacheMetrics.HostLevel.md`, `monitoring-cloudwatch.md`). Since then
those of SageMaker's machines were read again (the guide's "SageMaker AI endpoint metrics" and "job metrics": CPU, GPU,
memory and disk, of endpoints with inference components also normalised and reserved); what else was added, and the
names of EventBridge, were not. AWS goes on adding: a name that is not listed is an error only if it looks like a slip
of one that is, and else a warning. Only namespaces that our own stacks watch are listed; of others nothing is said,
unless one looks like a slip itself.

Of Inferentia and Trainium the guide names no metric at all, neither of endpoints nor of jobs; `AWS/SageMaker
NeuronCoreUtilization`, which some posts show, is what their own container writes from neuron-monitor.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any, Literal

from greenai_infra.contracts.declared import UNKNOWN
from greenai_infra.contracts.metrics import DIMENSIONS, METRICS, NAMESPACE

_ELASTICACHE = """
    ActiveDefragHits AuthenticationFailures BytesReadFromDisk BytesUsedForCache BytesWrittenToDisk CacheHitRate
    CacheHits CacheMisses ChannelAuthorizationFailures ClusterBasedCmds ClusterBasedCmdsLatency
    CommandAuthorizationFailures CPUCreditBalance CPUCreditUsage CPUUtilization CurrConnections CurrItems
    CurrVolatileItems DatabaseCapacityUsageCountedForEvictPercentage DatabaseCapacityUsagePercentage
    DatabaseMemoryUsageCountedForEvictPercentage DatabaseMemoryUsagePercentage DB0AverageTTL ElastiCacheProcessingUnits
    EngineCPUUtilization EvalBasedCmds EvalBasedCmdsLatency Evictions FreeableMemory GeoSpatialBasedCmds
    GeoSpatialBasedCmdsLatency GetTypeCmds GetTypeCmdsLatency GlobalDatastoreReplicationLag HashBasedCmds
    HashBasedCmdsLatency HyperLogLogBasedCmds HyperLogLogBasedCmdsLatency IamAuthenticationExpirations
    IamAuthenticationThrottling IsMaster IsPrimary JsonBasedCmds JsonBasedCmdsLatency KeyAuthorizationFailures
    KeyBasedCmds KeyBasedCmdsLatency KeysTracked ListBasedCmds ListBasedCmdsLatency MasterLinkHealthStatus
    MemoryFragmentationRatio NetworkBandwidthInAllowanceExceeded NetworkBandwidthOutAllowanceExceeded NetworkBytesIn
    NetworkBytesOut NetworkConntrackAllowanceExceeded NetworkLinkLocalAllowanceExceeded
    NetworkMaxBytesIn NetworkMaxBytesOut NetworkMaxPacketsIn
    NetworkMaxPacketsOut NetworkPacketsIn NetworkPacketsOut NetworkPacketsPerSecondAllowanceExceeded NewConnections
    NonKeyTypeCmds NonKeyTypeCmdsLatency NumItemsReadFromDisk NumItemsWrittenToDisk PrimaryLinkHealthStatus
    PubSubBasedCmds PubSubBasedCmdsLatency Reclaimed ReplicationBytes ReplicationLag SaveInProgress SetBasedCmds
    SetBasedCmdsLatency SetTypeCmds SetTypeCmdsLatency SortedSetBasedCmds SortedSetBasedCmdsLatency StreamBasedCmds
    StreamBasedCmdsLatency StringBasedCmds StringBasedCmdsLatency SuccessfulReadRequestLatency
    SuccessfulWriteRequestLatency SwapUsage ThrottledCmds TotalCmdsCount TrafficManagementActive
"""
_SAGEMAKER = """
    ConcurrentRequestsPerCopy ConcurrentRequestsPerModel FirstChunkInvocations FirstChunkLatency FirstChunkModelLatency
    FirstChunkOverheadLatency Invocation4XXErrors Invocation5XXErrors InvocationModelErrors Invocations
    InvocationsPerCopy InvocationsPerInstance InvocationsProcessed MidStreamErrors ModelCacheHit ModelDownloadingTime
    ModelLatency ModelLoadingTime ModelLoadingWaitTime ModelSetupTime ModelUnloadingTime OverheadLatency
    ServerlessConcurrentExecutionsUtilization ServerlessProvisionedConcurrencyInvocations
    ServerlessProvisionedConcurrencyUtilization ApproximateBacklogSize ApproximateBacklogSizePerInstance
    ApproximateAgeOfOldestRequest HasBacklogWithoutCapacity
"""
_INSTANCES = """
    CPUReservation CPUUtilization CPUUtilizationNormalized DiskUtilization GPUMemoryUtilization
    GPUMemoryUtilizationNormalized GPUReservation GPUUtilization GPUUtilizationNormalized LoadedModelCount
    MemoryReservation MemoryUtilization MemoryUtilizationNormalized
"""
_EVENTS = """
    DeadLetterInvocations EventBusToTargetLatency Events FailedInvocations IngestionToInvocationCompleteLatency
    IngestionToInvocationStartLatency Invocations InvocationAttempts InvocationsCreated InvocationsFailedToBeSentToDlq
    InvocationsSentToDlq MatchedEvents PutEventsApproximateCallCount PutEventsApproximateFailedCount
    PutEventsApproximateSuccessCount PutEventsApproximateThrottledCount PutEventsEntriesCount
    PutEventsFailedEntriesCount PutEventsLatency PutEventsRequestSize PutPartnerEventsApproximateCallCount
    PutPartnerEventsEntriesCount RetryInvocationAttempts SuccessfulInvocationAttempts ThrottledRules TriggeredRules
"""

AWS_METRICS = {
    "AWS/ElastiCache": frozenset(_ELASTICACHE.split()),
    "AWS/Events": frozenset(_EVENTS.split()),
    "AWS/SageMaker": frozenset(_SAGEMAKER.split()),
    "/aws/sagemaker/Endpoints": frozenset(_INSTANCES.split()),
    "/aws/sagemaker/TrainingJobs": frozenset(_INSTANCES.split()),
}
"""Namespace -> names of its metrics."""

SHORT_NAMESPACE = len("AWS/XXX")
_NEURON_REMEDY = (
    "have the container run neuron-monitor and write the metric into a namespace of its own, or watch "
    "InvocationsPerInstance"
)


@dataclass(frozen=True)
class MetricProblem:
    """Why nobody is known to write a metric, and what to do."""

    message: str
    remedy: str
    severity: Literal["error", "warning"] = "error"


def metric_problem(namespace: str, name: str, dimensions: Any) -> MetricProblem | None:
    """What speaks against this metric having data; None if nothing does."""
    if namespace == NAMESPACE:
        return _own_problem(name, dimensions)
    if namespace in AWS_METRICS:
        if name in AWS_METRICS[namespace]:
            return None
        close = difflib.get_close_matches(name, AWS_METRICS[namespace], n=3, cutoff=0.75)
        if close:
            message = f"{namespace} has no metric '{name}', so it never has data"
            return MetricProblem(message, f"did you mean {', '.join(close)}?")
        message = f"no metric '{name}' of {namespace} is known here"
        if "sagemaker" in namespace.lower() and "neuron" in name.lower():
            message = f"SageMaker documents no metric of NeuronCores, so {namespace} '{name}' may never have data"
            return MetricProblem(message, _NEURON_REMEDY, "warning")
        return MetricProblem(message, "check its name in the service's developer guide", "warning")
    meant = next((known for known in (NAMESPACE, *AWS_METRICS) if _like(namespace, known)), None)
    if meant is None:
        return None
    return MetricProblem(f"nobody writes into the namespace '{namespace}'", f"did you mean {meant}? Capitals matter")


def _own_problem(name: str, dimensions: Any) -> MetricProblem | None:
    if name not in METRICS:
        close = difflib.get_close_matches(name, METRICS, n=1)
        advice = f"did you mean {close[0]}?" if close else f"{NAMESPACE} has {', '.join(sorted(METRICS))}"
        return MetricProblem(f"nobody writes {NAMESPACE}/{name}, so it never has data", advice)
    if dimensions is UNKNOWN:
        return None
    given = set(dimensions) if isinstance(dimensions, dict) else set()
    if given == set(DIMENSIONS):
        return None
    return MetricProblem(
        f"{NAMESPACE}/{name} is written with the dimensions {', '.join(DIMENSIONS)}, not with "
        f"{', '.join(sorted(given)) or 'none'}: that would be another series, which has no data",
        f"give exactly {', '.join(DIMENSIONS)}",
    )


def _like(namespace: str, known: str) -> bool:
    """Whether one is a slip of the other; of short names, as AWS/ECS of AWS/EC2, one letter off is another service."""
    one, other = (text.casefold().replace("-", "").replace("_", "").strip("/") for text in (namespace, known))
    long = min(len(one), len(other)) > SHORT_NAMESPACE
    return one == other or (long and difflib.SequenceMatcher(None, one, other).ratio() >= 0.85)
