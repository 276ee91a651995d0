//! How long values are taken for good by who stays.

use std::time::Duration;

use crate::cache::{CacheError, Variable};
use crate::manifest::Manifest;
use crate::selection::Wanted;

/// The shortest time that the manifest says of anything, or that of the variable.
///
/// # Errors
/// When the variable says no time.
pub fn interval(manifest: &Manifest, wanted: &Wanted) -> Result<Duration, CacheError> {
    let most = match Variable::of(wanted)? {
        Variable::Most(most) => Some(most),
        Variable::Unset | Variable::Off => None,
    };
    let backends = manifest.backends.values().map(|backend| backend.cache);
    let entries = manifest.entries.iter().map(|entry| entry.cache);
    let said = backends.chain(entries).chain([manifest.cache.ttl, most]);
    // What is not remembered at all is read as often as all the rest.
    let said = said.flatten().filter(|time| !time.is_zero());
    Ok(said.fold(manifest.watch.interval, Duration::min))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use std::ffi::OsString;
    use std::path::Path;

    use super::*;
    use crate::cache::TTL_VARIABLE;
    use crate::plugin::standard_catalog;

    fn seconds(lines: &str, variable: Option<&str>) -> Option<u64> {
        let text = format!(
            "version = 1\n{lines}\n[environments.development]\nbackend = \"it\"\n\
             [backends.it]\nkind = \"vault\"\ncache = \"10m\"\n\
             [secrets.A]\ncache = \"2m\"\n[secrets.B]\ncache = \"0s\"\n"
        );
        let manifest = Manifest::parse(Path::new("secrets.toml"), &text, standard_catalog());
        let variable = |name: &str| variable.filter(|_| name == TTL_VARIABLE);
        let wanted = Wanted::new(None, None, |name| variable(name).map(OsString::from));
        let interval = interval(&manifest.unwrap(), &wanted).ok()?;
        Some(interval.as_secs())
    }

    #[test]
    fn the_shortest_time_of_all_that_is_said_counts() {
        assert_eq!(seconds("", None), Some(120));
        assert_eq!(seconds("[cache]\nttl = \"1m\"", None), Some(60));
        assert_eq!(seconds("[watch]\ninterval = \"30s\"", None), Some(30));
        assert_eq!(seconds("", Some("45")), Some(45));
        assert_eq!(seconds("", Some("900")), Some(120));
        assert_eq!(seconds("", Some("0")), Some(120));
        assert_eq!(seconds("", Some("often")), None);
    }
}
