"""Splitting: train, validation and test without leaks, and the certificate that says how it was checked."""
