"""The command line: one module per verb."""

from __future__ import annotations

import click

from remit import __version__
from remit.cli.serve import serve_command


@click.group(
    context_settings={"auto_envvar_prefix": "REMIT", "help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, prog_name="remit")
def main() -> None:
    """Remit: a durable workflow engine that Zeebe clients use unchanged."""


main.add_command(serve_command)


if __name__ == "__main__":
    main()
