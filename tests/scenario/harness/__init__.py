"""What the scenarios share: see docs/testing.md."""
