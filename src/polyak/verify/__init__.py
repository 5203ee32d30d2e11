"""Is this optimizer what it is meant to be? Run beside a reference, and told why not."""

from polyak.verify.comparison import Outcome
from polyak.verify.scenarios import SCENARIOS, Scenario
from polyak.verify.verification import Verification
from polyak.verify.verify import verify

__all__ = ["SCENARIOS", "Outcome", "Scenario", "Verification", "verify"]
