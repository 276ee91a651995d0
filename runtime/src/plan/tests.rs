#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

use std::path::Path;

use super::error::ALWAYS_THERE;
use super::*;
use crate::cache::TTL_VARIABLE;
use crate::plugin::standard_catalog;

fn plan(text: &str, backend: Option<&str>, ttl: Option<&str>) -> Result<Plan, Problems> {
    let text = format!("version = 1\n{text}");
    let manifest = Manifest::parse(Path::new("secrets.toml"), &text, standard_catalog());
    let variable = |name: &str| ttl.filter(|_| name == TTL_VARIABLE).map(Into::into);
    let wanted = Wanted::new(None, backend.map(str::to_owned), variable);
    Plan::new(Arc::new(manifest.unwrap()), &wanted)
}

const HEAD: &str = "[secrets.TOKEN]\n";
const PARAMETERS: &str =
    "[backends.parameters]\nkind = \"aws-parameter-store\"\nregion = \"eu-west-1\"\n";
const VAULTED: &str = "[backends.vaulted]\nkind = \"aws-secrets-manager\"\n";

#[test]
fn aws_is_the_one_store_of_aws_that_is_declared_of_whatever_kind() {
    let named = |declared: &[&str], asked: &str| {
        let plan = plan(&format!("{HEAD}{}", declared.concat()), Some(asked), None);
        let kinds = |problems: &Problems| problems.as_slice()[0].kind;
        plan.map(|plan| plan.backends[0].name.clone())
            .map_err(|problems| kinds(&problems))
    };
    let manager = "aws-secrets-manager";
    for (declared, asked, found) in [
        (&[][..], "aws", Ok(manager)),
        (&[PARAMETERS], "aws", Ok("parameters")),
        (&[PARAMETERS], "AWS", Ok("parameters")),
        (&[VAULTED], "aws", Ok("vaulted")),
        (&[PARAMETERS, VAULTED], "aws", Err("ambiguous-backend")),
        // A whole kind is that kind.
        (&[PARAMETERS], manager, Ok(manager)),
        (&[PARAMETERS, VAULTED], manager, Ok("vaulted")),
        (&[PARAMETERS], "aws-parameter-store", Ok("parameters")),
    ] {
        let found = found.map(str::to_owned);
        assert_eq!(named(declared, asked), found, "{declared:?} {asked}");
    }
}

#[test]
fn a_time_of_the_cache_that_is_none_is_refused_whatever_is_planned() {
    let kinds = |backend, ttl| {
        let problems = plan(HEAD, backend, Some(ttl)).map(|_| ()).err();
        let problems = problems.map(Problems::into_vec).unwrap_or_default();
        problems
            .iter()
            .map(|problem| problem.kind)
            .collect::<Vec<_>>()
    };
    assert_eq!(kinds(None, "1h"), ["bad-cache-ttl"]);
    assert_eq!(
        kinds(Some("no"), "1h"),
        ["unknown-backend", "bad-cache-ttl"]
    );
    assert_eq!(kinds(None, "60"), [""; 0]);
}

#[test]
fn who_asks_for_a_backend_that_is_none_learns_which_there_are() {
    let hint = |manifest: &str, asked| {
        let problems = plan(manifest, Some(asked), None).map(|_| ()).unwrap_err();
        problems.as_slice()[0].hint.clone().unwrap()
    };
    for declared in ["", PARAMETERS] {
        let manifest = format!("{HEAD}{declared}");
        let found = hint(&manifest, "file");
        for kind in ALWAYS_THERE {
            assert!(found.contains(kind), "{found}");
            assert!(plan(&manifest, Some(kind), None).is_ok(), "{kind}");
        }
        assert_eq!(found.contains("parameters"), !declared.is_empty());
        assert_eq!(hint(&manifest, "vualt"), "did you mean `vault`?");
    }
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
            let plan = plan(&text, asked, None).unwrap();
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
    assert_eq!(
        files(&plan("[secrets.A]\n", None, None).unwrap()),
        [Path::new(".env")]
    );
    let other = "[backends.other]\nkind = \"env\"\nfiles = [\"x\"]\n[secrets.A]\n";
    assert_eq!(
        files(&plan(other, None, None).unwrap()),
        [Path::new(".env")]
    );
    assert_eq!(
        files(&plan(other, Some("env"), None).unwrap()),
        [Path::new("x")]
    );
}
