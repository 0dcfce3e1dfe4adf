"""Every operation the gateway answers itself; each is written beside what answers it."""

from gateway import home, live, status
from gateway.documents import own_addresses
from gateway.documents.merging import Operations

OPERATIONS: Operations = {
    **own_addresses.OPERATIONS,
    **status.OPERATIONS,
    **home.OPERATIONS,
    **live.OPERATIONS,
}
