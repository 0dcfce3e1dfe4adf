"""What every member's tests share: real servers, a service run in-process, principals, a clock that stands still."""

from common.testing.clock import FrozenClock as FrozenClock
from common.testing.clock import SeededEntropy as SeededEntropy
from common.testing.running import Running as Running
from common.testing.running import RunService as RunService
from common.testing.running import running as running
from common.testing.waiting import eventually as eventually
