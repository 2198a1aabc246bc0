"""The connection to an MQTT broker: paho-mqtt, in the extra `mqtt`, imported only where this module is.

It connects again for ever. A message is acknowledged after it was taken: what the disk did not take comes again.
"""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from edge.errors import DiskFull, EdgeError, NeighboursInvalid, OutboxUnusable
from edge.neighbours import Broker

try:
    from paho.mqtt import client as paho
    from paho.mqtt.enums import CallbackAPIVersion
except ImportError:  # said with what to type when a connection is wanted
    paho = None  # type: ignore[assignment]

KEEPALIVE_S = 60
ACKNOWLEDGED_IN_S = 10.0
LONGEST_WAIT_S = 60

Take = Callable[[str, bytes], None]


class BrokerLine:
    """A connection that lasts while its block does.

    Attributes:
        trouble: why there is none, for a technician; empty while there is one.
    """

    def __init__(
        self,
        broker: Broker,
        *,
        status_topic: str | None,
        topics: tuple[str, ...] = (),
        take: Take,
        on_connected: Callable[[], None],
    ) -> None:
        """Prepare it.

        Raises:
            NeighboursInvalid: paho-mqtt is not installed, or the certificate's file cannot be used.
        """
        if paho is None:
            raise NeighboursInvalid(Path("[mqtt]"), "install it: pip install 'anxun[edge,mqtt]'")
        self.trouble = "not connected yet"
        self._status_topic, self._topics, self._take = status_topic, topics, take
        self._on_connected = on_connected
        self._is_up = threading.Event()
        self._broker = broker
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=broker.client_id,
            # The broker keeps what comes for us while we are away, if its sender asked for that.
            clean_session=False,
            manual_ack=True,
        )
        self._client.reconnect_delay_set(1, LONGEST_WAIT_S)
        if broker.username is not None:
            self._client.username_pw_set(broker.username, broker.password)
        if broker.tls:
            self._secure(broker)
        if status_topic is not None:
            self._client.will_set(status_topic, "offline", qos=1, retain=True)
        self._client.on_connect = self._connected
        self._client.on_disconnect = self._disconnected
        self._client.on_message = self._message

    def _secure(self, broker: Broker) -> None:
        try:
            self._client.tls_set(ca_certs=str(broker.ca_file) if broker.ca_file else None)
        except OSError as error:
            raise NeighboursInvalid(broker.ca_file or Path("ca_file"), str(error)) from error

    def __enter__(self) -> Self:
        self._client.connect_async(self._broker.host, self._broker.port, KEEPALIVE_S)
        self._client.loop_start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status_topic is not None and self._is_up.is_set():
            self.publish(self._status_topic, "offline", is_retained=True)
        self._client.disconnect()
        self._client.loop_stop()

    @property
    def is_up(self) -> bool:
        """Whether there is a connection now."""
        return self._is_up.is_set()

    def publish(self, topic: str, payload: str, *, is_retained: bool) -> bool:
        """Publish with QoS 1; return whether the broker acknowledged it."""
        if not self._is_up.is_set():
            return False
        sent = self._client.publish(topic, payload, qos=1, retain=is_retained)
        try:
            sent.wait_for_publish(ACKNOWLEDGED_IN_S)
        except (RuntimeError, ValueError):
            return False
        return sent.is_published()

    def _connected(
        self, client: Any, _data: object, _flags: object, reason: Any, _: object
    ) -> None:
        if reason.is_failure:
            self.trouble = str(reason)
            return
        if self._topics:
            client.subscribe([(topic, 1) for topic in self._topics])
        if self._status_topic is not None:
            client.publish(self._status_topic, "online", qos=1, retain=True)
        self.trouble = ""
        self._on_connected()
        self._is_up.set()

    def _disconnected(
        self, _client: object, _data: object, _flags: object, reason: object, _: object
    ) -> None:
        self._is_up.clear()
        self.trouble = self.trouble or str(reason)

    def _message(self, client: Any, _data: object, message: Any) -> None:
        try:
            self._take(message.topic, message.payload)
        except (DiskFull, OutboxUnusable) as error:
            # Not acknowledged: the broker sends it again after the next connection.
            self.trouble = error.say("en")
            return
        except EdgeError as error:
            self.trouble = error.say("en")
        client.ack(message.mid, message.qos)
