"""The workers of the order process: plain pyzeebe, as anybody would write them for Zeebe.

No postponed annotations here: pyzeebe looks for a parameter whose annotation is `Job` itself.
"""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from pyzeebe import Job, ZeebeClient, ZeebeWorker
from pyzeebe.errors import BusinessError

CONCURRENCY = 200

Handler = TypeVar("Handler", bound=Callable[..., Any])


def register(worker: ZeebeWorker, client: ZeebeClient, count: dict[str, int]) -> None:
    """Register every job type of the model. `count` says how often each was done."""

    def done(job_type: str) -> None:
        count[job_type] = count.get(job_type, 0) + 1

    def task(job_type: str) -> Callable[[Handler], Handler]:
        return worker.task(  # type: ignore[return-value]
            task_type=job_type,
            max_jobs_to_activate=CONCURRENCY,
            max_running_jobs=CONCURRENCY,
            timeout_ms=30_000,
        )

    @task("check-stock")
    async def check_stock(items: int) -> dict[str, Any]:
        done("check-stock")
        if items > 9:
            raise BusinessError("out-of-stock", f"{items} pieces are more than we have")
        return {"inStock": True}

    @task("approve-order")
    async def approve_order(total: float) -> dict[str, Any]:
        done("approve-order")
        return {"approvedBy": "sales", "approvedTotal": total}

    @task("reserve-goods")
    async def reserve_goods(job: Job, wanted: int) -> dict[str, Any]:
        done("reserve-goods")
        return {"reservation": f"R-{job.process_instance_key}-{wanted}"}

    @task("remind-customer")
    async def remind_customer(orderId: str) -> None:  # noqa: N803  (the variable's name)
        """The customer pays when reminded."""
        done("remind-customer")
        await pay(client, orderId)

    @task("ship-order")
    async def ship_order(order: dict[str, Any]) -> dict[str, Any]:
        done("ship-order")
        return {"shipped": order["reservation"]}

    @task("tell-customer")
    async def tell_customer(orderId: str) -> None:  # noqa: N803
        done("tell-customer")


async def pay(client: ZeebeClient, order_id: str) -> None:
    """The payment arrives as a message; it may well be there before somebody waits for it."""
    await asyncio.sleep(0)
    await client.publish_message(
        "payment-received", order_id, {"paid": True}, time_to_live_in_milliseconds=60_000
    )
