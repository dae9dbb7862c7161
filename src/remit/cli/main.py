"""The command line: one module per verb."""

from __future__ import annotations

import click

from remit import __version__
from remit.cli.audit import audit_group
from remit.cli.batch import batch_group
from remit.cli.broadcast import broadcast_command
from remit.cli.cancel import cancel_command
from remit.cli.complete import complete_command
from remit.cli.create import create_command
from remit.cli.delete import delete_command
from remit.cli.deploy import deploy_command
from remit.cli.dmn import dmn_group
from remit.cli.evaluate import evaluate_command
from remit.cli.fail import fail_command
from remit.cli.feel import feel_command
from remit.cli.get import get_command
from remit.cli.history import history_group
from remit.cli.lint import lint_command
from remit.cli.list import list_command
from remit.cli.migrate import migrate_command
from remit.cli.modify import modify_command
from remit.cli.policy import policy_group
from remit.cli.publish import publish_command
from remit.cli.resolve import resolve_command
from remit.cli.resume import resume_command
from remit.cli.search import search_command
from remit.cli.serve import serve_command
from remit.cli.set import set_command
from remit.cli.sidecar import sidecar_command
from remit.cli.status import status_command
from remit.cli.suspend import suspend_command
from remit.cli.user import user_group


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="remit")
def main() -> None:
    """Remit: a durable workflow engine that Zeebe clients use unchanged."""


for command in (
    serve_command,
    deploy_command,
    delete_command,
    create_command,
    publish_command,
    broadcast_command,
    cancel_command,
    suspend_command,
    resume_command,
    modify_command,
    migrate_command,
    resolve_command,
    set_command,
    complete_command,
    fail_command,
    status_command,
    list_command,
    get_command,
    search_command,
    evaluate_command,
    feel_command,
    lint_command,
    dmn_group,
    policy_group,
    audit_group,
    sidecar_command,
    history_group,
    batch_group,
    user_group,
):
    main.add_command(command)


if __name__ == "__main__":
    main()
