"""The shared vocabulary: pure types and decisions, no I/O, no clock, no randomness."""
