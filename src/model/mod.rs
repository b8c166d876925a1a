//! What the other modules talk about: branches, slugs, environments, releases,
//! records. Pure: no input or output, no clock, no environment.

mod answer;
mod app;
mod branch;
mod build;
mod commit;
mod deployment;
mod ending;
mod environment;
mod helm;
mod image;
mod manifest;
mod placeholders;
mod record;
mod release;
mod repository;
mod secrets;
mod slug;
mod stage;
mod status;
mod values;

pub use answer::{Answer, Reading, Retry, Seen};
pub use app::App;
pub use branch::Branch;
pub use build::{Build, Job, Pipeline};
pub use commit::Commit;
pub use deployment::{Deployment, Order, Payload, Told};
pub use ending::{Ending, Halt};
pub use environment::{Environment, labels, place_labels};
pub use helm::{Hook, Revision, Status, StoredRelease};
pub use image::{Image, ImageName, Platform};
pub use manifest::{Object, ObjectKey, objects};
pub use placeholders::{Facts, Template};
pub use record::{Holder, Phase, RECORD_VERSION, Record, Wish};
pub use release::{RecordedRelease, Release, ReleaseSettings, Releases, Values};
pub use repository::Repository;
pub use secrets::{Secrets, without_passwords};
pub use slug::{RESERVED, SLUG_LENGTH, Slug};
pub use stage::Stage;
pub use status::{ANSWERING, Posted, State, describe};
pub use values::{branch_values, merge};
