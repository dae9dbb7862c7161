"""Who calls, as the channel says it: never as the caller says it of itself.

    authorization: Basic name:password        users, argon2 hashes          method "basic"
    authorization: Bearer KEY, or x-api-key   API keys, SHA-256 hashes      method "apikey"
    authorization: Bearer JWT                 OIDC, keys of the issuer      method "jwt"
    a client certificate                      see `certificates.py`         method "mtls"

Without any of them everybody is anonymous (mode `none`), and the server listens on the loopback only,
unless it is told otherwise in words. With one of them nobody is: a missing or empty header is refused.
gRPC metadata and HTTP headers are the same thing here.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from joserfc import jwt
from joserfc.errors import BadSignatureError, InvalidKeyIdError, JoseError

from remit.base.errors import Fault
from remit.gateway.certificates import HEADER, Certificates
from remit.gateway.faults import Code, Status
from remit.gateway.issuer import Keys, KeysAtUrl, KeysInFile, issuer_keys
from remit.gateway.latest import Latest
from remit.identity.directory import Directory
from remit.protocol.values import ANONYMOUS, Actor

ALGORITHMS = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "Ed25519",
    "EdDSA",
)
"""Signatures that are taken: asymmetric ones. `none` and shared secrets are not among them."""

SKEW_SECONDS = 30
REMEMBERED_SECONDS = 60.0
REMEMBERED = 10_000
PASSWORDS_PER_SECOND = 4.0
"""Passwords that are checked: each costs some 50 ms on purpose. Known ones are remembered."""

LONGEST_NAME = 1024
"""Signs in a caller's name: what signed policies can hold."""

LARGEST_HEADER = 16 * 1024


class Authenticator(Protocol):
    def actor(self, headers: Mapping[bytes, bytes]) -> Actor:
        """Who sent a request with these headers (names in lower case); raises `Status`."""
        ...

    def knows_nobody(self) -> bool:
        """There is nobody yet who could show credentials."""
        ...


class Nobody:
    """Mode `none`: everybody is anonymous."""

    def actor(self, headers: Mapping[bytes, bytes]) -> Actor:
        return ANONYMOUS

    def knows_nobody(self) -> bool:
        return True


class Way(Protocol):
    """One way to say who calls. None: not this way; raises `Status` for what is wrong."""

    def actor(self, scheme: str, credentials: str) -> Actor | None: ...


class Ways:
    """The first way that knows the credentials; nobody is let in without."""

    def __init__(self, ways: Sequence[Way], certificates: Certificates | None = None) -> None:
        self._ways = ways
        self._certificates = certificates

    def actor(self, headers: Mapping[bytes, bytes]) -> Actor:
        given = headers.get(b"authorization", b"").strip()
        if not given and headers.get(b"x-api-key"):
            given = b"Bearer " + headers[b"x-api-key"].strip()
        if not given and self._certificates is not None and headers.get(HEADER):
            return _named(self._certificates.actor(headers[HEADER]))
        if not given:
            raise _unknown("Expected credentials in the authorization header, but there are none")
        if len(given) > LARGEST_HEADER:
            raise _unknown("the authorization header is too long")
        scheme, _, credentials = given.decode("latin-1").partition(" ")
        for way in self._ways:
            actor = way.actor(scheme.lower(), credentials.strip())
            if actor is not None:
                return _named(actor)
        raise _unknown("the credentials are not known here")

    def knows_nobody(self) -> bool:
        """Only where passwords are the one way in: others may know people that are not listed here."""
        others = [way for way in self._ways if not isinstance(way, Users)]
        users = [way for way in self._ways if isinstance(way, Users)]
        return not others and self._certificates is None and all(way.is_empty() for way in users)


