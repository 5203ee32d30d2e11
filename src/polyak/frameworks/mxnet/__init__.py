"""MXNet, known by what it was recorded to do."""
