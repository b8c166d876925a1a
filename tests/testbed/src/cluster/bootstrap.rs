//! From started processes to a cluster that does its work.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use http::Request;
use k8s_openapi::api::{
    core::v1::{Node, Pod, ServiceAccount},
    networking::v1::IngressClass,
    storage::v1::StorageClass,
};
use kube::{
    Api, Client, Config, Resource,
    api::{DeleteParams, PostParams},
    config::{KubeConfigOptions, Kubeconfig},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{
    Access,
    control_plane::{ControlPlane, Programs},
    credentials::{Credentials, Server},
};
use crate::network::Network;

const LIMIT: Duration = Duration::from_secs(90);
const INTERVAL: Duration = Duration::from_millis(25);

/// Waits for the API server, starts the rest, makes the objects that each cluster has, and waits
/// until a pod runs. Gives the admin's access and kubeconfig.
pub(super) async fn run(
    plane: &mut ControlPlane,
    programs: &Programs,
    network: &Network,
    folder: &Path,
    credentials: &Credentials,
    kubelet: SocketAddr,
) -> Result<(Access, PathBuf)> {
    let certificate = folder.join("apiserver.crt");
    // The API server writes its certificate in place: it is whole once the key, which it writes
    // after, is there.
    let key = folder.join("apiserver.key");
    until(plane, "the API server has a certificate", async || {
        Ok(key.exists())
    })
    .await?;
    let server = Server {
        url: format!("https://{}", plane.address),
        authority: fs::read(&certificate).context("failed to read the API server's certificate")?,
    };
    let kubeconfig = folder.join("admin.kubeconfig");
    server.write_kubeconfig(&kubeconfig, "admin", &credentials.token, "default")?;
    let client = client(&kubeconfig).await?;
    until(plane, "the API server is ready", async || {
        Ok(ready(&client).await)
    })
    .await?;
    plane.start_clients(programs, network, folder, &kubeconfig, credentials)?;
    furnish(&client, kubelet).await?;
    prove(plane, &client).await?;
    let access = Access::new(client, server, plane.etcd, folder.to_owned());
    Ok((access, kubeconfig))
}

async fn client(kubeconfig: &Path) -> Result<Client> {
    let kubeconfig = Kubeconfig::read_from(kubeconfig)?;
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
    Ok(Client::try_from(config)?)
}

async fn ready(client: &Client) -> bool {
    let request = Request::get("/readyz")
        .body(Vec::new())
        .expect("the path is valid");
    client.request_text(request).await.is_ok()
}

/// The node, and the classes that charts refer to.
async fn furnish(client: &Client, kubelet: SocketAddr) -> Result<()> {
    let node = json!({
        "metadata": {
            "name": "node",
            "labels": {"kubernetes.io/os": "linux"},
            "annotations": {
                "testbed/kubelet-address": kubelet.ip().to_string(),
                "testbed/kubelet-port": kubelet.port().to_string(),
            },
        },
    });
    create::<Node>(client, node).await?;
    let default = json!({"storageclass.kubernetes.io/is-default-class": "true"});
    let storage = json!({
        "metadata": {"name": "standard", "annotations": default},
        "provisioner": "testbed/volumes",
    });
    create::<StorageClass>(client, storage).await?;
    let ingress = json!({
        "metadata": {"name": "alb"},
        "spec": {"controller": "ingress.k8s.aws/alb"},
    });
    create::<IngressClass>(client, ingress).await
}

async fn create<K>(client: &Client, object: Value) -> Result<()>
where
    K: Resource<DynamicType = ()> + Serialize + DeserializeOwned + Clone + std::fmt::Debug,
{
    let object: K = serde_json::from_value(object)?;
    Api::all(client.clone())
        .create(&PostParams::default(), &object)
        .await
        .with_context(|| format!("failed to make the {} of the testbed", K::kind(&())))?;
    Ok(())
}

/// Has a pod scheduled and run: only then all parts work together.
async fn prove(plane: &mut ControlPlane, client: &Client) -> Result<()> {
    let accounts: Api<ServiceAccount> = Api::default_namespaced(client.clone());
    until(plane, "the controllers work", async || {
        Ok(accounts.get_opt("default").await?.is_some())
    })
    .await?;
    let pods: Api<Pod> = Api::default_namespaced(client.clone());
    let containers = json!([{"name": "probe", "image": "probe"}]);
    let pod = json!({"metadata": {"name": "probe"}, "spec": {"containers": containers}});
    pods.create(&PostParams::default(), &serde_json::from_value(pod)?)
        .await?;
    until(plane, "a pod runs", async || {
        let status = pods.get_status("probe").await?.status;
        Ok(status.is_some_and(|status| status.phase.as_deref() == Some("Running")))
    })
    .await?;
    pods.delete("probe", &DeleteParams::default()).await?;
    Ok(())
}

/// Polls until something holds, a process has ended, or the time is out.
async fn until(
    plane: &mut ControlPlane,
    what: &str,
    probe: impl AsyncFn() -> Result<bool>,
) -> Result<()> {
    let started = Instant::now();
    while !probe().await? {
        plane.check()?;
        if started.elapsed() > LIMIT {
            bail!("waited {LIMIT:?} in vain until {what}");
        }
        tokio::time::sleep(INTERVAL).await;
    }
    Ok(())
}
