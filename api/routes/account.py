"""The signed-in person's own account. A personal token does not reach it."""

from datetime import timedelta
from uuid import UUID

import segno
from fastapi import Response, status
from sqlmodel import Session, col, select

from api import second_factor, sign_ins
from api.access import log_access
from api.auth import Caller, hash_password
from api.deps import AppParts, PageAsked, Reading, Remote, SignedInPerson, Writing, session_cookie
from api.errors import problems
from api.parts import Parts
from api.password_links import end_links
from api.password_policy import is_strong, require_strong, score_of
from api.proofs import require_password
from api.routing import ApiRouter
from api.shapes.accounts import (
    Account,
    CodeProof,
    NewPersonalToken,
    NewSecondFactor,
    PasswordChange,
    PasswordProof,
    PasswordStrength,
    PasswordTried,
    PersonalTokenMade,
    PersonalTokens,
    PersonalTokenView,
    RecoveryCodes,
    SignIns,
    SignInView,
)
from api.tokens import new_personal_token, sha256_of_token
from inspection.account_news import tell_changed
from inspection.errors import InvalidInput, NotFound
from inspection.keysets import page_of_rows
from inspection.queries import page_of
from inspection.tables import ForeignIdentity, PersonalToken, User
from inspection.wire import utc_now

router = ApiRouter(prefix="/me", tags=["account"])


@router.get(
    "/account", operation_id="getAccount", summary="How I sign in", responses=problems(401, 403)
)
def get_account(caller: SignedInPerson, session: Reading) -> Account:
    """Return what the account page shows."""
    linked = select(ForeignIdentity).where(col(ForeignIdentity.user_id) == caller.user_id)
    return Account(
        login=caller.login,
        name=caller.name,
        has_password=bool(session.get_one(User, caller.user_id).password_hash),
        has_second_factor=second_factor.is_on(session, caller.user_id),
        recovery_codes_left=second_factor.codes_left(session, caller.user_id),
        may_sign_in_by_provider=session.exec(linked).first() is not None,
    )


@router.put(
    "/password",
    operation_id="changePassword",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Change my password",
    responses=problems(401, 403, 422, 429),
)
def change_password(
    body: PasswordChange, caller: SignedInPerson, parts: AppParts, remote: Remote
) -> None:
    """Set a new password, and end every other sign-in."""
    require_password(parts, caller, body.current, remote)
    require_strong(body.new, caller.login, caller.name)
    # Hashed before the transaction begins: on SQLite it would hold up every writer.
    password_hash = hash_password(body.new)
    with parts.write.begin() as session:
        session.get_one(User, caller.user_id).password_hash = password_hash
        sign_ins.end_all(session, caller.user_id, but=caller.credential.id)
        end_links(session, caller.user_id)
        tell_changed(session, caller.user_id, "password", utc_now(), remote=remote)
        log_access(session, actor=caller.actor, action="password.change", remote=remote)


@router.post(
    "/password/strength",
    operation_id="estimatePassword",
    summary="How hard a new password is to guess",
    responses=problems(401, 403, 422),
)
def estimate_password(body: PasswordTried, caller: SignedInPerson) -> PasswordStrength:
    """Return what the meter shows. Nothing of it is kept or logged."""
    known = (caller.login, caller.name)
    return PasswordStrength(
        score=score_of(body.password, *known), is_taken=is_strong(body.password, *known)
    )


@router.post(
    "/second-factor",
    operation_id="beginSecondFactor",
    status_code=status.HTTP_201_CREATED,
    summary="Set up an authenticator app",
    responses=problems(401, 403, 409, 422, 429),
)
def begin_second_factor(
    body: PasswordProof, caller: SignedInPerson, parts: AppParts, remote: Remote
) -> NewSecondFactor:
    """Return a new secret; it counts once a code of it was sent to `confirmSecondFactor`."""
    require_password(parts, caller, body.password, remote)
    with parts.write.begin() as session:
        secret, uri = second_factor.begin(
            session, parts.seal, caller.user_id, caller.login, utc_now()
        )
    qr_svg = segno.make(uri, error="m").svg_data_uri(scale=4, border=4)
    return NewSecondFactor(secret=secret, uri=uri, qr_svg=qr_svg)


