"""The command line: one module per verb, loaded when it is asked for."""

from __future__ import annotations

from importlib import import_module

import click

from remit import __version__

VERBS = (
    "serve", "deploy", "delete", "create", "publish", "broadcast", "cancel", "suspend", "resume",
    "modify", "migrate", "resolve", "set", "complete", "fail", "status", "list", "get", "search",
    "evaluate", "feel", "lint", "dmn", "policy", "audit", "sidecar", "history", "batch", "user",
    "group", "role", "tenant", "rule", "grant",
)  # fmt: skip
"""In the order in which help tells them."""


class Verbs(click.Group):
    """Each verb is `<verb>_command` or `<verb>_group` of the module with its name."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in VERBS:
            return None
        module = vars(import_module(f"remit.cli.{name}"))
        found: click.Command = module.get(f"{name}_command") or module[f"{name}_group"]
        return found


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="remit")
def main() -> None:
    """Remit: a durable workflow engine that Zeebe clients use unchanged."""


if __name__ == "__main__":
    main()
