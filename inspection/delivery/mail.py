"""E-mail through the operator's SMTP server. The same Message-ID at every try, so that a mailbox shows it once."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import parse_qs, unquote, urlsplit

from inspection.delivery.letters import Letter
from inspection.delivery.ways import Envelope, NotSent
from inspection.errors import InvalidInput

TIMEOUT_S = 15.0
_PORTS = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True)
class MailServer:
    """``smtp://USER:PASSWORD@HOST:PORT`` begins with STARTTLS, ``smtps://`` with TLS; ``?tls=none`` goes without."""

    host: str
    port: int
    is_tls: bool
    needs_starttls: bool
    user: str
    password: str
    sender: str
    origin: str

    @classmethod
    def from_url(cls, url: str, sender: str, origin: str) -> "MailServer":
        """Read the operator's setting. Raises `InvalidInput`."""
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname or not sender:
            raise InvalidInput(
                "mail needs ANXUN_SMTP_URL=smtp://USER:PASSWORD@HOST:PORT (or smtps://) and ANXUN_MAIL_FROM"
            )
        return cls(
            host=parts.hostname,
            port=parts.port or _PORTS[parts.scheme],
            is_tls=parts.scheme == "smtps",
            needs_starttls=parts.scheme == "smtp" and parse_qs(parts.query).get("tls") != ["none"],
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            sender=sender,
            origin=origin,
        )

    def send(self, to: str, letter: Letter, envelope: Envelope) -> None:
        """Hand a message over to the server. Raises `NotSent`."""
        try:
            with self._connected() as connection:
                connection.send_message(self._message(to, letter, envelope))
        except smtplib.SMTPRecipientsRefused as error:
            code, text = error.recipients[to]
            raise NotSent(_said(code, text), is_final=code >= 500) from error
        except smtplib.SMTPDataError as error:
            raise NotSent(
                _said(error.smtp_code, error.smtp_error), is_final=error.smtp_code >= 500
            ) from error
        except smtplib.SMTPResponseException as error:
            # Of the greeting, of TLS or of the sign-in: the operator's to mend, and then it goes.
            raise NotSent(_said(error.smtp_code, error.smtp_error)) from error
        except (smtplib.SMTPException, OSError) as error:
            raise NotSent(f"the mail server cannot be used: {error}") from error

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        tls = ssl.create_default_context()
        if self.is_tls:
            made: smtplib.SMTP = smtplib.SMTP_SSL(
                self.host, self.port, timeout=TIMEOUT_S, context=tls
            )
        else:
            made = smtplib.SMTP(self.host, self.port, timeout=TIMEOUT_S)
        with made as connection:
            if self.needs_starttls:
                connection.starttls(context=tls)
            if self.user:
                connection.login(self.user, self.password)
            yield connection

    def _message(self, to: str, letter: Letter, envelope: Envelope) -> EmailMessage:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self.sender, to, letter.subject
        message["Date"] = format_datetime(envelope.now)
        message["Message-ID"] = f"<{envelope.message_id.hex}@{self.origin.partition(':')[0]}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(letter.body)
        return message


def _said(code: int, text: bytes | str) -> str:
    said = text.decode(errors="replace") if isinstance(text, bytes) else text
    return f"the mail server says: {code} {said}"
