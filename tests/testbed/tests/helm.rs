//! A chart goes up by both majors of Helm, answers at its host, and comes down.

use std::{fs, time::Duration};

use testbed::{
    Cluster, Namespace,
    faults::{Effect, Matcher},
    tools::{self, Tool},
    wait_until,
};

const HOST: &str = "hello.example.com";

#[test]
fn a_chart_goes_up_by_helm_3_and_answers_at_its_host() {
    goes_up_and_answers(Tool::Helm3, "helm3.example.com");
}

#[test]
fn a_chart_goes_up_by_helm_4_and_answers_at_its_host() {
    goes_up_and_answers(Tool::Helm4, "helm4.example.com");
}

#[test]
fn an_ingress_whose_address_is_held_back_gets_it_on_release_and_a_kept_one_goes_on_release() {
    let cluster = Cluster::shared();
    let (balancer, namespace) = (cluster.load_balancer(), cluster.namespace("held"));
    balancer.hold_addresses(namespace.name());
    balancer.keep_finalizers(namespace.name());
    namespace.apply(&format!(
        "
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: web, annotations: {{alb.ingress.kubernetes.io/group.name: shared}}}}
spec:
  ingressClassName: alb
  rules:
    - host: {HOST}
      http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: web, port: {{number: 80}}}}}}}}]}}
"
    ));
    wait_until("the finalizer is there", || {
        let finalizers = namespace.get("Ingress", "web")["metadata"]["finalizers"].to_string();
        if finalizers.contains("group.ingress.k8s.aws/shared") {
            Ok(())
        } else {
            Err(finalizers)
        }
    });
    assert_eq!(status(cluster, HOST), 404);
    balancer.release_addresses(namespace.name());
    wait_until("no target is ready", || expect(status(cluster, HOST), 503));
    namespace.delete("Ingress", "web");
    std::thread::sleep(Duration::from_millis(300));
    assert!(namespace.find("Ingress", "web").is_some());
    balancer.release_finalizers(namespace.name());
    wait_until("the ingress is gone", || {
        match namespace.find("Ingress", "web") {
            None => Ok(()),
            Some(ingress) => Err(ingress),
        }
    });
}

fn goes_up_and_answers(tool: Tool, host: &str) {
    let cluster = Cluster::shared();
    let namespace = cluster.namespace("chart");
    let folder = tempfile::tempdir().unwrap();
    run(
        tool,
        &namespace,
        &["create", folder.path().join("web").to_str().unwrap()],
    );
    let values = folder.path().join("values.yaml");
    fs::write(&values, values_for(host)).unwrap();
    let (chart, values) = (
        folder.path().join("web"),
        values.to_str().unwrap().to_owned(),
    );
    let chart = chart.to_str().unwrap();
    run(
        tool,
        &namespace,
        &[
            "upgrade",
            "--install",
            "--wait",
            "web",
            chart,
            "-f",
            &values,
        ],
    );
    assert_eq!(
        namespace.release_revisions("web"),
        [(1, "deployed".to_owned())]
    );
    wait_until("the host answers", || expect(status(cluster, host), 200));
    assert_eq!(status(cluster, "other.example.com"), 404);
    let faults = cluster.load_balancer().faults(host);
    faults
        .when(Matcher::get("/").once())
        .then(Effect::status(500));
    assert_eq!([status(cluster, host), status(cluster, host)], [500, 200]);
    run(tool, &namespace, &["uninstall", "web"]);
    wait_until("nothing is left", || match namespace.inventory() {
        all if all.is_empty() => Ok(()),
        all => Err(format!("{all:?}")),
    });
}

fn values_for(host: &str) -> String {
    format!(
        "
service: {{port: 8080}}
ingress:
  enabled: true
  className: alb
  hosts: [{{host: {host}, paths: [{{path: /, pathType: Prefix}}]}}]
"
    )
}

fn run(helm: Tool, namespace: &Namespace, arguments: &[&str]) {
    let output = tools::helm(helm, Cluster::shared().kubeconfig())
        .unwrap()
        .args(arguments)
        .args(["--namespace", namespace.name()])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn status(cluster: &Cluster, host: &str) -> u16 {
    cluster.block_on(async {
        let address = ("127.0.0.1", cluster.load_balancer().port());
        let stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let io = hyper_util::rt::TokioIo::new(stream);
        let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
        tokio::spawn(connection);
        let request = http::Request::get("/")
            .header("host", host)
            .body(String::new())
            .unwrap();
        sender
            .send_request(request)
            .await
            .unwrap()
            .status()
            .as_u16()
    })
}

fn expect(status: u16, expected: u16) -> Result<(), u16> {
    if status == expected {
        Ok(())
    } else {
        Err(status)
    }
}
