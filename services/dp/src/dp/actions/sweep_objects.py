"""Delete stored objects that nothing shows: removed pictures, and what a crash or a refusal left behind."""

from common.db import Database
from dp.adapters.gallery import Gallery
from dp.store import objects

_AT_ONCE = 50


async def sweep_objects(database: Database, gallery: Gallery) -> int:
    """Delete everything that is due; how many. What cannot be deleted now is tried again the next time."""
    swept = 0
    while True:
        async with database.transaction() as tx:
            keys = await objects.lock_due(tx, _AT_ONCE)
            for key in keys:
                await gallery.storage.delete(key)
            await objects.forget(tx, keys)
        swept += len(keys)
        if len(keys) < _AT_ONCE:
            return swept
