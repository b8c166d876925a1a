//! The compiled programs against the testbed: a file for each command, promise or part.

mod example_app;
mod lock;
mod objects;
mod site;
mod up_and_down;
