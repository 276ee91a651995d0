//! What a start leaves out, since each of it would be paid at every start.

use secret_run_tests::{Launcher, Project, Trace};

fn project() -> Project {
    Project::with("version = 1\n[secrets.TOKEN]\n", "TOKEN=dummy-token\n")
}

/// Each library is one more for the loader to find and map at every start.
#[test]
fn no_library_is_loaded_but_that_of_c() {
    let project = project();
    let listed = Launcher::new(&project)
        .env("LD_TRACE_LOADED_OBJECTS", "1")
        .run();
    listed.exits_with(0);
    let found = listed.stdout();
    let found = found
        .lines()
        .filter_map(|line| line.trim().split_once(" => "));
    let names: Vec<_> = found.map(|(name, _)| name).collect();
    assert_eq!(names, ["libc.so.6"]);
}

/// Rust's runtime reads it before `main`, to find the end of the stack.
#[test]
fn the_map_of_the_process_is_not_read() {
    let trace = Trace::of(&project(), |launcher| launcher.command(["true"]));
    trace.outcome.exits_with(0);
    assert_eq!(trace.count("secrets.toml\", O_RDONLY"), 1, "{trace:#?}");
    assert_eq!(trace.count("/proc/self/maps"), 0, "{trace:#?}");
}
