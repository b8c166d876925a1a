//! The cluster does what a real one does.

use testbed::{Cluster, wait_until};

#[test]
fn a_namespace_starts_with_nothing_in_it() {
    let cluster = Cluster::shared();
    println!("the cluster was up in {:?}", cluster.startup());
    let namespace = cluster.namespace("empty");
    wait_until("nothing counts", || match namespace.inventory() {
        all if all.is_empty() => Ok(()),
        all => Err(format!("{all:?}")),
    });
}
