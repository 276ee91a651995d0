//! Plugins that get their token from the metadata service of a cloud, on a machine that looks like
//! one: a network of its own, and the service at the address that a test gives.

use std::path::Path;

use nix::unistd::geteuid;
use secret_run_tests::{End, Launcher, Outcome, PluginProject, binary, program};

const LINK_LOCAL: &str = "169.254.169.254";
const ENTRIES: &str = "[secrets.PASSWORD]\nkey = \"db-password\"\n";
/// The tokens that metadata services give begin so.
const TOKEN: &str = "dummy-token-of-the-machine";
const GOOGLE: &str = "http://metadata.google.internal";
const AZURE: &str = "http://169.254.169.254";
/// Where the machine has Secret Manager and Key Vault.
const STORE: &str = "http://127.0.0.1:8200";

/// A project that may ask `metadata` for a token, with further grants.
fn project(name: &str, metadata: &str, grants: &str) -> PluginProject {
    let settings = match name {
        "azure-key-vault" => format!("vault = \"{STORE}\", token = \"managed-identity\""),
        _ => format!("address = \"{STORE}\", project = \"acme\", token = \"metadata\""),
    };
    let plugin = format!(
        "settings = {{ {settings} }}\nallow.http = [\"{STORE}\", \"{metadata}\"]\n{grants}"
    );
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    PluginProject::new(folder, name, &plugin, ENTRIES)
}

/// The grants of link-local addresses, and of private ones for what may be at those.
fn grants(link_local: &str, private: &[&str]) -> String {
    format!(
        "allow.link-local-addresses = [\"{link_local}\"]\nallow.private-addresses = {private:?}\n"
    )
}

/// The launcher on a machine whose metadata service is at this address.
fn on_machine<'a>(project: &'a PluginProject, address: &str, environment: &str) -> Launcher<'a> {
    let as_user = ["--user", "--map-root-user"];
    let needed = if geteuid().is_root() {
        &[][..]
    } else {
        &as_user
    };
    let namespace = [&["unshare"], needed, &["--net", "--mount"]].concat();
    let allowed = program("unshare").is_some_and(|_| {
        let words = [&namespace[..], &["true"]].concat().join(" ");
        project.project().shell(&words).end == End::Code(0)
    });
    assert!(
        allowed,
        "`{}` makes no network here: run the tests as root, or allow user namespaces",
        namespace.join(" ")
    );
    let machine = binary("cloud-machine");
    let machine = machine.to_str().expect("the path of a binary is text");
    let launcher = project.launcher_under(&[&namespace[..], &[machine, address]].concat());
    launcher.args(["--env", environment])
}

fn password(launcher: Launcher<'_>) -> Outcome {
    launcher.command(["printenv", "PASSWORD"]).run()
}

#[test]
fn production_speaks_plain_http_to_a_metadata_service_on_the_link_and_no_further() {
    // Where the same name leads elsewhere, the token might come from anybody.
    let elsewhere = "10.20.30.40";
    let project = project(
        "gcp-secret-manager",
        GOOGLE,
        &grants(GOOGLE, &[STORE, GOOGLE]),
    );
    project.pin();
    for environment in ["production", "development"] {
        let outcome = password(on_machine(&project, LINK_LOCAL, environment));
        outcome.exits_with(0).shows_no(TOKEN);
        assert_eq!(outcome.stdout(), "dummy-value-of-google-71b2\n");
    }
    let outcome = password(on_machine(&project, elsewhere, "development"));
    outcome.exits_with(0).stdout_has("dummy-value-of-google");

    let launcher = on_machine(&project, elsewhere, "production");
    let outcome = project.refuses(launcher, &["production-plain-http"]);
    outcome.shows_no(TOKEN).stderr_has(elsewhere);
    let problem = outcome.problem("production-plain-http");
    assert!(problem["hint"].is_string(), "{problem}");
}

#[test]
fn a_managed_identity_reads_the_vault_in_production() {
    let project = project("azure-key-vault", AZURE, &grants(AZURE, &[STORE]));
    project.pin();
    let outcome = password(on_machine(&project, LINK_LOCAL, "production"));
    outcome.exits_with(0).shows_no(TOKEN);
    assert_eq!(outcome.stdout(), "dummy-value-of-azure-0e5d\n");
}

#[test]
fn a_name_that_is_this_machines_leads_to_it_in_production() {
    // The machine has this name at its own address, which is no loopback address.
    let origin = "http://metadata.localhost:8200";
    let plugin = format!(
        "settings = {{ address = \"{origin}\", project = \"acme\" }}\n\
         allow.http = [\"{origin}\"]\nallow.private-addresses = [\"{origin}\"]\n\
         credentials.\"{origin}\".bearer = \"{{TOKEN}}\"\n"
    );
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let project = PluginProject::new(folder, "gcp-secret-manager", &plugin, ENTRIES);
    project.pin();
    let run = |environment| on_machine(&project, "10.20.30.40", environment).env("TOKEN", TOKEN);
    // It may go there otherwise, and nobody listens.
    let _ = project.refuses(run("development"), &["plugin-unavailable"]);
    let outcome = project.refuses(run("production"), &["production-plain-http"]);
    outcome.shows_no(TOKEN);
}

#[test]
fn production_refuses_plain_http_before_anything_is_sent() {
    let far = "http://10.20.30.40";
    for (metadata, link_local, hint) in [
        // What is not granted as link-local.
        (GOOGLE, None, "allow.link-local-addresses"),
        (AZURE, None, "allow.link-local-addresses"),
        // What cannot be, whatever is granted.
        (far, Some(far), "https"),
        // Metadata services that are not on the link.
        (
            "http://100.100.100.200",
            Some("http://100.100.100.200"),
            "https",
        ),
        (
            "http://[fd00:ec2::254]",
            Some("http://[fd00:ec2::254]"),
            "https",
        ),
    ] {
        let grants = match link_local {
            Some(origin) => grants(origin, &[STORE]),
            None => format!("allow.private-addresses = [\"{STORE}\"]\n"),
        };
        let project = project("gcp-secret-manager", metadata, &grants);
        project.pin();
        let launcher = project.launcher().args(["--env", "production"]);
        let outcome = project.refuses(launcher, &["production-plain-http"]);
        let problem = outcome.problem("production-plain-http");
        assert_eq!(problem["file"], "secrets.toml");
        let told = problem["hint"].to_string();
        assert!(told.contains(hint), "{told}");
    }
}
