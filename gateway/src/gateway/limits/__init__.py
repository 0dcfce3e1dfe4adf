"""How often one caller, and one network, may ask; and which network that is."""

from gateway.limits.addresses import LOOPBACK, TrustedProxies, client_address, network_of
from gateway.limits.classes import (
    BUY,
    CHECKOUT,
    CLASSES,
    CODE_CLAIM,
    MACHINE,
    NETWORK,
    PUBLIC_READ,
    PUBLIC_WRITE,
    READ,
    REFRESH,
    SCAN,
    SIGN_IN,
    SIGN_IN_MAIL,
    TICKETS,
    TICKETS_NETWORK,
    UPLOAD,
    WRITE,
    RateClass,
)
from gateway.limits.counting import Limits
from gateway.limits.verdicts import Refused, Verdict

__all__ = [
    "BUY",
    "CHECKOUT",
    "CLASSES",
    "CODE_CLAIM",
    "LOOPBACK",
    "MACHINE",
    "NETWORK",
    "PUBLIC_READ",
    "PUBLIC_WRITE",
    "READ",
    "REFRESH",
    "SCAN",
    "SIGN_IN",
    "SIGN_IN_MAIL",
    "TICKETS",
    "TICKETS_NETWORK",
    "UPLOAD",
    "WRITE",
    "Limits",
    "RateClass",
    "Refused",
    "TrustedProxies",
    "Verdict",
    "client_address",
    "network_of",
]
