//! `helm-apply` held to its word, a file for each thing that it is given or meets.

mod address;
mod api_server;
mod charts;
mod cluster;
pub mod early_end;
mod explanation;
mod figures;
mod github;
mod given_up;
mod helm;
mod hook_logs;
mod landing;
mod needs;
mod no_proof;
mod rank;
mod room;
mod settings;
mod signals;
mod success;
mod values;
