"""`remit list | get | search` against a real broker: tables for people, JSON for scripts, live views."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from typing import Any

import pytest

from remit.cli.entities import KINDS
from tests.gateway.test_rest_commands import Rest
from tests.support.broker import Broker
from tests.support.model import one_task


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with Broker(tmp_path_factory.mktemp("reading"), "--history", "") as broker:
        Rest(broker).deploy(shop_bpmn=one_task("shop", "shop-work").xml())
        yield broker


def remit(broker: Broker, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "remit.cli.main", *words, "--rest-address", broker.http]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def in_terminal(broker: Broker, columns: int, *words: str) -> str:
    """What a terminal of this width is told, without its colours."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    command = [sys.executable, "-m", "remit.cli.main", *words, "--rest-address", broker.http]
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, env=environment)
    os.close(theirs)
    told = b""
    with contextlib.suppress(OSError):  # it says so when the other side is closed
        while more := os.read(ours, 1 << 16):
            told += more
    os.close(ours)
    assert process.wait(60) == 0
    return re.sub(r"\x1b\[[0-9;]*m", "", told.decode())


def rows(broker: Broker, *words: str) -> list[dict[str, Any]]:
    done = remit(broker, *words, "--json")
    assert done.returncode == 0, done.stderr + done.stdout
    return [json.loads(line) for line in done.stdout.splitlines()]


def create(broker: Broker, **variables: Any) -> str:
    body = {"processDefinitionId": "shop", "variables": variables}
    key: str = Rest(broker).ask("POST", "/process-instances", body)[1]["processInstanceKey"]
    return key


def test_what_was_created_is_listed_found_and_shown(broker: Broker) -> None:
    key = create(broker, orderId="o-1", amount=7)

    listed = rows(broker, "list", "pi", "--process", "shop", "--state", "active")
    found = rows(
        broker, "search", "process-instances", "orderId:=o-1", "amount:=7", "startDate>=1h"
    )
    elsewhere = rows(broker, "search", "pi", "orderId:=o-2")
    page = remit(broker, "get", "pi", key)

    assert key in [row["processInstanceKey"] for row in listed]
    assert [row["processInstanceKey"] for row in found] == [key]
    assert elsewhere == []
    assert "Waiting for" in page.stdout
    assert '"o-1"' in page.stdout
    assert rows(broker, "get", "process-instance", key) == found


@pytest.mark.parametrize(
    ("conditions", "how_many"),
    [
        (("type=shop-work", "retries>=3"), 1),
        (("type~shop-*", "endTime!?"), 1),
        (("type=shop-work", "retries<3"), 0),
        (("type=shop-work", "state!=created"), 0),
        (("type=shop-work", "endTime?"), 0),
    ],
)
def test_conditions_are_read_in_the_type_of_their_property(
    broker: Broker, conditions: tuple[str, ...], how_many: int
) -> None:
    key = create(broker)

    inside = (f"processInstanceKey={key}", *conditions)

    assert len(rows(broker, "search", "jobs", *inside)) == how_many


def test_incidents_are_asked_for_by_flags(broker: Broker) -> None:
    key = create(broker)

    fine = rows(broker, "search", "pi", f"processInstanceKey={key}", "hasIncident=false")
    troubled = rows(broker, "search", "pi", f"processInstanceKey={key}", "hasIncident!=false")

    assert [row["processInstanceKey"] for row in fine] == [key]
    assert troubled == []


@pytest.mark.parametrize(("kind", "columns"), [("pi", 40), ("job", 80)])
def test_keys_are_whole_in_a_narrow_terminal(broker: Broker, kind: str, columns: int) -> None:
    create(broker, orderId="long" * 30)
    found = rows(broker, "list", kind, "--limit", "5")

    shown = in_terminal(broker, columns, "list", kind, "--limit", "5")

    (own,) = [each.key for each in KINDS if each.short == kind]
    begins = [line.split()[0] for line in shown.splitlines() if line[:1].isdigit()]
    assert begins == [row[own] for row in found]
    assert kind != "job" or all(row["processInstanceKey"] in shown.split() for row in found)
    assert "…" not in shown


def test_what_has_no_room_is_named_and_what_is_no_terminal_has_room(broker: Broker) -> None:
    key = create(broker, note="[red] " + "word " * 40)
    inside = ("search", "vars", f"processInstanceKey={key}")
    whole = remit(broker, *inside).stdout
    narrow = in_terminal(broker, 80, "list", "pi")

    assert "[red] " + "word " * 39 in whole
    assert len(whole.splitlines()) == 2
    assert "(no room for" in narrow
    assert "businessId; --json shows all)" in narrow
    assert max(map(len, narrow.splitlines())) <= 80


def test_watching_in_json_tells_a_row_again_only_when_it_changed(broker: Broker) -> None:
    create(broker, watched=1)

    told = rows(
        broker, "search", "pi", "watched:=1", "--watch", "--every", "0.05", "--updates", "4"
    )

    assert len(told) == 1


def test_watching_an_instance_ends_when_it_has_ended(broker: Broker) -> None:
    key = create(broker)
    watching = subprocess.Popen(
        [
            sys.executable, "-m", "remit.cli.main", "get", "pi", key, "--watch", "--every", "0.1",
            "--rest-address", broker.http,
        ],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip

    Rest(broker).ask("POST", f"/process-instances/{key}/cancellation", {})
    shown, _ = watching.communicate(timeout=30)

    assert watching.returncode == 0
    assert "TERMINATED" in shown


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("list", "unicorns"), 2, "process-instances (pi)"),
        (("search", "pi", "colour=red"), 2, "there is no property 'colour'"),
        (("search", "pi", "state"), 2, "is no condition"),
        (("search", "jobs", "retries=two"), 2, "retries is a whole number"),
        (("search", "pi", "hasIncident=perhaps"), 2, "hasIncident is true or false"),
        (("list", "vars", "--state", "active"), 2, "variables have no state"),
        (("get", "job", "1"), 2, "can be searched, not looked up"),
        (("get", "pi", "42"), 1, "NOT_FOUND: Process instance with key '42' not found"),
        (("search", "pi", "--sort", "colour"), 1, "colour"),
    ],
)
def test_what_goes_wrong_is_said_in_a_sentence(
    broker: Broker, words: tuple[str, ...], code: int, said: str
) -> None:
    done = remit(broker, *words)

    assert done.returncode == code
    assert said in " ".join(done.stderr.replace("│", " ").split())


def test_a_broker_that_is_not_there_is_code_3() -> None:
    command = [sys.executable, "-m", "remit.cli.main", "list", "pi", "--rest-address"]
    done = subprocess.run([*command, "127.0.0.1:1"], capture_output=True, text=True, check=False)

    assert done.returncode == 3
    assert "no broker answers at 127.0.0.1:1" in done.stderr
