//! Names of environment variables that change how programs load, start, or find what
//! they run.
//!
//! Whoever can write such a value runs code in the app. A store of secrets should not
//! be a place to do that from, so an entry with such a name has to say that it is meant.
//!
//! In the list: what the loader, a language's runtime, a shell or a widespread tool
//! takes code, options or the name of a program from, and what redirects name lookups.
//! HOME and XDG_CONFIG_HOME, because configuration found there runs commands. SHELL,
//! EDITOR and PAGER, because others start what they name.
//! Not in it: USER and LOGNAME, which name nobody's code; TMPDIR; proxies and
//! SSL_CERT_FILE, which change where an app connects and whom it trusts, but load
//! nothing, and which a deployment sets rightly.
//!
//! Names are compared exactly, as Linux does. This module is a table and must stay one:
//! whether a name is refused is decided by its caller.

const LOADER: &str = "it changes how the system loads programs and libraries";
const SEARCH: &str = "it changes which programs are found";
const SHELL: &str = "it changes how shells start and read commands";
const RUNTIME: &str = "a language's runtime takes code or options from it";
const STARTED: &str = "programs start what it names";
const CONFIGURATION: &str = "programs take commands or modules from configuration found by it";
const RESOLVER: &str = "it changes how host names are looked up";
const ALLOCATOR: &str = "it changes how memory is allocated";

/// Reason, and the names that it holds for. A `*` at the end stands for any rest.
const TABLE: &[(&str, &[&str])] = &[
    (
        LOADER,
        &[
            "LD_*",
            "DYLD_*",
            "_RLD*",
            "GLIBC_TUNABLES",
            "GCONV_PATH",
            "GETCONF_DIR",
            "LOCPATH",
            "NLSPATH",
        ],
    ),
    (SEARCH, &["PATH"]),
    (
        SHELL,
        &[
            "BASHOPTS",
            "BASH_ENV",
            "BASH_FUNC_*",
            "CDPATH",
            "ENV",
            "FPATH",
            "GLOBIGNORE",
            "IFS",
            "NULLCMD",
            "PROMPT_COMMAND",
            "PS0",
            "PS1",
            "PS4",
            "READNULLCMD",
            "SHELLOPTS",
            "ZDOTDIR",
        ],
    ),
    (
        RUNTIME,
        &[
            // Node.js and npm
            "NODE_OPTIONS",
            "NODE_PATH",
            "NODE_REPL_EXTERNAL_MODULE",
            "NPM_CONFIG_*",
            "npm_config_*",
            // Python
            "PYTHONBREAKPOINT",
            "PYTHONEXECUTABLE",
            "PYTHONHOME",
            "PYTHONINSPECT",
            "PYTHONPATH",
            "PYTHONPLATLIBDIR",
            "PYTHONPYCACHEPREFIX",
            "PYTHONSTARTUP",
            "PYTHONUSERBASE",
            "PYTHONWARNINGS",
            // Perl
            "PERL5DB",
            "PERL5LIB",
            "PERL5OPT",
            "PERLIO_DEBUG",
            "PERLLIB",
            // Ruby
            "BUNDLE_GEMFILE",
            "BUNDLE_PATH",
            "GEM_HOME",
            "GEM_PATH",
            "RUBYLIB",
            "RUBYOPT",
            // Java
            "CLASSPATH",
            "JAVA_TOOL_OPTIONS",
            "JDK_JAVA_OPTIONS",
            "_JAVA_OPTIONS",
            // .NET
            "CORECLR_*",
            "COR_*",
            "DOTNET_ADDITIONAL_DEPS",
            "DOTNET_SHARED_STORE",
            "DOTNET_STARTUP_HOOKS",
            // PHP, Lua, Erlang, R, Julia, Tcl
            "ELIXIR_ERL_OPTIONS",
            "ERL_*",
            "JULIA_DEPOT_PATH",
            "JULIA_LOAD_PATH",
            "LUA_CPATH*",
            "LUA_INIT*",
            "LUA_PATH*",
            "PHPRC",
            "PHP_INI_SCAN_DIR",
            "R_ENVIRON*",
            "R_LIBS*",
            "R_PROFILE*",
            "TCLLIBPATH",
        ],
    ),
    (
        STARTED,
        &[
            "BROWSER",
            "EDITOR",
            "GIT_ASKPASS",
            "GIT_EDITOR",
            "GIT_EXEC_PATH",
            "GIT_EXTERNAL_DIFF",
            "GIT_PAGER",
            "GIT_PROXY_COMMAND",
            "GIT_SEQUENCE_EDITOR",
            "GIT_SSH",
            "GIT_SSH_COMMAND",
            "LESSCLOSE",
            "LESSOPEN",
            "MANPAGER",
            "PAGER",
            "SHELL",
            "SSH_ASKPASS",
            "SUDO_ASKPASS",
            "VISUAL",
        ],
    ),
    (
        CONFIGURATION,
        &[
            "GIO_EXTRA_MODULES",
            "GIT_CONFIG*",
            "GIT_TEMPLATE_DIR",
            "GTK_MODULES",
            "HOME",
            "OPENSSL_CONF",
            "OPENSSL_ENGINES",
            "OPENSSL_MODULES",
            "QT_PLUGIN_PATH",
            "XDG_CONFIG_DIRS",
            "XDG_CONFIG_HOME",
        ],
    ),
    (
        RESOLVER,
        &[
            "HOSTALIASES",
            "LOCALDOMAIN",
            "NIS_PATH",
            "RESOLV_HOST_CONF",
            "RES_OPTIONS",
        ],
    ),
    (ALLOCATOR, &["MALLOC_*"]),
];

