"""Documents run: every Python block of the pages is executed, the map is compared with the house."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from remit.cli.main import main

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_python_block_runs(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    for block in BLOCK.findall(page.read_text()):
        exec(compile(block, str(page), "exec"), {})  # noqa: S102


def test_the_policy_on_the_page_of_governance_holds_what_its_cases_say(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "authority.md").read_text()
    policy, cases, *_ = re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "order.yaml").write_text(policy)
    (tmp_path / "cases.yaml").write_text(cases)
    for verb, name in (("lint", "order.yaml"), ("test", "cases.yaml")):
        done = CliRunner().invoke(main, ["policy", verb, str(tmp_path / name)])
        assert done.exit_code == 0, done.output


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)", page.read_text())

    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_map_names_every_room() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    named = set(re.findall(r"^\| `src/remit/(\w+)/`", text, re.MULTILINE))
    rooms = {path.parent.name for path in (ROOT / "src" / "remit").glob("*/__init__.py")}

    assert rooms - named == set()


def test_the_map_names_only_modules_that_exist() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    wrong = []
    for room, inside in re.findall(r"^\| `src/remit/(\w+)/` \| (.*) \|$", text, re.MULTILINE):
        for name in re.findall(r"`([\w/]+(?:\.py|/))`", inside):
            if not (ROOT / "src" / "remit" / room / name).exists():
                wrong.append(f"{room}/{name}")

    assert wrong == []
