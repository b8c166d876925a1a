//! What it takes to test against.
