"""The objects dp keeps: finished pictures, re-encoded photos, organisers' images. Names are drawn, never derived."""

from collections import OrderedDict
from collections.abc import Collection, Mapping
from typing import Final

from common.clock import Entropy
from common.storage import Storage

_REMEMBERED_BYTES: Final = 64_000_000


def new_key(folder: str, ending: str, entropy: Entropy) -> str:
    """A name nobody can guess, below `folder`."""
    return f"{folder}/{entropy.bytes(16).hex()}.{ending}"


class Gallery:
    """Object storage, with organisers' images kept at hand: a campaign shows the same few in every picture."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self._at_hand: OrderedDict[str, bytes] = OrderedDict()

    async def images(self, keys: Collection[str]) -> Mapping[str, bytes]:
        """The organisers' images of these keys. They are never changed under their name."""
        return {key: await self._image(key) for key in keys}

    async def _image(self, key: str) -> bytes:
        if key in self._at_hand:
            self._at_hand.move_to_end(key)
            return self._at_hand[key]
        found = await self.storage.get(key)
        if found is None:
            raise FileNotFoundError(f"a template shows {key}, which is not in the storage")
        self._at_hand[key] = found.data
        while sum(map(len, self._at_hand.values())) > _REMEMBERED_BYTES:
            self._at_hand.popitem(last=False)
        return found.data
