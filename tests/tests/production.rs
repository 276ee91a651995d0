//! Production reads no secret from the environment or a `.env` file, whoever says that it is
//! production, and whichever way leads to such a backend.

use secret_run_tests::{Launcher, Project, Trace};

/// A dummy that may never be shown, and only be read in development.
const VALUE: &str = "dummy-8dc2-of-the-dotenv";

/// A way to say that a run is production.
struct Signal {
    variable: Option<(&'static str, &'static str)>,
    options: &'static [&'static str],
    /// What the message says about it.
    named: &'static str,
}

const fn variable(name: &'static str, value: &'static str, named: &'static str) -> Signal {
    Signal {
        variable: Some((name, value)),
        options: &[],
        named,
    }
}

const fn option(options: &'static [&'static str], named: &'static str) -> Signal {
    Signal {
        variable: None,
        options,
        named,
    }
}

const SIGNALS: &[Signal] = &[
    variable("NODE_ENV", "production", "NODE_ENV=production"),
    variable("APP_ENV", "production", "APP_ENV=production"),
    variable("RAILS_ENV", "production", "RAILS_ENV=production"),
    variable("RUST_ENV", "prod", "RUST_ENV=prod"),
    variable(
        "ASPNETCORE_ENVIRONMENT",
        "Production",
        "ASPNETCORE_ENVIRONMENT=Production",
    ),
    variable("ENVIRONMENT", "PRODUCTION", "ENVIRONMENT=PRODUCTION"),
    variable("SECRETS_ENV", "production", "SECRETS_ENV=production"),
    option(&["--env", "production"], "--env production"),
    option(&["--env", "prod"], "--env prod"),
    // An environment of another name that says so of itself.
    option(
        &["--env", "staging"],
        "`production = true` in [environments.staging]",
    ),
    variable(
        "SECRETS_ENV",
        "staging",
        "`production = true` in [environments.staging]",
    ),
    // What is asked for explicitly does not overrule a variable that says production.
    Signal {
        variable: Some(("NODE_ENV", "production")),
        options: &["--env", "development"],
        named: "NODE_ENV=production",
    },
];

/// A way that leads to a backend of kind `env`.
struct Way {
    /// Lines of each `[environments.NAME]`.
    environment: &'static str,
    /// Lines of `[environments.NAME.secrets.TOKEN]`, if there is one.
    changed: Option<&'static str>,
    /// Lines of `[secrets.TOKEN]`.
    secret: &'static str,
    variable: Option<(&'static str, &'static str)>,
    options: &'static [&'static str],
}

const FILES: &str = "backend = \"mounts\"";
const PLAIN: Way = Way {
    environment: FILES,
    changed: None,
    secret: "",
    variable: None,
    options: &[],
};

const DEFAULT: Way = Way {
    environment: "",
    ..PLAIN
};

const OF_THE_ENVIRONMENT: Way = Way {
    environment: "backend = \"dotenv\"",
    ..PLAIN
};

const BY_VARIABLE: Way = Way {
    variable: Some(("SECRETS_BACKEND", "env")),
    ..PLAIN
};

const BY_FLAG: Way = Way {
    options: &["--backend", "env"],
    ..PLAIN
};

const BY_NAME: Way = Way {
    options: &["--backend", "dotenv"],
    ..PLAIN
};

const BY_OVERRIDE: Way = Way {
    changed: Some("from = \"dotenv:TOKEN\""),
    ..PLAIN
};

const BY_ITS_OWN_FROM: Way = Way {
    secret: "from = \"dotenv:TOKEN\"",
    ..PLAIN
};

/// A project in which the way leads to the `.env` file, in every environment.
fn project(way: &Way) -> Project {
    let mut manifest = format!(
        "version = 1\n[backends.dotenv]\nkind = \"env\"\n\
         [backends.mounts]\nkind = \"file\"\ndirectory = \"mounts\"\n\
         [secrets.TOKEN]\n{}\n",
        way.secret
    );
    for name in ["development", "staging", "production"] {
        manifest += &format!("[environments.{name}]\n{}\n", way.environment);
        if name == "staging" {
            manifest += "production = true\n";
        }
        if let Some(changed) = way.changed {
            manifest += &format!("[environments.{name}.secrets.TOKEN]\n{changed}\n");
        }
    }
    let project = Project::with(&manifest, &format!("TOKEN={VALUE}\n"));
    project.write("mounts/UNUSED", "dummy-unused");
    project
}

