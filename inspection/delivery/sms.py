"""Text messages through a gateway that `apprise` speaks with; the operator's address says which one."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from inspection.delivery.letters import Letter
from inspection.delivery.robots import cut
from inspection.delivery.ways import NotSent
from inspection.errors import InvalidInput

if TYPE_CHECKING:
    from apprise import Apprise

PLACE = "{number}"
# Four parts of a long message in Chinese.
MAX_BYTES = 700


@dataclass(frozen=True)
class TextMessages:
    """``ANXUN_SMS_URL``: an address of apprise with ``{number}`` where the number goes."""

    url: str

    @classmethod
    def from_url(cls, url: str) -> "TextMessages":
        """Read the operator's setting. Raises `InvalidInput` without a place for the number, and without apprise."""
        if PLACE not in url:
            raise InvalidInput(f"ANXUN_SMS_URL needs {PLACE} where the number goes")
        made = cls(url)
        if not made._gateway("13800000000"):
            raise InvalidInput("apprise cannot read ANXUN_SMS_URL; see appriseit.com/services")
        return made

    def send(self, to: str, letter: Letter) -> None:
        """Hand a message over to the gateway. Raises `NotSent`."""
        taken = self._gateway(to).notify(body=cut(letter.text, MAX_BYTES))
        if not taken:
            # apprise tells yes or no; the reason is in the server's own log.
            raise NotSent("the gateway of text messages did not take it; the server's log says why")

    def _gateway(self, number: str) -> "Apprise":
        try:
            # Only a server that sends text messages has it.
            from apprise import Apprise, AppriseAsset
        except ModuleNotFoundError:
            raise InvalidInput("text messages need: pip install 'anxun[server,sms]'") from None
        gateway = Apprise(asset=AppriseAsset(http_redirects=False))
        gateway.add(self.url.replace(PLACE, number))
        return gateway
