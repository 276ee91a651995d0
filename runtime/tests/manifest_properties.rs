//! Whatever a file says, the parser answers: a manifest, or problems with places in it.

use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;
use secret_runtime::error::Problem;
use secret_runtime::manifest::{LARGEST_MANIFEST, Manifest};
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
                let Some(place) = &problem.place else {
                    // Of what is nested too deep, the parser says no place.
                    assert_eq!(problem.kind, "manifest-syntax");
                    continue;
                };
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

fn refused(text: &str) -> Vec<Problem> {
    let manifest = Manifest::parse(Path::new("secrets.toml"), text, plugin::standard_catalog());
    manifest.expect_err("it is refused").into_vec()
}

#[test]
fn what_has_no_place_gets_none() {
    let problems = refused(&format!("version = 1\n[{}a]", "a.".repeat(100_000)));
    assert_eq!(problems[0].kind, "manifest-syntax");
    assert_eq!(problems[0].place, None);
}

/// A manifest of nearly a megabyte with a mistake in every word, on one line: some are told, a
/// piece of the line with each, and how many there are.
#[test]
fn a_megabyte_of_mistakes_on_one_line_is_refused_with_some_of_them() {
    let fill = |start: &str, end: &str, word: &dyn Fn(usize) -> String| {
        let words = (0..)
            .map(word)
            .scan(start.len() + end.len(), |length, word| {
                *length += word.len();
                (*length <= LARGEST_MANIFEST).then_some(word)
            });
        let words: Vec<_> = words.collect();
        (words.len(), format!("{start}{}{end}", words.concat()))
    };
    let name = "n".repeat(400_000);
    let long = format!("version = 1\nenvironments = {{ {name} = {{ secrets = {{ A = {{}}");
    type Word<'w> = &'w dyn Fn(usize) -> String;
    let cases: [(&str, &str, Word<'_>, &str); 5] = [
        (
            "version = 1\nproject = {",
            "}",
            &|n| format!("k{n}=1,"),
            "unknown-key",
        ),
        (
            "version = 1\nsecrets = {",
            "}",
            &|n| format!("A{n}={{from=\"x:y\"}},"),
            "undeclared-name",
        ),
        (
            "version = 1\nsecrets={A={compose=\"",
            "\"}}",
            &|n| format!("{{N{n}}}"),
            "undeclared-name",
        ),
        (
            "version = 1\nsecrets={A={validate=[",
            "]}}",
            &|_| "\"x\",".to_owned(),
            "unknown-rule",
        ),
        (&long, "}}}", &|n| format!(",B{n}={{}}"), "undeclared-name"),
    ];
    for (start, end, word, kind) in cases {
        let (words, text) = fill(start, end, word);
        let problems = refused(&text);
        let (last, told) = problems.split_last().expect("there are problems");
        assert_eq!(
            (told.len(), last.kind, &last.place),
            (100, "more-problems", &None)
        );
        assert!(words > 10_000, "{kind}");
        for problem in told {
            assert_eq!(problem.kind, kind);
            assert!(problem.message.len() < 1_000);
            let place = problem.place.as_ref().expect("a place");
            let excerpt = place.excerpt.as_ref().expect("an excerpt");
            assert!(excerpt.line.len() < 300);
            assert!(excerpt.line.get(excerpt.marked.clone()).is_some());
        }
    }
}

/// What is right and large is read, planned and reported, and no step looks at everything for
/// everything.
#[test]
fn a_megabyte_without_a_mistake_is_planned() {
    let parts: String = (0..20_000).map(|n| format!("N{n}={{}},")).collect();
    let inserts: String = (0..20_000).map(|n| format!("{{N{n}}}")).collect();
    let environments: String = (0..3_000)
        .map(|n| format!("e{n}={{secrets={{N1={{key=\"x\"}}}}}},"))
        .collect();
    let text = format!(
        "version = 1\nsecrets={{{parts}ALL={{compose=\"{inserts}\"}}}}\nenvironments={{{environments}}}\n"
    );
    assert!(text.len() < LARGEST_MANIFEST);
    try_out(&text, "e7");
    // Each environment composes something anew, and none makes a circle.
    let chain: String = (0..10_000)
        .map(|n| format!("N{n}={{compose=\"{{N{}}}\"}},", n + 1))
        .collect();
    let environments: String = (0..100)
        .map(|n| format!("e{n}={{secrets={{N{n}={{compose=\"{{N9999}}\"}}}}}},"))
        .collect();
    try_out(
        &format!("version = 1\nsecrets={{{chain}N10000={{}}}}\nenvironments={{{environments}}}\n"),
        "e7",
    );
}
