"""What each framework calls its schedules, one file a framework; each registers its rows itself."""

from polyak.ground.registry import import_all

import_all(__name__)
