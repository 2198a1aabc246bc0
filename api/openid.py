"""Signing in by an OpenID provider: authorization code with PKCE (RFC 7636), state and nonce (OpenID Connect Core 1.0).

1 the person is sent to the provider, with a state, a nonce and the hash of a verifier; what they mean is kept for `LIFE`
2 the provider sends them back with a code; state, issuer (RFC 9207) and the browser's cookie must fit what is kept, once
3 the code and the verifier are traded for an ID token, server to server
4 its signature, issuer, audience, times and nonce are checked; issuer and subject name the person, and nothing else does

An address of mail in the token is not read: whoever registers it at a provider would be somebody else here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy import delete
from sqlmodel import Session, col, select

from api.errors import ProviderRefused, ProviderUnavailable
from api.settings import Settings
from api.tokens import new_token, sha256_of_token
from inspection.errors import AlreadyExists, NotFound
from inspection.tables import ForeignIdentity, ProviderAttempt, User

LIFE = timedelta(minutes=10)
TIMEOUT_S = 10.0
LEEWAY_S = 60
# Asymmetric alone: with HS256 the client's secret would sign.
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA", "Ed25519")
UNAVAILABLE = "the provider does not answer as it should; sign in with your password"
REFUSED = "the provider's answer does not hold; begin again"


@dataclass(frozen=True)
class Sent:
    """A person on the way to the provider: where to, and the secret that their browser keeps."""

    address: str
    browser: str


@dataclass(frozen=True)
class Joining:
    """An invitation that is accepted by the sign-in, and how the new account is called."""

    invitation_id: UUID
    login: str
    name: str


@dataclass(frozen=True)
class Returned:
    """What the provider sent back with the browser."""

    code: str
    state: str
    issuer: str | None
    browser: str


@dataclass(frozen=True)
class Provider:
    """One OpenID provider that people may sign in by."""

    issuer: str
    client_id: str
    client_secret: str
    callback: str

    @classmethod
    def from_settings(cls, settings: Settings) -> "Provider":
        """Return the provider of the settings. Raises `NotFound` where none is set."""
        if not settings.oidc_issuer:
            raise NotFound("sign-in provider", "of this server")
        return cls(
            settings.oidc_issuer,
            settings.oidc_client_id,
            settings.oidc_client_secret.get_secret_value(),
            f"{settings.app_url}/v1/openid/callback",
        )

    def begin(
        self,
        session: Session,
        user_id: UUID | None,
        now: datetime,
        metadata: dict[str, Any],
        joining: Joining | None = None,
    ) -> Sent:  # 1
        """Return where to send a person; `user_id` is whose account is to be linked, None for a sign-in or for `joining`."""
        state, nonce, verifier, browser = (new_token() for _ in range(4))
        session.exec(delete(ProviderAttempt).where(col(ProviderAttempt.expires_at) <= now))
        session.add(
            ProviderAttempt(
                state_sha256=sha256_of_token(state),
                browser_sha256=sha256_of_token(browser),
                nonce=nonce,
                verifier=verifier,
                user_id=user_id,
                invitation_id=joining.invitation_id if joining else None,
                login=joining.login if joining else "",
                name=joining.name if joining else "",
                expires_at=now + LIFE,
            )
        )
        address = prepare_grant_uri(
            metadata["authorization_endpoint"],
            self.client_id,
            "code",
            redirect_uri=self.callback,
            scope="openid",
            state=state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
        )
        return Sent(address, browser)

    def metadata(self) -> dict[str, Any]:
        """Return what the provider says of itself. Raises `ProviderUnavailable`."""
        address = f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"
        told = _asked(lambda: httpx.get(address, timeout=TIMEOUT_S))
        if told.get("issuer") != self.issuer:
            raise ProviderUnavailable(f"the provider says that it is {told.get('issuer')!r}")
        return told

    def subject(self, returned: Returned, attempt: ProviderAttempt) -> str:  # 3, 4
        """Return who it is, as the provider names them. Raises `ProviderRefused`, `ProviderUnavailable`."""
        if returned.issuer is not None and returned.issuer != self.issuer:
            raise ProviderRefused(REFUSED)
        metadata = self.metadata()
        traded = {
            "grant_type": "authorization_code",
            "code": returned.code,
            "redirect_uri": self.callback,
            "code_verifier": attempt.verifier,
        }
        mine = (self.client_id, self.client_secret)
        answer = _asked(
            lambda: httpx.post(
                metadata["token_endpoint"], data=traded, auth=mine, timeout=TIMEOUT_S
            )
        )
        published = _asked(lambda: httpx.get(metadata["jwks_uri"], timeout=TIMEOUT_S))
        try:
            keys = KeySet.import_key_set(published)  # type: ignore[arg-type]  # its shape is checked there
        except (JoseError, KeyError, ValueError) as error:
            raise ProviderUnavailable(UNAVAILABLE) from error
        return self._checked(answer.get("id_token"), keys, attempt.nonce)

    def _checked(self, id_token: object, keys: KeySet, nonce: str) -> str:
        rules = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_S,
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": self.client_id},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            claims = jwt.decode(str(id_token), keys, algorithms=ALGORITHMS).claims
            rules.validate(claims)
        except (JoseError, ValueError) as error:
            raise ProviderRefused(REFUSED) from error
        if claims.get("azp", self.client_id) != self.client_id or claims["aud"] not in (
            self.client_id,
            [self.client_id],
        ):
            raise ProviderRefused(REFUSED)
        return str(claims["sub"])


def take_attempt(session: Session, returned: Returned, now: datetime) -> ProviderAttempt:  # 2
    """Use up what was kept for a state and this browser. Raises `ProviderRefused`."""
    mine = (
        col(ProviderAttempt.state_sha256) == sha256_of_token(returned.state),
        col(ProviderAttempt.browser_sha256) == sha256_of_token(returned.browser),
    )
    attempt = session.exec(select(ProviderAttempt).where(*mine)).first()
    # One statement decides, so that of two answers with the same state only one is heard.
    used = session.exec(delete(ProviderAttempt).where(*mine)).rowcount
    if attempt is None or not used or attempt.expires_at <= now:
        raise ProviderRefused(REFUSED)
    session.expunge(attempt)
    return attempt


def person_of(session: Session, issuer: str, subject: str) -> User | None:
    """Return whose account is linked, where they may still sign in."""
    identity = session.get(ForeignIdentity, (issuer, subject))
    user = None if identity is None else session.get(User, identity.user_id)
    return user if user is not None and user.is_active else None


def link(session: Session, issuer: str, subject: str, user_id: UUID, now: datetime) -> None:
    """Let a person sign in by this account of the provider. Raises `AlreadyExists` when it is another person's."""
    identity = session.get(ForeignIdentity, (issuer, subject))
    if identity is not None and identity.user_id != user_id:
        raise AlreadyExists("link of", subject)
    if identity is None:
        row = ForeignIdentity(issuer=issuer, subject=subject, user_id=user_id, linked_at=now)
        session.add(row)


def unlink(session: Session, user_id: UUID) -> None:
    """Forget every account at a provider that a person has linked."""
    session.exec(delete(ForeignIdentity).where(col(ForeignIdentity.user_id) == user_id))


def _asked(ask: Callable[[], httpx.Response]) -> dict[str, Any]:
    try:
        answer = ask()
        if answer.status_code in {400, 401, 403}:
            raise ProviderRefused(REFUSED)
        answer.raise_for_status()
        told = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise ProviderUnavailable(UNAVAILABLE) from error
    if not isinstance(told, dict):
        raise ProviderUnavailable(UNAVAILABLE)
    return told