class Users:
    """`NAME:ARGON2-HASH`, one to a line; and the users that were made here, where `directory` has them.

    A name in the file is the one of the file.
    """

    def __init__(
        self,
        path: Path,
        directory: Directory | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._file = Latest(path, _pairs, clock)
        self._directory = directory or Directory()
        self._hasher = PasswordHasher()
        self._of_nobody = hash_password("nobody has this name")
        self._clock = clock
        self._known: dict[bytes, tuple[float, bool]] = {}
        self._allowance, self._at = PASSWORDS_PER_SECOND, clock()

    def actor(self, scheme: str, credentials: str) -> Actor | None:
        if scheme != "basic":
            return None
        try:
            text = base64.b64decode(credentials, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise _unknown("the basic credentials can't be read") from None
        name, colon, password = text.partition(":")
        if not colon or not self._is(name, password):
            raise _unknown("the name or the password is wrong")
        return Actor(name, "basic", "basic")

    def is_empty(self) -> bool:
        return not self._file.now() and not self._directory.snapshot.users

    def _is(self, name: str, password: str) -> bool:
        found = self._hash(name)
        digest = hashlib.sha256(f"{name}\0{found}\0{password}".encode()).digest()
        known = self._known.get(digest)
        if known is not None and self._clock() - known[0] < REMEMBERED_SECONDS:
            return known[1]
        self._wait_for_turn()
        outcome = self._verify(found, password)
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        self._known[digest] = (self._clock(), outcome)
        return outcome

    def _hash(self, name: str) -> str:
        """Empty: nobody has this name, or no password."""
        user = self._directory.user(name)
        return dict(self._file.now()).get(name) or ("" if user is None else user.password_hash)

    def _verify(self, found: str, password: str) -> bool:
        """A name that nobody has takes as long as a wrong password."""
        try:
            self._hasher.verify(found or self._of_nobody, password)
        except (VerificationError, InvalidHashError):
            return False
        return bool(found)

    def _wait_for_turn(self) -> None:
        now = self._clock()
        self._allowance = min(
            PASSWORDS_PER_SECOND, self._allowance + (now - self._at) * PASSWORDS_PER_SECOND
        )
        self._at = now
        if self._allowance < 1:
            raise Status(
                Code.RESOURCE_EXHAUSTED, "too many passwords are being tried; wait a moment"
            )
        self._allowance -= 1


class ApiKeys:
    """`NAME:SHA256-OF-THE-KEY` in hexadecimal, one to a line."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._file = Latest(path, _pairs, clock)

    def actor(self, scheme: str, credentials: str) -> Actor | None:
        if scheme != "bearer":
            return None
        wanted = hashlib.sha256(credentials.encode("latin-1")).hexdigest()
        for name, digest in self._file.now():
            if hmac.compare_digest(digest.lower(), wanted):
                return Actor(name, "apikey", "apikey")
        return None


class Unsure(Status):
    """A token is signed with a key that is not known: refused, unless the keys are `renewed` first."""

    def __init__(self, said: str, renewed: Callable[[], Awaitable[None]]) -> None:
        super().__init__(Code.UNAUTHENTICATED, said)
        self.renewed = renewed


class Oidc:
    """Tokens of one issuer for one audience, signed with one of its `keys`."""

    def __init__(self, issuer: str, audience: str, keys: Keys, claim: str = "sub") -> None:
        self._claim = claim
        self._keys = keys
        self._claims = jwt.JWTClaimsRegistry(
            leeway=SKEW_SECONDS,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
        )

    def actor(self, scheme: str, credentials: str) -> Actor | None:
        if scheme != "bearer" or credentials.count(".") != 2:
            return None
        keys = self._keys.now()
        if keys is None:
            raise Unsure("the keys of the token's issuer are not known yet", self._keys.renewed)
        try:
            token = jwt.decode(credentials, keys, algorithms=list(ALGORITHMS))
            self._claims.validate(token.claims)
        except InvalidKeyIdError as fault:
            raise Unsure(f"the token is not accepted: {fault}", self._keys.renewed) from None
        except (JoseError, ValueError, TypeError) as fault:
            if isinstance(fault, BadSignatureError):
                self._keys.look_again()
            raise _unknown(f"the token is not accepted: {fault}") from None
        name = token.claims.get(self._claim)
        if not isinstance(name, str) or not name:
            raise _unknown(f"the token has no claim '{self._claim}' that names somebody")
        return Actor(name, "jwt", "jwt", _plain(token.claims))


def problem(
    users: str, api_keys: str, issuer: str, audience: str, keys: str, authority: str = ""
) -> str:
    """What is wrong with the files and words of these ways in, as a sentence; empty when nothing is."""
    for option, path, shape, said in (
        ("--users", users, _PASSWORD, "`remit user password NAME` prints such a line"),
        ("--api-keys", api_keys, _SHA256, "`remit user key NAME` prints such a line"),
    ):
        if not path:
            continue
        if not Path(path).is_file():
            return f"{option}: there is no file {path}"
        try:
            odd = next(
                (name for name, each in _pairs(Path(path)) if not shape.fullmatch(each)), None
            )
        except UnicodeDecodeError:
            return f"{option}: {path} is no text in UTF-8"
        except (OSError, Fault) as fault:
            return f"{option}: {fault}"
        if odd is not None:
            return f"{option}: what {path} has for {odd} is no hash; {said}"
    if not issuer and (audience or keys):
        return (
            "--oidc-keys and --oidc-audience need --oidc-issuer as well: say whose tokens are taken"
        )
    if issuer and not (audience and keys):
        return "--oidc-issuer needs --oidc-audience and --oidc-keys as well"
    if "://" in keys and not keys.startswith("https://"):
        return f"--oidc-keys is a file or an https:// URL, not {keys}"
    if authority:
        return _problem_of_authority(authority, keys)
    if keys and not keys.startswith("https://"):
        try:
            issuer_keys(keys)
        except Fault as fault:
            return f"--oidc-keys: {fault}"
    return ""


def _problem_of_authority(path: str, keys: str) -> str:
    if not keys.startswith("https://"):
        return "--oidc-ca says whom to trust at an https URL: give one as --oidc-keys"
    try:
        ssl.create_default_context(cafile=path)
    except (OSError, ValueError) as fault:
        return f"--oidc-ca {path} can't be used: {fault}"
    return ""


_PASSWORD = re.compile(r"\$argon2\S+", re.ASCII)
_SHA256 = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)


def authenticator(
    users: str = "",
    api_keys: str = "",
    issuer: str = "",
    audience: str = "",
    keys: str = "",
    claim: str = "sub",
    *,
    authority: str = "",
    certificates: bool = False,
    directory: Directory | None = None,
) -> Authenticator:
    """The ways that are configured; raises `Fault` with a sentence for what can't be."""
    ways: list[Way] = []
    try:
        if users:
            ways.append(Users(Path(users), directory))
        if issuer:
            ways.append(Oidc(issuer, audience, _keys_of(keys, authority), claim))
        if api_keys:
            ways.append(ApiKeys(Path(api_keys)))
    except OSError as fault:
        raise Fault(f"credentials can't be read: {fault}") from fault
    if certificates:
        return Ways(ways, Certificates())
    return Ways(ways) if ways else Nobody()


def _keys_of(source: str, authority: str) -> Keys:
    if source.startswith("https://"):
        return KeysAtUrl(source, authority)
    return KeysInFile(source)


def hash_password(password: str) -> str:
    return PasswordHasher().hash(password)


def _pairs(path: Path) -> list[tuple[str, str]]:
    """NAME:VALUE lines; empty ones and those that begin with # are left out."""
    found = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, colon, value = line.strip().partition(":")
        if not colon or not name or not value:
            raise Fault(f"{path}, line {number}: expected NAME:HASH")
        found.append((name, value))
    return found


def _plain(claims: Mapping[str, Any]) -> dict[str, Any]:
    """The claims that are simple values: what authorizations and mapping rules look at."""
    kinds = (str, int, bool, list)
    return {name: value for name, value in claims.items() if isinstance(value, kinds)}


def _named(actor: Actor) -> Actor:
    """Raises `Status` for a name that no policy could hold."""
    if len(actor.id) > LONGEST_NAME:
        raise _unknown(f"the caller's name has more than {LONGEST_NAME} signs")
    return actor


def _unknown(said: str) -> Status:
    return Status(Code.UNAUTHENTICATED, said)
