#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

use std::path::Path;

use super::*;
use crate::plugin;

fn plan(text: &str, backend: Option<&str>) -> Plan {
    let text = format!("version = 1\n{text}");
    let manifest = Manifest::parse(Path::new("m"), &text, plugin::standard_catalog()).unwrap();
    let wanted = Wanted {
        backend: backend.map(str::to_owned),
        ..Wanted::default()
    };
    Plan::new(Arc::new(manifest), &wanted).unwrap()
}

#[test]
fn a_name_is_one_backend_whoever_asks_first() {
    let file = "kind = \"file\"\ndirectory = \"mounts\"";
    let entries = ["[secrets.A]\n", "[secrets.B]\nfrom = \"NAME:B\"\n"];
    for (name, declared, asked) in [
        ("env", "kind = \"env\"\nfiles = [\".env.local\"]", None),
        ("env", file, None),
        ("env", file, Some("ENV")),
        ("env", file, Some("env")),
        ("vault", file, Some("Vault")),
        ("aws-secrets-manager", file, Some("aws")),
    ] {
        for order in [[0, 1], [1, 0]] {
            let entries = order.map(|entry| entries[entry].replace("NAME", name));
            let text = format!("[backends.{name}]\n{declared}\n{}", entries.concat());
            let plan = plan(&text, asked);
            let [backend] = &plan.backends[..] else {
                panic!("{name} is {:?}", plan.backends);
            };
            let declared = &plan.manifest.backends[name].settings;
            assert_eq!((&*backend.name, &backend.settings), (name, declared));
            assert!(backend.chosen_by.is_some());
            assert_eq!(backend.requests.len(), 2);
        }
    }
}

#[test]
fn without_a_word_env_is_dotenv_and_the_environment() {
    let files = |plan: &Plan| match &plan.backends[..] {
        [
            PlannedBackend {
                settings: BackendSettings::Env { files },
                ..
            },
        ] => files.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(files(&plan("[secrets.A]\n", None)), [Path::new(".env")]);
    let other = "[backends.other]\nkind = \"env\"\nfiles = [\"x\"]\n[secrets.A]\n";
    assert_eq!(files(&plan(other, None)), [Path::new(".env")]);
    assert_eq!(files(&plan(other, Some("env"))), [Path::new("x")]);
}
