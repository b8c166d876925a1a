//! The compiled programs against the testbed: a file for each command, promise or part.

mod action;
mod build_gate;
mod checked;
mod deploy;
mod environments;
mod example_app;
mod helm_apply;
mod in_actions;
mod link;
mod linked;
mod lock;
mod names;
mod objects;
mod one_list;
mod past;
mod plugin;
mod push_to_link;
mod queue_deploy;
mod readme;
mod recovery;
mod settings;
mod site;
mod sweep_deleted;
mod sweep_stale;
mod terminal;
mod up_and_down;
