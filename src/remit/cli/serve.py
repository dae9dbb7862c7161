"""`remit serve`: run a broker."""

from __future__ import annotations

import asyncio
import sys

import click

from remit.gateway.limits import STREAMS
from remit.server.config import Config
from remit.server.main import CannotStart, serve


@click.command("serve")
@click.option(
    "--data",
    envvar="REMIT_DATA",
    default="data",
    show_default=True,
    help="Folder of the broker's data.",
)
@click.option(
    "--host",
    envvar="REMIT_HOST",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on.",
)
@click.option(
    "--grpc-port",
    envvar="REMIT_GRPC_PORT",
    default=26500,
    show_default=True,
    help="0 takes a free port.",
)
@click.option(
    "--http-port",
    envvar="REMIT_HTTP_PORT",
    default=8080,
    show_default=True,
    help="0 takes a free port.",
)
@click.option(
    "--partitions",
    envvar="REMIT_PARTITIONS",
    default=1,
    show_default=True,
    help="How many partitions.",
)
@click.option(
    "--exporter",
    "exporters",
    envvar="REMIT_EXPORTERS",
    multiple=True,
    help="Send every record somewhere: jsonl:PATH writes lines of JSON. May be repeated.",
)
@click.option(
    "--history",
    envvar="REMIT_HISTORY",
    default="",
    help="Where to keep what can be searched: a database URL, or none. Default: beside the data.",
)
@click.option(
    "--history-retention",
    envvar="REMIT_HISTORY_RETENTION",
    multiple=True,
    help="Forget what has ended so many DAYS ago, or of a process with PROCESS=DAYS. May be repeated.",
)
@click.option(
    "--policy-keys",
    envvar="REMIT_POLICY_KEYS",
    default="",
    help="A JWK set: the keys that signed policies are checked with.",
)
@click.option(
    "--holder-key",
    envvar="REMIT_HOLDER_KEY",
    default="",
    help="NAME=FILE: the key that this broker binds policies with.",
)
@click.option(
    "--standing-policies",
    envvar="REMIT_STANDING_POLICIES",
    default="",
    help="A file of signed grants, one to a line: every instance that they are for begins under them.",
)
@click.option(
    "--require-policy",
    envvar="REMIT_REQUIRE_POLICY",
    is_flag=True,
    help="Nothing begins without a policy.",
)
@click.option(
    "--audit-key",
    envvar="REMIT_AUDIT_KEY",
    default="",
    help="NAME=FILE: the key that checkpoints of the log are signed with.",
)
@click.option(
    "--users",
    envvar="REMIT_USERS",
    default="",
    help="Let in who has a name and password here: a file of NAME:ARGON2-HASH lines.",
)
@click.option(
    "--api-keys",
    envvar="REMIT_API_KEYS",
    default="",
    help="Let in who has a key here: a file of NAME:SHA256-OF-KEY lines.",
)
@click.option(
    "--oidc-issuer",
    envvar="REMIT_OIDC_ISSUER",
    default="",
    help="Let in who has a token of this issuer.",
)
@click.option(
    "--oidc-audience",
    envvar="REMIT_OIDC_AUDIENCE",
    default="",
    help="The audience that tokens are for.",
)
@click.option(
    "--oidc-keys",
    envvar="REMIT_OIDC_KEYS",
    default="",
    help="The issuer's keys: a file with a JWK set, or its https URL.",
)
@click.option(
    "--oidc-ca",
    envvar="REMIT_OIDC_CA",
    default="",
    help="Whom to trust at that URL (PEM; read at each fetch). Default: whom this machine trusts.",
)
@click.option(
    "--oidc-name-claim",
    envvar="REMIT_OIDC_NAME_CLAIM",
    default="sub",
    show_default=True,
    help="The claim of a token that names the caller.",
)
@click.option(
    "--oidc-groups-claim",
    envvar="REMIT_OIDC_GROUPS_CLAIM",
    default="",
    help="The claim of a token that names the caller's groups.",
)
@click.option(
    "--tls-cert",
    envvar="REMIT_TLS_CERT",
    default="",
    help="Both ports speak TLS with this certificate (PEM; read again when it changes).",
)
@click.option("--tls-key", envvar="REMIT_TLS_KEY", default="", help="The certificate's key (PEM).")
@click.option(
    "--tls-client-ca",
    envvar="REMIT_TLS_CLIENT_CA",
    default="",
    help="Let in who shows a certificate that this authority signed (PEM).",
)
@click.option(
    "--tls-client-crl",
    envvar="REMIT_TLS_CLIENT_CRL",
    default="",
    help="Keep out whose certificate is on this list of revoked ones (PEM; read again).",
)
@click.option(
    "--max-requests-per-second",
    envvar="REMIT_MAX_REQUESTS_PER_SECOND",
    default=0.0,
    show_default=True,
    help="What one client may send; 0 is any number.",
)
@click.option(
    "--max-streams",
    envvar="REMIT_MAX_STREAMS",
    default=STREAMS,
    show_default=True,
    help="Job streams and long polls that one client may hold open.",
)
@click.option(
    "--multi-tenancy",
    envvar="REMIT_MULTI_TENANCY",
    is_flag=True,
    help="Tenants count: callers see and use those that they are members of.",
)
@click.option(
    "--authorizations",
    envvar="REMIT_AUTHORIZATIONS",
    is_flag=True,
    help="Authorizations count: callers may do what they were granted, and nothing else.",
)
@click.option(
    "--admin",
    "admins",
    envvar="REMIT_ADMINS",
    multiple=True,
    help="A caller who may do everything, e.g. grant the rest: a name, or basic:, apikey:, jwt: or "
    "mtls: and the name. May be repeated.",
)
@click.option(
    "--allow-anonymous-network",
    envvar="REMIT_ALLOW_ANONYMOUS_NETWORK",
    is_flag=True,
    help="Listen beyond this machine although nobody has to say who they are.",
)
def serve_command(
    data: str,
    host: str,
    grpc_port: int,
    http_port: int,
    partitions: int,
    exporters: tuple[str, ...],
    history: str,
    history_retention: tuple[str, ...],
    policy_keys: str,
    holder_key: str,
    standing_policies: str,
    require_policy: bool,
    audit_key: str,
    users: str,
    api_keys: str,
    oidc_issuer: str,
    oidc_audience: str,
    oidc_keys: str,
    oidc_ca: str,
    oidc_name_claim: str,
    oidc_groups_claim: str,
    tls_cert: str,
    tls_key: str,
    tls_client_ca: str,
    tls_client_crl: str,
    max_requests_per_second: float,
    max_streams: int,
    multi_tenancy: bool,
    authorizations: bool,
    admins: tuple[str, ...],
    allow_anonymous_network: bool,
) -> None:
    """Run a broker until it is told to stop (SIGTERM or Ctrl-C)."""
    config = Config(
        data=data,
        host=host,
        grpc_port=grpc_port,
        http_port=http_port,
        partitions=partitions,
        exporters=exporters,
        history=history,
        history_retention=history_retention,
        policy_keys=policy_keys,
        holder_key=holder_key,
        standing_policies=standing_policies,
        require_policy=require_policy,
        audit_key=audit_key,
        users=users,
        api_keys=api_keys,
        oidc_issuer=oidc_issuer,
        oidc_audience=oidc_audience,
        oidc_keys=oidc_keys,
        oidc_ca=oidc_ca,
        oidc_name_claim=oidc_name_claim,
        oidc_groups_claim=oidc_groups_claim,
        tls_cert=tls_cert,
        tls_key=tls_key,
        tls_client_ca=tls_client_ca,
        tls_client_crl=tls_client_crl,
        max_requests_per_second=max_requests_per_second,
        max_streams=max_streams,
        multi_tenancy=multi_tenancy,
        authorizations=authorizations,
        admins=admins,
        allow_anonymous_network=allow_anonymous_network,
    )
    try:
        sys.exit(asyncio.run(serve(config, lambda line: print(line, flush=True))))
    except CannotStart as fault:
        raise click.ClickException(str(fault)) from fault
