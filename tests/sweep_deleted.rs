//! The removal of a branch that was deleted.
