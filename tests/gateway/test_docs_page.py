"""The page to try operations (`/v2/docs`), in a browser, as people use it."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from tests.support.broker import Broker
from tests.support.model import Model

CHROMIUM = shutil.which("chromium") or ""
LONG = "long " * 3000
"""More than a search tells of a value unless it is asked to."""

pytestmark = [
    pytest.mark.clients,
    pytest.mark.skipif(not CHROMIUM, reason="Chromium is not installed"),
]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with Broker(tmp_path_factory.mktemp("docs"), "--history", "") as started:
        yield started


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """It finds no machine but this one."""
    rules = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
    with sync_playwright() as driver:
        opened = driver.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", rules]
        )
        yield opened
        opened.close()


class Docs:
    """The page, opened; all that it asks for, and all that it complains about."""

    def __init__(self, page: Page, broker: Broker) -> None:
        self.page = page
        self.asked: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("pageerror", lambda fault: self.complaints.append(str(fault)))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.goto(f"http://{broker.http}/v2/docs")
        expect(page.get_by_text("createProcessInstance", exact=True)).to_be_visible()

    def open(self, name: str) -> Locator:
        """Look for an operation by its name, and open it."""
        self.page.get_by_placeholder("words of a path or name").fill(name)
        box = self.page.locator("details", has=self.page.get_by_text(name, exact=True))
        if box.get_attribute("open") is None:
            box.locator("summary").click()
        return box

    def send(self, box: Locator) -> tuple[int, Any]:
        """Status and body of the answer, as the page shows them."""
        box.get_by_role("button", name="send").click()
        said = box.locator("pre")
        expect(said).to_have_text(re.compile(r"^\d{3}"))
        status, _, body = (said.text_content() or "").partition("\n")
        return int(status), json.loads(body) if body else None


@pytest.fixture
def docs(browser: Browser, broker: Broker) -> Iterator[Docs]:
    """Whatever is done with it, nothing is asked of anybody else and nothing is complained about."""
    page = browser.new_page()
    page.set_default_timeout(10_000)
    opened = Docs(page, broker)
    yield opened
    page.close()
    assert {url.partition("/v2/")[0] for url in opened.asked} == {f"http://{broker.http}"}
    assert [each for each in opened.complaints if "the server responded with" not in each] == []


def test_a_process_is_deployed_started_and_looked_at(docs: Docs, tmp_path: Path) -> None:
    """A file, a body, a key in the path, a parameter in the query."""
    file = tmp_path / "tried.bpmn"
    file.write_bytes(Model("tried").start("s").native_user("t").end("e").path("s", "t", "e").xml())
    box = docs.open("createDeployment")
    box.locator("input[type=file]").set_input_files(file)
    status, deployed = docs.send(box)
    assert status == 200
    assert deployed["deployments"][0]["processDefinition"]["processDefinitionId"] == "tried"

    box = docs.open("createProcessInstance")
    expect(box).to_contain_text("It may have: processDefinitionKey")
    box.get_by_label("body").fill(
        json.dumps({"processDefinitionId": "tried", "variables": {"x": LONG}})
    )
    status, made = docs.send(box)
    assert (status, made["processDefinitionId"]) == (200, "tried")

    box = docs.open("getProcessInstance")
    box.get_by_label("processInstanceKey").fill(made["processInstanceKey"])
    status, found = docs.send(box)
    assert (status, found["state"]) == (200, "ACTIVE")

    box = docs.open("searchVariables")
    box.get_by_label("body").fill("{}")
    assert docs.send(box)[1]["items"][0]["isTruncated"]
    box.get_by_label("truncateValues").fill("false")
    assert json.loads(docs.send(box)[1]["items"][0]["value"]) == LONG


def test_a_refusal_is_shown_whole(docs: Docs) -> None:
    box = docs.open("completeJob")
    box.get_by_label("jobKey").fill("17/../<b>")
    box.get_by_label("body").fill("{}")
    status, problem = docs.send(box)

    assert (status, problem["title"]) == (400, "INVALID_ARGUMENT")
    assert "'17/../<b>'" in problem["detail"]
    assert docs.page.locator("pre b").count() == 0


def test_words_choose_the_operations_that_are_shown(docs: Docs) -> None:
    operations = docs.page.locator("details")
    everything = operations.count()
    assert everything > 150
    docs.page.get_by_placeholder("words of a path or name").fill("jobs completion")
    assert operations.locator("visible=true").locator("summary").all_text_contents() == [
        "POST /jobs/{jobKey}/completion  completeJob"
    ]
    docs.page.get_by_placeholder("words of a path or name").fill("")
    assert operations.locator("summary >> visible=true").count() == everything


def test_credentials_go_with_each_request(docs: Docs) -> None:
    sent: list[str | None] = []
    docs.page.on("request", lambda request: sent.append(request.headers.get("authorization")))
    docs.page.get_by_label("Authorization", exact=True).fill("Bearer key-1")
    assert docs.send(docs.open("getTopology"))[0] == 200
    assert sent == ["Bearer key-1"]
