"""People sign in and out."""

from fastapi import APIRouter, Response, status

from api.deps import CurrentUser
from api.errors import problems
from api.shapes.people import Me, SignedIn, SignIn

router = APIRouter(tags=["sessions"])


@router.post(
    "/sessions",
    operation_id="signIn",
    status_code=status.HTTP_201_CREATED,
    summary="Sign in",
    responses=problems(401, 422, 429),
)
def sign_in(body: SignIn, response: Response) -> SignedIn:
    """Return a session token and set it as an HttpOnly cookie."""
    raise NotImplementedError


@router.delete(
    "/sessions/current",
    operation_id="signOut",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Sign out",
    responses=problems(401, 403),
)
def sign_out(user: CurrentUser, response: Response) -> None:
    """End the session of this token; the cookie is removed."""
    raise NotImplementedError


@router.get("/me", operation_id="getMe", summary="Who is signed in", responses=problems(401))
def get_me(user: CurrentUser) -> Me:
    """Return the person, their roles and the enterprises they may see."""
    raise NotImplementedError