fn prepared<'a>(launcher: Launcher<'a>, way: &Way, signal: Option<&Signal>) -> Launcher<'a> {
    let signalled = signal.and_then(|signal| signal.variable);
    let mut launcher = launcher.args(way.options);
    for (name, value) in way.variable.into_iter().chain(signalled) {
        launcher = launcher.env(name, value);
    }
    match signal {
        Some(signal) => launcher.args(signal.options),
        None => launcher,
    }
}

/// In development the way works, and the trace sees the file; with every signal the same
/// command line is refused, and the file is not touched.
#[track_caller]
fn is_closed_by_every_signal(way: &Way) {
    let project = project(way);
    let development = Trace::of(&project, |launcher| {
        prepared(launcher, way, None).command(["printenv", "TOKEN"])
    });
    development
        .outcome
        .exits_with(0)
        .stdout_has(&format!("{VALUE}\n"));
    assert!(
        development.touches(".env"),
        "the trace does not see .env where it is read"
    );

    for signal in SIGNALS {
        let trace = Trace::of(&project, |launcher| {
            let launcher = prepared(launcher, way, Some(signal));
            launcher
                .args(["--error-format", "json"])
                .command(project.marker())
        });
        let outcome = &trace.outcome;
        outcome.exits_with(125).shows_no_part_of(VALUE, 8);
        let problem = outcome.problem("production-env-backend");
        let hint = problem["hint"].as_str().unwrap_or_default();
        assert!(
            hint.contains(signal.named),
            "the hint does not name {:?}: {hint}",
            signal.named
        );
        assert_eq!(outcome.problems().len(), 1, "{outcome:?}");
        assert!(
            !project.started(),
            "{} did not keep it from starting",
            signal.named
        );
        assert_eq!(trace.programs().len(), 1, "{trace:?}");
        trace.leaves_alone(".env").leaves_alone("mounts");
    }
}

#[test]
fn the_default_backend_is_closed_by_every_signal() {
    is_closed_by_every_signal(&DEFAULT);
}

#[test]
fn the_backend_of_the_environment_is_closed_by_every_signal() {
    is_closed_by_every_signal(&OF_THE_ENVIRONMENT);
}

#[test]
fn secrets_backend_is_closed_by_every_signal() {
    is_closed_by_every_signal(&BY_VARIABLE);
}

#[test]
fn the_backend_flag_with_a_kind_is_closed_by_every_signal() {
    is_closed_by_every_signal(&BY_FLAG);
}

#[test]
fn the_backend_flag_with_a_name_is_closed_by_every_signal() {
    is_closed_by_every_signal(&BY_NAME);
}

#[test]
fn an_override_of_an_environment_is_closed_by_every_signal() {
    is_closed_by_every_signal(&BY_OVERRIDE);
}

#[test]
fn the_from_of_a_secret_is_closed_by_every_signal() {
    is_closed_by_every_signal(&BY_ITS_OWN_FROM);
}

#[test]
fn one_secret_among_others_is_enough() {
    let project = project(&PLAIN);
    let manifest = "version = 1\n[backends.dotenv]\nkind = \"env\"\n\
        [backends.mounts]\nkind = \"file\"\ndirectory = \"mounts\"\n\
        [environments.production]\nbackend = \"mounts\"\n\
        [secrets.UNUSED]\n[secrets.TOKEN]\nfrom = \"dotenv:TOKEN\"\n";
    project.write("secrets.toml", manifest);
    let trace = Trace::of(&project, |launcher| {
        let launcher = launcher.args(["--env", "production", "--error-format", "json"]);
        launcher.command(project.marker())
    });
    let problem = trace
        .outcome
        .exits_with(125)
        .problem("production-env-backend");
    let message = problem["message"].as_str().unwrap_or_default();
    assert!(
        message.contains("TOKEN") && !message.contains("UNUSED"),
        "{message}"
    );
    // The file that it may read is not read either: refused before anything.
    trace.leaves_alone("mounts").leaves_alone(".env");
    assert!(!project.started());
}

