"""Is this optimizer what it is meant to be? Run beside a reference, and told why not."""

from polyak.conventions.verify.comparison import Outcome
from polyak.conventions.verify.scenarios import SCENARIOS, Scenario
from polyak.conventions.verify.verification import Verification
from polyak.conventions.verify.verifying import verify

__all__ = ["SCENARIOS", "Outcome", "Scenario", "Verification", "verify"]
