"""How often an address has shown a wrong token: forgotten after a minute, for a bounded number of addresses."""

from collections import OrderedDict
from dataclasses import dataclass, field

_WINDOW_SECONDS = 60.0


@dataclass(slots=True)
class Failures:
    """Wrong tokens by address. `now` is any clock in seconds that only goes forward."""

    per_minute: int
    addresses_max: int
    _by_address: OrderedDict[str, tuple[float, int]] = field(default_factory=OrderedDict)

    def note(self, address: str, now: float) -> None:
        """One more. Beyond `addresses_max` the address that was noted first is forgotten."""
        began, count = self._by_address.pop(address, (now, 0))
        if now - began >= _WINDOW_SECONDS:
            began, count = now, 0
        self._by_address[address] = (began, count + 1)
        if len(self._by_address) > self.addresses_max:
            self._by_address.popitem(last=False)

    def seconds_to_wait(self, address: str, now: float) -> float:
        """0 when it may try."""
        began, count = self._by_address.get(address, (now, 0))
        left = began + _WINDOW_SECONDS - now
        return left if count >= self.per_minute and left > 0 else 0.0
