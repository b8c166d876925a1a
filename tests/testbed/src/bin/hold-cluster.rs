//! Holds a cluster until its standard input closes or it is killed, to look into it by hand, and
//! for the test that nothing outlives it.

use std::io;

use testbed::Cluster;

fn main() -> io::Result<()> {
    let cluster = Cluster::shared();
    println!("{}", cluster.kubeconfig().display());
    println!("http://127.0.0.1:{}", cluster.load_balancer().port());
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}