@router.put(
    "/second-factor",
    operation_id="confirmSecondFactor",
    summary="Let the authenticator count",
    responses=problems(401, 403, 409, 422, 429),
)
def confirm_second_factor(
    body: CodeProof, caller: SignedInPerson, parts: AppParts, remote: Remote
) -> RecoveryCodes:
    """From now on a sign-in asks for a code. Returns the recovery codes, once."""
    with parts.write.begin() as session:
        codes = second_factor.confirm(session, parts.seal, caller.user_id, body.code, utc_now())
        sign_ins.end_all(session, caller.user_id, but=caller.credential.id)
        log_access(session, actor=caller.actor, action="second_factor.set", remote=remote)
        tell_changed(session, caller.user_id, "second_factor_set", utc_now(), remote=remote)
    return RecoveryCodes(codes=codes)


@router.post(
    "/second-factor/removal",
    operation_id="removeSecondFactor",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Remove the authenticator",
    responses=problems(401, 403, 422, 429),
)
def remove_second_factor(
    body: PasswordProof, caller: SignedInPerson, parts: AppParts, remote: Remote
) -> None:
    """A sign-in asks for the password alone again; recovery codes are forgotten."""
    require_password(parts, caller, body.password, remote)
    with parts.write.begin() as session:
        second_factor.remove(session, caller.user_id)
        sign_ins.end_all(session, caller.user_id, but=caller.credential.id)
        log_access(session, actor=caller.actor, action="second_factor.remove", remote=remote)
        tell_changed(session, caller.user_id, "second_factor_removed", utc_now(), remote=remote)


@router.post(
    "/second-factor/recovery-codes",
    operation_id="renewRecoveryCodes",
    status_code=status.HTTP_201_CREATED,
    summary="Make new recovery codes",
    responses=problems(401, 403, 409, 422, 429),
)
def renew_recovery_codes(
    body: PasswordProof, caller: SignedInPerson, parts: AppParts, remote: Remote
) -> RecoveryCodes:
    """Return new recovery codes, once; those of before count no more."""
    require_password(parts, caller, body.password, remote)
    with parts.write.begin() as session:
        codes = second_factor.renew_recovery_codes(session, caller.user_id)
        log_access(session, actor=caller.actor, action="recovery_codes.renew", remote=remote)
        tell_changed(session, caller.user_id, "recovery_codes", utc_now(), remote=remote)
    return RecoveryCodes(codes=codes)


@router.get(
    "/sessions", operation_id="listSignIns", summary="Where I am signed in", responses=problems(401, 403, 422)
)  # fmt: skip
def list_sign_ins(caller: SignedInPerson, session: Reading, asked: PageAsked) -> SignIns:
    """Return the standing sign-ins, the newest first."""
    rows = sign_ins.sign_ins_of(session, caller.user_id, utc_now())
    page = page_of_rows(
        rows, lambda row: (-int(row.created_at.timestamp() * 1_000_000), str(row.id)), asked
    )
    return SignIns(
        items=[SignInView.from_row(row, caller.credential.id) for row in page.rows],
        next_cursor=page.next_cursor,
    )


@router.post(
    "/sessions/end",
    operation_id="signOutEverywhere",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Sign out everywhere",
    responses=problems(401, 403, 422, 429),
)
def sign_out_everywhere(
    body: PasswordProof,
    caller: SignedInPerson,
    response: Response,
    parts: AppParts,
    remote: Remote,
) -> None:
    """End every sign-in of mine, this one too. It asks for the password again."""
    require_password(parts, caller, body.password, remote)
    with parts.write.begin() as session:
        sign_ins.end_all(session, caller.user_id)
        log_access(session, actor=caller.actor, action="sign_out.everywhere", remote=remote)
    drop_cookie(response, parts)


