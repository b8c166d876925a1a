//! Holds a cluster until its standard input closes or it is killed, to look into it by hand, and
//! for the test that nothing outlives it.

use std::io::{self, Write as _};

use testbed::Cluster;

fn main() -> io::Result<()> {
    let cluster = Cluster::shared();
    let (kubeconfig, port) = (cluster.kubeconfig(), cluster.load_balancer().port());
    // Whoever reads it may be gone.
    let mut output = io::stdout();
    let _ = writeln!(output, "{}\nhttp://127.0.0.1:{port}", kubeconfig.display());
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}
