"""What the tests of the runs share with those of the sweeps."""

from runs import *  # noqa: F403  fixtures, by their names
from runs import _batches, _by_hand, _close, _rule_of  # noqa: F401
