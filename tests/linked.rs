//! What the compiled programs are linked with.

use std::fs;

use object::{File, Object as _, ObjectSymbol as _, SymbolKind};

/// Whether a function of Kubernetes' client is in a program. The names of functions alone tell it:
/// those of source files, and what debuggers are told, stay when nothing of them is linked.
fn holds_a_kubernetes_client(program: &str) -> bool {
    let bytes = fs::read(program).expect("the program was built");
    let file = File::parse(&*bytes).expect("the program is one");
    let functions = file
        .symbols()
        .filter(|symbol| symbol.kind() == SymbolKind::Text);
    let mut names = functions.filter_map(|function| function.name().ok());
    names.any(|name| name.contains("kube_client"))
}

#[test]
fn what_only_asks_github_and_buildkite_holds_no_kubernetes_client() {
    for program in [
        env!("CARGO_BIN_EXE_build-gate"),
        env!("CARGO_BIN_EXE_queue-deploy"),
        env!("CARGO_BIN_EXE_deploy"),
    ] {
        assert!(!holds_a_kubernetes_client(program), "{program}");
    }
    let deploys = env!("CARGO_BIN_EXE_helm-apply");
    assert!(
        holds_a_kubernetes_client(deploys),
        "are the symbols stripped?"
    );
}
