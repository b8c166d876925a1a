/// An Ingress, as far as it tells which load balancer answers for what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Route {
    /// The Ingress's name.
    pub ingress: String,
    /// The release that made it, by Helm's own mark.
    pub release: Option<String>,
    /// What it answers for.
    pub rules: Vec<Rule>,
    /// Whether it answers for all that no rule is for.
    pub is_default: bool,
    /// The load balancer's IP addresses or host names; none until it has taken the Ingress up.
    pub addresses: Vec<String>,
}

/// What one rule of an Ingress is for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rule {
    /// A host, `*.` and a domain for all hosts one label below it, or none for every host.
    pub host: Option<String>,
    /// The paths below which, or at which, it answers; none for all of them.
    pub paths: Vec<RoutePath>,
}

/// A path of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoutePath {
    /// Such as `/new`.
    pub path: String,
    /// Whether it is for this path alone, and not for what is below it.
    pub is_exact: bool,
}