/// Why a variable of this name changes how programs load, start, or find what they
/// run; `None` if it does not.
#[must_use]
pub fn changes_loading(name: &str) -> Option<&'static str> {
    let matches = |pattern: &&str| match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == *pattern,
    };
    TABLE
        .iter()
        .find(|(_, patterns)| patterns.iter().any(&matches))
        .map(|(reason, _)| *reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_load_code_have_their_reason() {
        for (name, reason) in [
            ("LD_PRELOAD", LOADER),
            ("LD_AUDIT", LOADER),
            ("LD_ANYTHING_NEW", LOADER),
            ("GLIBC_TUNABLES", LOADER),
            ("DYLD_INSERT_LIBRARIES", LOADER),
            ("PATH", SEARCH),
            ("BASH_ENV", SHELL),
            ("BASH_FUNC_echo%%", SHELL),
            ("IFS", SHELL),
            ("NODE_OPTIONS", RUNTIME),
            ("PYTHONPATH", RUNTIME),
            ("JAVA_TOOL_OPTIONS", RUNTIME),
            ("CORECLR_PROFILER_PATH_64", RUNTIME),
            ("LUA_INIT_5_4", RUNTIME),
            ("GIT_SSH_COMMAND", STARTED),
            ("EDITOR", STARTED),
            ("HOME", CONFIGURATION),
            ("GIT_CONFIG_KEY_0", CONFIGURATION),
            ("RES_OPTIONS", RESOLVER),
            ("MALLOC_CHECK_", ALLOCATOR),
        ] {
            assert_eq!(changes_loading(name), Some(reason), "{name}");
        }
    }

    #[test]
    fn names_of_secrets_and_settings_are_free() {
        for name in [
            "DATABASE_URL",
            "JWT_SECRET",
            "HTTPS_PROXY",
            "SSL_CERT_FILE",
            "NODE_ENV",
            "NODE_EXTRA_CA_CERTS",
            "USER",
            "LD",
            "OLD_PATH",
            "PATHS",
            "ENVIRONMENT",
            "",
        ] {
            assert_eq!(changes_loading(name), None, "{name}");
        }
    }

    #[test]
    fn case_and_whole_names_count() {
        assert_eq!(changes_loading("path"), None);
        assert_eq!(changes_loading("Ld_Preload"), None);
        assert_eq!(changes_loading("PATH "), None);
    }

    #[test]
    fn each_name_stands_once() {
        let mut all: Vec<&str> = TABLE
            .iter()
            .flat_map(|(_, names)| names.iter().copied())
            .collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
