"""Every setting of a broker, with its environment twin `REMIT_<NAME>`."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path

import msgspec

from remit.base.errors import Unavailable
from remit.exporters.kinds import exporter_of
from remit.gateway.auth import problem as problem_of_ways
from remit.gateway.limits import STREAMS
from remit.history.database import open_database
from remit.history.pruning import Retention
from remit.identity.principal import Access
from remit.partition.keys import PolicyFiles, check_signer, read_governor, read_signer
from remit.server.tls import TlsFiles

CLUSTER_ID = "cluster-id"
"""The file in the data folder with the id that stays with the data."""

SETTINGS = "REMIT_BROKER_SETTINGS"
"""Environment: a `Config` as JSON, from the supervisor to the broker's process."""


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`control` is the socket on which the supervisor and the broker process talk.

    `history` is a database URL, "none", or empty for a file beside the data; `history_retention` says
    how long it keeps what has ended (`remit.history.pruning.Retention`).
    """

    data: str = "data"
    host: str = "127.0.0.1"
    grpc_port: int = 26500
    http_port: int = 8080
    partitions: int = 1
    allow_anonymous_network: bool = False
    exporters: tuple[str, ...] = ()
    history: str = ""
    history_retention: tuple[str, ...] = ()
    policy_keys: str = ""
    holder_key: str = ""
    standing_policies: str = ""
    require_policy: bool = False
    audit_key: str = ""
    users: str = ""
    api_keys: str = ""
    oidc_issuer: str = ""
    oidc_audience: str = ""
    oidc_keys: str = ""
    oidc_ca: str = ""
    oidc_name_claim: str = "sub"
    oidc_groups_claim: str = ""
    tls_cert: str = ""
    tls_key: str = ""
    tls_client_ca: str = ""
    tls_client_crl: str = ""
    max_requests_per_second: float = 0
    max_streams: int = STREAMS
    multi_tenancy: bool = False
    authorizations: bool = False
    admins: tuple[str, ...] = ()
    control: str = ""

    @property
    def policies(self) -> PolicyFiles:
        """What instances are governed with."""
        return PolicyFiles(
            self.policy_keys, self.holder_key, self.standing_policies, self.require_policy
        )

    @property
    def is_read_beside(self) -> bool:
        """Whether processes beside the broker read the log of its one partition, which is a thread.

        Then they and Envoy stand aside: without that its thread is interrupted for Envoy's once an
        instance, and commands are slowed by 12 % instead of 10 (benchmarks/RESULTS.md).
        """
        return self.partitions == 1 and bool(self.history_url or self.exporters or self.audit_key)

    @property
    def history_url(self) -> str:
        """Where history is kept: beside the data by default; empty for nowhere."""
        if self.history == "none":
            return ""
        return self.history or f"sqlite:///{Path(self.data).absolute() / 'history.db'}"

    @property
    def access(self) -> Access | None:
        """None while everybody may do everything."""
        if not (self.multi_tenancy or self.authorizations):
            return None
        admins = frozenset(self.admins)
        return Access(self.multi_tenancy, self.authorizations, admins, self.oidc_groups_claim)

    @property
    def tls(self) -> TlsFiles:
        return TlsFiles(self.tls_cert, self.tls_key, self.tls_client_ca, self.tls_client_crl)

    @property
    def has_credentials(self) -> bool:
        """Callers can say who they are in a header."""
        return bool(self.users or self.api_keys or self.oidc_issuer)

    @property
    def requires_certificate(self) -> bool:
        """A client certificate is the only way to say who calls."""
        return bool(self.tls_client_ca) and not self.has_credentials

    def _awaits_first_user(self) -> bool:
        """Nobody is let in but by the passwords of users that are made in the broker."""
        if self.api_keys or self.oidc_issuer or self.tls_client_ca or not self.users:
            return False
        try:
            lines = Path(self.users).read_text().splitlines()
        except OSError:
            return False
        return not [line for line in lines if line.strip() and not line.startswith("#")]

    def problem(self) -> str:
        """What is wrong with these settings, as a sentence; empty when nothing is."""
        if not 1 <= self.partitions <= 64:
            return f"--partitions is between 1 and 64, not {self.partitions}"
        for option, port in (("--grpc-port", self.grpc_port), ("--http-port", self.http_port)):
            if not 0 <= port <= 65_535:
                return f"{option} is between 0 and 65535, not {port}"
        try:
            is_loopback = ip_address(self.host).is_loopback
        except ValueError:
            return (
                f"--host is an address of this machine, such as 127.0.0.1, ::1 or 0.0.0.0, and not "
                f"'{self.host}'"
            )
        ways = problem_of_ways(
            self.users,
            self.api_keys,
            self.oidc_issuer,
            self.oidc_audience,
            self.oidc_keys,
            self.oidc_ca,
        )
        if ways:
            return ways
        is_anonymous = not (self.has_credentials or self.tls_client_ca)
        if is_anonymous and not is_loopback and not self.allow_anonymous_network:
            return (
                f"--host {self.host} would let anybody on the network in, since nobody has to say who "
                f"they are. Listen on 127.0.0.1, or add --allow-anonymous-network if that is what you "
                f"want"
            )
        if self.access is not None and is_anonymous:
            return (
                "--multi-tenancy and --authorizations need to know who calls: add --users, --api-keys, "
                "--oidc-issuer or --tls-client-ca"
            )
        if self.access is not None and not self.admins and not self._awaits_first_user():
            return (
                "nobody could grant anything to anybody: name who may do everything by --admin NAME, or "
                "let the first user be set up (`remit user setup`): by --users with a file of nobody, "
                "and no other way to come in"
            )
        if self.max_requests_per_second < 0 or self.max_streams < 1:
            return "--max-requests-per-second is 0 or more, and --max-streams 1 or more"
        if self.tls.problem():
            return self.tls.problem()
        if self.history_url:
            try:
                open_database(self.history_url).dispose()
            except ValueError as fault:
                return f"--history: {fault}"
        try:
            read_governor(self.policies)
        except Unavailable as fault:
            return str(fault)
        if self.audit_key:
            try:
                check_signer(read_signer(self.audit_key), self.policy_keys, "audit")
            except Unavailable as fault:
                return f"--audit-key: {fault}"
        try:
            Retention.of(self.history_retention)
        except ValueError as fault:
            return f"--history-retention: {fault}"
        for spec in self.exporters:
            try:
                exporter_of(spec)
            except ValueError as fault:
                return f"--exporter {spec}: {fault}"
        if Path(self.data).exists() and not Path(self.data).is_dir():
            return f"--data {self.data} is a file, not a folder"
        return ""
