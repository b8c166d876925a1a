use super::Event;

/// What a Job, or a pod, says that took longer than it may.
pub const DEADLINE: &str = "DeadlineExceeded";

/// What keeps a workload of a release from being ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What it is.
    pub what: What,
    /// Of which object of the chart, as in `Deployment/hey-new`.
    pub workload: String,
    /// When Helm runs it, as in `pre-upgrade`, where it is a hook.
    pub hook: Option<String>,
    /// How many of its pods are ready, of how many, where it counts them.
    pub ready: Option<(u64, u64)>,
    /// Its pod, where it is one pod's.
    pub pod: Option<String>,
    /// The pod's container, where it is one container's.
    pub container: Option<Container>,
    /// What the cluster said of all these, newest first.
    pub events: Vec<Event>,
}

/// A container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// Its name.
    pub name: String,
    /// Its image, as the pod asks for it.
    pub image: String,
    /// How often it was started anew.
    pub restarts: u64,
    /// Whose log tells of the failure; none for one that never ran.
    pub log: Option<Log>,
}

/// Which log of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Log {
    /// That of the container as it runs or ended.
    Present,
    /// That of the one before, which failed.
    Previous,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A Job failed, and no pod of it tells why.
    Job {
        /// As in `DeadlineExceeded`.
        reason: String,
        /// In the cluster's words.
        message: String,
    },
    /// An image is not to be had.
    Image {
        /// As in `ImagePullBackOff`.
        reason: String,
        /// In the registry's words.
        message: String,
    },
    /// A container ends that should not, or ends as failed.
    Exit {
        /// Its exit status.
        code: i64,
        /// As in `OOMKilled`.
        reason: String,
        /// What it left as its last words.
        message: String,
        /// Whether it is waited for before it is started again.
        backs_off: bool,
    },
    /// A container cannot be started.
    Start {
        /// As in `CreateContainerConfigError`.
        reason: String,
        /// In the cluster's words.
        message: String,
    },
    /// A pod was ended, as in an eviction.
    Lost {
        /// As in `Evicted`.
        reason: String,
        /// In the cluster's words.
        message: String,
    },
    /// The pods are not made at all.
    NotMade(String),
    /// No disk is made for a claim.
    Claim {
        /// The claim's name.
        name: String,
        /// As in `ProvisioningFailed`.
        reason: String,
        /// In the cluster's words.
        message: String,
    },
    /// A pod finds no node.
    Unschedulable(String),
    /// The load balancer refuses the Ingress.
    Ingress {
        /// As in `FailedBuildModel`.
        reason: String,
        /// In its controller's words.
        message: String,
        /// Somebody else's Ingress at the same load balancer, which is at fault, for people.
        culprit: Option<String>,
    },
    /// Something is waited for, as a volume that is not mounted.
    Waits {
        /// As in `FailedMount`.
        reason: String,
        /// In the cluster's words.
        message: String,
    },
    /// A hook is not done, and Helm waits for its end.
    Runs,
    /// It runs, and does not say that it is ready; what its probe says.
    NotReady(Option<String>),
}
