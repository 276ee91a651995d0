//! Whatever a file says, the parser answers: a manifest, or problems with places in it.

use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;
use secret_runtime::manifest::Manifest;
use secret_runtime::plan::Plan;
use secret_runtime::plugin;
use secret_runtime::report::Report;
use secret_runtime::selection::Wanted;

/// Parses and, where there is a manifest, plans it for an environment.
fn try_out(text: &str, environment: &str) {
    match Manifest::parse(Path::new("secrets.toml"), text, plugin::standard_catalog()) {
        Ok(manifest) => {
            let wanted = Wanted {
                environment: Some(environment.to_owned()),
                ..Wanted::default()
            };
            if let Ok(plan) = Plan::new(Arc::new(manifest), &wanted) {
                let report = Report::of_plan(&plan);
                assert_eq!(report.entries.len(), plan.manifest().entries.len());
            }
        }
        Err(problems) => {
            assert!(!problems.as_slice().is_empty());
            for problem in problems.as_slice() {
                let place = problem.place.as_ref().expect("a place in the manifest");
                let excerpt = place.excerpt.as_ref().expect("manifests have excerpts");
                assert!(excerpt.line.get(excerpt.marked.clone()).is_some());
                assert!(place.line <= text.lines().count().max(1) + 1);
            }
        }
    }
}

/// Lines that a manifest could have, and lines that it nearly could.
fn line() -> impl Strategy<Value = String> {
    let table = prop::sample::select(vec![
        "[secrets.A]",
        "[secrets.B]",
        "[config.C]",
        "[config.A]",
        "[environments.development]",
        "[environments.production.secrets.A]",
        "[backends.d]",
        "[plugins.p]",
        "[plugins.p.credentials.\"https://x\"]",
        "[[plugins.p.credentials.\"https://x\"]]",
        "[plugins.p.limits]",
        "[project]",
        "[secrets]",
        "[[secrets.A]]",
    ]);
    let key = prop::sample::select(vec![
        "version",
        "name",
        "kind",
        "files",
        "directory",
        "names",
        "backend",
        "production",
        "inherit",
        "from",
        "key",
        "compose",
        "default",
        "validate",
        "required",
        "previous",
        "deliver",
        "tier",
        "rotate-every",
        "component",
        "sha256",
        "settings",
        "allow.http",
        "bearer",
        "basic",
        "header",
        "query",
        "time",
        "memory",
        "value",
        "nonsense",
    ]);
    let value = prop::sample::select(vec![
        "1",
        "2",
        "true",
        "\"env\"",
        "\"file\"",
        "\"d:A#x.y\"",
        "\"a?version=1#/0\"",
        "\"{A}\"",
        "\"postgres://{A}:{B}@{C}/x\"",
        "\"{\"",
        "[]",
        "[\"a\"]",
        "{}",
        "{ rule = \"hex\", bytes = 3 }",
        "{ when = { C = \"x\" } }",
        "{ name = \"Z\", grace = \"1h\" }",
        "{ file = \"/x\", mode = \"0440\" }",
        "\"90d\"",
        "\"64MiB\"",
        "[\"https://x\"]",
        "\"hex/a\"",
        "\"oci://x/y@sha256:0\"",
        "1979-05-27",
        "nan",
        "\"\\u0000\\u001b\"",
        "'''\nlong'''",
    ]);
    prop_oneof![
        2 => table.prop_map(str::to_owned),
        5 => (key, value).prop_map(|(key, value)| format!("{key} = {value}")),
        1 => "\\PC{0,20}",
    ]
}

proptest! {
    #[test]
    fn any_text_is_parsed_or_refused(text in "(?s).{0,400}") {
        try_out(&text, "development");
    }

    #[test]
    fn anything_like_a_manifest_is_parsed_or_refused(
        lines in prop::collection::vec(line(), 0..24),
        crlf in any::<bool>(),
        environment in prop::sample::select(vec!["development", "production", "staging"]),
    ) {
        let end = if crlf { "\r\n" } else { "\n" };
        let text = format!("version = 1{end}{}", lines.join(end));
        try_out(&text, environment);
    }
}

#[test]
fn a_deeply_nested_or_huge_manifest_is_refused_and_no_more() {
    let nested = format!(
        "version = 1\nx = {}{}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    try_out(&nested, "development");
    let tables = format!("version = 1\n[{}a]", "a.".repeat(100_000));
    try_out(&tables, "development");
    let huge = format!("version = 1\n#{}", "x".repeat(2 << 20));
    try_out(&huge, "development");
    let many: String = (0..5_000)
        .map(|index| format!("[secrets.S{index}]\n"))
        .collect();
    try_out(&format!("version = 1\n{many}"), "development");
}
