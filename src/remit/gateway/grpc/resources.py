"""Deployment, topology and health over gRPC."""

from __future__ import annotations

from remit.gateway.broker import VERSION, Broker
from remit.gateway.grpc.service import Call, Methods, Unary
from remit.protocol.commands import DeleteResource, DeployResources
from remit.protocol.replies import Deployed, DeployedResource
from remit.protocol.wire.stubs import gateway_pb2 as pb


async def deploy(
    broker: Broker, request: pb.DeployResourceRequest, call: Call
) -> pb.DeployResourceResponse:
    resources = tuple((each.name, each.content) for each in request.resources)
    command = DeployResources(resources, broker.tenancy.one(request.tenantId))
    reply = await broker.router.to_deployment(command, call.header)
    assert isinstance(reply, Deployed)
    return pb.DeployResourceResponse(
        key=reply.key,
        deployments=[_deployment(each) for each in reply.resources],
        tenantId=reply.tenant,
    )


async def deploy_process(
    broker: Broker, request: pb.DeployProcessRequest, call: Call
) -> pb.DeployProcessResponse:
    """The old way to deploy, for old clients."""
    resources = tuple((each.name, each.definition) for each in request.processes)
    reply = await broker.router.to_deployment(DeployResources(resources), call.header)
    assert isinstance(reply, Deployed)
    return pb.DeployProcessResponse(
        key=reply.key, processes=[_process(each) for each in reply.resources]
    )


async def delete(
    broker: Broker, request: pb.DeleteResourceRequest, call: Call
) -> pb.DeleteResourceResponse:
    """Definition keys are all of partition 1, which tells the others."""
    await broker.router.by_key(
        request.resourceKey, DeleteResource(request.resourceKey), call.header
    )
    return pb.DeleteResourceResponse()


async def topology(broker: Broker, request: pb.TopologyRequest, call: Call) -> pb.TopologyResponse:
    partitions = [
        pb.Partition(
            partitionId=status.id,
            role=pb.Partition.LEADER if status.leader else pb.Partition.INACTIVE,
            health=pb.Partition.HEALTHY if status.healthy else pb.Partition.UNHEALTHY,
        )
        for status in (partition.status() for partition in broker.partitions)
    ]
    node = pb.BrokerInfo(
        nodeId=0, host=broker.host, port=broker.port, partitions=partitions, version=VERSION
    )
    return pb.TopologyResponse(
        brokers=[node],
        clusterSize=1,
        partitionsCount=len(partitions),
        replicationFactor=1,
        gatewayVersion=VERSION,
        clusterId=broker.cluster_id,
    )


def _deployment(each: DeployedResource) -> pb.Deployment:
    if each.kind == "decision":
        return pb.Deployment(
            decision=pb.DecisionMetadata(
                dmnDecisionId=each.id,
                dmnDecisionName=each.name,
                version=each.version,
                decisionKey=each.key,
                dmnDecisionRequirementsId=each.requirements_id,
                decisionRequirementsKey=each.requirements_key,
                tenantId=each.tenant,
            )
        )
    if each.kind == "decisionRequirements":
        return pb.Deployment(
            decisionRequirements=pb.DecisionRequirementsMetadata(
                dmnDecisionRequirementsId=each.id,
                dmnDecisionRequirementsName=each.name,
                version=each.version,
                decisionRequirementsKey=each.key,
                resourceName=each.resource_name,
                tenantId=each.tenant,
            )
        )
    if each.kind == "form":
        return pb.Deployment(
            form=pb.FormMetadata(
                formId=each.id,
                version=each.version,
                formKey=each.key,
                resourceName=each.resource_name,
                tenantId=each.tenant,
            )
        )
    return pb.Deployment(process=_process(each))


def _process(each: DeployedResource) -> pb.ProcessMetadata:
    return pb.ProcessMetadata(
        bpmnProcessId=each.id,
        version=each.version,
        processDefinitionKey=each.key,
        resourceName=each.resource_name,
        tenantId=each.tenant,
    )


METHODS: Methods = {
    "DeployResource": Unary(pb.DeployResourceRequest, deploy),
    "DeployProcess": Unary(pb.DeployProcessRequest, deploy_process),
    "DeleteResource": Unary(pb.DeleteResourceRequest, delete),
    "Topology": Unary(pb.TopologyRequest, topology),
}
