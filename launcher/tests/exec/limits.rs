//! The kernel agrees with what the launcher says it takes, to the byte.

use crate::probe::Probe;

const ECHO: &str = "/bin/echo";

#[test]
fn one_string_may_be_as_long_as_said_and_no_longer() {
    let fits = Probe::of([ECHO, "ran"]).filling_a_string_and(0).run();
    assert_eq!(
        (fits.stdout().as_str(), fits.stderr().as_str()),
        ("ran\n", "")
    );

    let refused = Probe::of([ECHO, "ran"]).filling_a_string_and(1).run();
    assert_eq!(refused.code(), Some(126));
    assert!(
        refused
            .stderr()
            .contains("environment-value-too-long: F takes ")
    );
    assert!(refused.stderr().contains("command-too-large: "));
}

#[test]
fn the_whole_may_be_as_large_as_said_and_no_larger() {
    for stack in ["ulimit -S -s 8192", "ulimit -S -s 256", ":"] {
        let fits = Probe::of([ECHO, "ran"])
            .before(stack)
            .filling_all_and(0)
            .run();
        assert_eq!(
            (fits.stdout().as_str(), fits.stderr().as_str()),
            ("ran\n", ""),
            "{stack}"
        );

        let refused = Probe::of([ECHO, "ran"])
            .before(stack)
            .filling_all_and(1)
            .run();
        assert_eq!(refused.code(), Some(126), "{stack}");
        assert!(
            refused.stderr().contains("environment-too-large: "),
            "{stack}"
        );
        assert!(refused.stderr().contains("command-too-large: "), "{stack}");
    }
}
