"""What every part of the house stands on: errors, numbers in words, limits, progress, how a result shows itself."""
