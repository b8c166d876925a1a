//! The compiled programs against the testbed: a file for each command, promise or part.

mod example_app;
mod helm_apply;
mod names;
mod site;
mod up_and_down;
