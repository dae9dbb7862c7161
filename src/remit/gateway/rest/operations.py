"""What operators' tools ask: is it alive, is it ready, how is it doing."""

from __future__ import annotations

import msgspec
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from remit.gateway.broker import Broker
from remit.gateway.rest.cluster import is_ready


class PartitionCollector(Collector):
    """The counters of all partitions, read when somebody scrapes."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def collect(self) -> list[Metric]:
        counters: dict[str, CounterMetricFamily] = {}
        flight = GaugeMetricFamily(
            "remit_commands_in_flight", "Commands not yet answered", labels=["partition"]
        )
        position = GaugeMetricFamily(
            "remit_log_position", "Last position given out", labels=["partition"]
        )
        polls = GaugeMetricFamily("remit_long_polls", "Requests that wait for jobs")
        polls.add_metric([], self._broker.polls.waiting)
        for partition in self._broker.partitions:
            status = partition.status()
            flight.add_metric([str(status.id)], status.in_flight)
            position.add_metric([str(status.id)], status.position)
            for name, value in partition.counters().items():
                family = counters.setdefault(
                    name,
                    CounterMetricFamily(f"remit_{name}", f"Total {name}", labels=["partition"]),
                )
                family.add_metric([str(status.id)], value)
        return [flight, position, polls, *counters.values()]


def routes(broker: Broker) -> list[Route]:
    registry = CollectorRegistry()
    registry.register(PartitionCollector(broker))

    async def metrics(request: Request) -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    async def live(request: Request) -> Response:
        return Response(status_code=204)

    async def ready(request: Request) -> Response:
        return Response(status_code=204 if is_ready(broker) else 503)

    async def health(request: Request) -> Response:
        up = is_ready(broker)
        body = msgspec.json.encode({"status": "UP" if up else "DOWN"})
        return Response(body, 200 if up else 503, media_type="application/json")

    return [
        Route("/metrics", metrics, methods=["GET"]),
        Route("/live", live, methods=["GET"]),
        Route("/ready", ready, methods=["GET"]),
        Route("/actuator/health/status", health, methods=["GET"]),
    ]
