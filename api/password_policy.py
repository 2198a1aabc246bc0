"""Which new passwords are taken: long enough and hard to guess, of any characters (NIST SP 800-63B, ASVS 5.0 chapter 6.2).

No rule asks for digits or signs, and nobody has to change a password by the calendar: both make passwords worse.
"""

from collections.abc import Sequence

from zxcvbn import zxcvbn

from api.errors import PasswordRefused

MIN_LENGTH = 12
MAX_LENGTH = 128
# Guesses of an attacker who has the hash and knows lists of leaked passwords, names and keyboard patterns.
MIN_GUESSES = 10**8
# The estimate takes quadratic time; a password this long is not weak by its end.
_ESTIMATED_LENGTH = 72


def require_strong(password: str, *known_words: str) -> None:
    """Raise `PasswordRefused` for a password that is too short, too long or too easy to guess.

    `known_words` are what an attacker knows of the person: login, name, organisation.
    """
    if len(password) < MIN_LENGTH:
        raise PasswordRefused(
            f"a password has at least {MIN_LENGTH} characters; a few words will do"
        )
    if len(password) > MAX_LENGTH:
        raise PasswordRefused(f"a password has at most {MAX_LENGTH} characters")
    words = _words(known_words)
    if _guesses(password, words) < MIN_GUESSES or _is_made_of(password.casefold(), words):
        raise PasswordRefused(
            "this password is easy to guess; take a few words that do not belong together"
        )


def is_strong(password: str, *known_words: str) -> bool:
    """Return whether a password would be taken."""
    try:
        require_strong(password, *known_words)
    except PasswordRefused:
        return False
    return True


def score_of(password: str, *known_words: str) -> int:
    """Return how hard a password is to guess, 0 to 4: under 10^3, 10^6, 10^8 and 10^10 guesses, and more (zxcvbn's own steps)."""
    guesses = _guesses(password, _words(known_words)) if password else 0
    return sum(guesses >= step for step in (10**3, 10**6, 10**8, 10**10))


def _words(known_words: Sequence[str]) -> list[str]:
    return [word.casefold() for word in ("anxun", "安巡", *known_words) if word]


def _guesses(password: str, words: Sequence[str]) -> float:
    return float(zxcvbn(password[:_ESTIMATED_LENGTH], user_inputs=list(words))["guesses"])


def _is_made_of(password: str, words: Sequence[str]) -> bool:
    rest = password
    for word in words:
        rest = rest.replace(word, "")
    return sum(letter.isalnum() for letter in rest) < MIN_LENGTH // 2
