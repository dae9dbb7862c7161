"""`remit status`: the brokers and their partitions."""

from __future__ import annotations

import click

from remit.cli.connection import Connection, connected
from remit.protocol.wire.stubs import gateway_pb2 as pb


@click.command("status")
@connected
def status_command(connection: Connection) -> None:
    """Show the broker, its partitions and how they are."""
    answer = connection.call("Topology", pb.TopologyRequest())
    connection.show_all(
        [
            {
                "broker": f"{broker.host}:{broker.port}",
                "version": broker.version,
                "partition": partition.partitionId,
                "role": pb.Partition.PartitionBrokerRole.Name(partition.role).lower(),
                "health": pb.Partition.PartitionBrokerHealth.Name(partition.health).lower(),
            }
            for broker in answer.brokers
            for partition in broker.partitions
        ]
    )