#[test]
fn no_optional_composed_or_previous_entry_goes_around_it() {
    for entry in [
        "[secrets.TOKEN]\nrequired = false",
        "[secrets.TOKEN]\n[secrets.URL]\ncompose = \"https://x:{TOKEN}@host/\"",
        "[secrets.TOKEN]\nprevious = { name = \"OLD\", grace = \"1h\" }",
        "[secrets.TOKEN]\ndeliver = \"file\"",
        "[secrets.TOKEN]\nfrom = { backend = \"dotenv\", path = \"TOKEN\", field = \"a\" }",
        "[secrets.TOKEN]\nkey = \"OTHER\"",
    ] {
        let manifest = format!("version = 1\n[backends.dotenv]\nkind = \"env\"\n{entry}\n");
        let project = Project::with(&manifest, &format!("TOKEN={VALUE}\n"));
        let trace = Trace::of(&project, |launcher| {
            let launcher = launcher.env("NODE_ENV", "production").env("TOKEN", VALUE);
            launcher
                .args(["--error-format", "json"])
                .command(project.marker())
        });
        let _ = trace
            .outcome
            .exits_with(125)
            .problem("production-env-backend");
        trace.outcome.shows_no_part_of(VALUE, 8);
        trace.leaves_alone(".env");
        assert!(!project.started(), "{entry}");
    }
}

#[test]
fn no_flag_lifts_it() {
    let project = project(&OF_THE_ENVIRONMENT);
    let manifest = project.path("secrets.toml");
    let manifest = manifest
        .to_str()
        .expect("temporary folders have plain names");
    let tried: &[&[&str]] = &[
        &["--file", manifest],
        &["--env", "development"],
        &["--backend", "dotenv"],
        &["--backend", "env"],
        &["--error-format", "json"],
        &["--allow-compile"],
        &["--watch"],
        &["--watch", "--redact"],
        &["--env", "development", "--backend", "env", "-f", manifest],
        // What other tools have, and this one does not.
        &["--force"],
        &["--insecure"],
        &["--allow-env"],
        &["--no-policy"],
        &["--yes"],
    ];
    for options in tried {
        let launcher = project.launcher().env("NODE_ENV", "production");
        let launcher = launcher.args(*options).command(project.marker());
        launcher.run().exits_with(125).shows_no_part_of(VALUE, 8);
        assert!(!project.started(), "{options:?} lifted it");
    }

    // A flag that is added later has to be tried here too.
    let help = project.launcher().args(["--help"]).run();
    let help = help.exits_with(0).stdout();
    let words = help.split(|c: char| c.is_whitespace() || c == ',' || c == '=' || c == '[');
    let flags = words.filter(|word| word.starts_with("--") && word.len() > 2);
    for flag in flags.filter(|flag| !["--help", "--version"].contains(flag)) {
        assert!(
            tried.iter().any(|options| options.contains(&flag)),
            "{flag} is not tried"
        );
    }
}

#[test]
fn every_subcommand_that_reads_is_refused_too() {
    let project = project(&OF_THE_ENVIRONMENT);
    for words in [
        &["check"][..],
        &["check", "--offline"],
        &["check", "--format", "json"],
    ] {
        let trace = Trace::of(&project, |launcher| {
            launcher.env("APP_ENV", "production").args(words)
        });
        trace.outcome.exits_with(125).shows_no_part_of(VALUE, 8);
        let said = trace.outcome.stdout() + &trace.outcome.stderr();
        assert!(said.contains("production-env-backend"), "{words:?}: {said}");
        trace.leaves_alone(".env");
    }
}

#[test]
fn a_dotenv_that_tells_the_app_it_is_production_is_refused() {
    let manifest = "version = 1\n[secrets.TOKEN]\n[config.NODE_ENV]\ndefault = \"development\"\n";
    let dotenv = format!("NODE_ENV=production\nTOKEN={VALUE}\n");
    let project = Project::with(manifest, &dotenv);
    let launcher = project.launcher().args(["--error-format", "json"]);
    let outcome = launcher.command(project.marker()).run();
    let _ = outcome.exits_with(125).problem("late-production");
    outcome.shows_no_part_of(VALUE, 8);
    assert!(!project.started());
}