@router.post(
    "/sessions/{sign_in_id}/end",
    operation_id="endSignIn",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="End one sign-in",
    responses=problems(401, 403, 404, 422, 429),
)
def end_sign_in(
    sign_in_id: UUID, body: PasswordProof, caller: SignedInPerson, parts: AppParts, remote: Remote
) -> None:
    """End one sign-in of mine, its cookie and its token. It asks for the password again."""
    with parts.read() as session:
        sign_ins.require_own(session, caller.user_id, sign_in_id)
    require_password(parts, caller, body.password, remote)
    with parts.write.begin() as session:
        sign_ins.end_sign_in(session, caller.user_id, sign_in_id)
        log_access(session, actor=caller.actor, action="sign_out", remote=remote)


@router.get(
    "/tokens", operation_id="listPersonalTokens", summary="My tokens for scripts", responses=problems(401, 403, 422)
)  # fmt: skip
def list_personal_tokens(
    caller: SignedInPerson, session: Reading, asked: PageAsked
) -> PersonalTokens:
    """Return my tokens without their secrets, revoked and expired ones too."""
    mine = col(PersonalToken.user_id) == caller.user_id
    keys = (col(PersonalToken.id), col(PersonalToken.id))
    page = page_of(session, PersonalToken, keys, [mine], asked)
    return PersonalTokens(
        items=[PersonalTokenView.from_row(row) for row in page.rows], next_cursor=page.next_cursor
    )


@router.post(
    "/tokens",
    operation_id="createPersonalToken",
    status_code=status.HTTP_201_CREATED,
    summary="Make a token for a script",
    responses=problems(401, 403, 422),
)
def create_personal_token(
    body: NewPersonalToken,
    caller: SignedInPerson,
    session: Writing,
    parts: AppParts,
    remote: Remote,
) -> PersonalTokenMade:
    """Return a token, shown once. It sees what I see, and does no more than its scopes say."""
    longest = parts.settings.personal_token_days
    if body.days > longest:
        raise InvalidInput(f"a token of this server counts at most {longest} days")
    token, now = new_personal_token(), utc_now()
    row = PersonalToken(
        user_id=caller.user_id,
        name=body.name,
        token_sha256=sha256_of_token(token),
        scopes=sorted(body.scopes),
        created_at=now,
        expires_at=now + timedelta(days=body.days),
    )
    session.add(row)
    session.flush()
    _log_token(session, caller, "token.create", row, remote)
    return PersonalTokenMade(**dict(PersonalTokenView.from_row(row)), token=token)


@router.delete(
    "/tokens/{token_id}",
    operation_id="revokePersonalToken",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Revoke a token",
    responses=problems(401, 403, 404, 422),
)
def revoke_personal_token(
    token_id: UUID, caller: SignedInPerson, session: Writing, remote: Remote
) -> None:
    """End a token at once."""
    row = session.get(PersonalToken, token_id)
    if row is None or row.user_id != caller.user_id:
        raise NotFound("personal token", token_id)
    row.revoked_at = row.revoked_at or utc_now()
    _log_token(session, caller, "token.revoke", row, remote)


def _log_token(
    session: Session, caller: Caller, action: str, row: PersonalToken, remote: str
) -> None:
    detail = f"{row.name} {row.id} ({', '.join(row.scopes)})"
    log_access(session, actor=caller.actor, action=action, detail=detail, remote=remote)
    what = "token_made" if action == "token.create" else "token_revoked"
    tell_changed(session, caller.user_id, what, utc_now(), name=row.name, remote=remote)


def drop_cookie(response: Response, parts: Parts) -> None:
    """Have the browser forget the session's cookie."""
    response.delete_cookie(
        session_cookie(parts.settings),
        httponly=True,
        samesite="strict",
        secure=parts.settings.sends_secure_cookies,
    )
