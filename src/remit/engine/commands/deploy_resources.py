"""CREATE a deployment: all resources or none (rules 84-88), then on to the other partitions.

Each kind of resource has a module in `remit.engine.resources`; here they are told apart by the ending
of their name, checked together, and given keys and versions.
"""

from __future__ import annotations

from remit.base.errors import InvalidArgument
from remit.base.keys import DEPLOYMENT_PARTITION
from remit.engine import resources
from remit.engine.run import Handler, Run
from remit.protocol.commands import (
    AcknowledgeDistribution,
    DeployResources,
    DistributeDeployment,
)
from remit.protocol.events.deployment import (
    DeploymentCreated,
    DeploymentDistributed,
    DeploymentFullyDistributed,
    DistributionCompleted,
)
from remit.protocol.replies import Deployed, Done


def deploy_resources(run: Run, command: DeployResources) -> None:
    if not command.resources:
        raise InvalidArgument("Expected to deploy at least one resource, but none given")
    key = run.new_key()
    drafts = resources.prepare(run, command, key)
    deployed = []
    for draft in drafts:
        deployed.extend(draft.deploy())
    others = tuple(
        each for each in range(1, run.state.partitions + 1) if each != run.state.partition
    )
    run.emit(DeploymentCreated(key, tuple(deployed), command.tenant, others))
    fresh = any(not each.is_duplicate for each in deployed)
    if others and fresh:
        rows = resources.encode_rows(run, deployed)
        for other in others:
            run.send(other, DistributeDeployment(key, rows, command.tenant))
    elif others:
        _finish(run, key, others)
    run.reply = Deployed(key, tuple(deployed), command.tenant)


def distribute(run: Run, command: DistributeDeployment) -> None:
    """What partition 1 has deployed, as this one keeps it. Repeated: a duplicate, confirmed again."""
    resources.receive(run, command.definitions)
    run.emit(DeploymentDistributed(command.deployment))
    run.send(DEPLOYMENT_PARTITION, AcknowledgeDistribution(command.deployment, run.state.partition))


def acknowledge(run: Run, command: AcknowledgeDistribution) -> None:
    row = run.state.distributions.get(command.deployment)
    if row is not None and command.partition in row.waiting:
        run.emit(DistributionCompleted(command.deployment, command.partition))
        if not run.state.distributions[command.deployment].waiting:
            run.emit(DeploymentFullyDistributed(command.deployment))
    run.reply = Done(command.deployment)


def _finish(run: Run, key: int, others: tuple[int, ...]) -> None:
    """Nothing new in it: nobody need hear of it."""
    for other in others:
        run.emit(DistributionCompleted(key, other))
    run.emit(DeploymentFullyDistributed(key))


HANDLES = {
    DeployResources: Handler("CREATE", deploy_resources),
    DistributeDeployment: Handler("DISTRIBUTE", distribute),
    AcknowledgeDistribution: Handler("ACKNOWLEDGE", acknowledge),
}
