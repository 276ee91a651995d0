//! Loading compiled components. All unsafe code of this crate is here, because wasmtime
//! trusts compiled code as it trusts a shared library.
//!
//! Two kinds of bytes are ever loaded. Those that the build script made of the standard
//! component, after checking its digest; and those of a [`Verified`] artifact, which only
//! the store of compiled plugins makes, after looking at who could have changed them.
//!
//! On Linux the bytes lie in the binary's own code section. They run where they lie: nothing
//! is copied, no page is made executable, so the load is fast and works where a process may
//! make no memory executable (`MemoryDenyWriteExecute=` of systemd, SELinux's `execmem`).
#![expect(
    unsafe_code,
    reason = "loads compiled code, which can't be checked at run time"
)]

use std::sync::{Mutex, PoisonError};

use wasmtime::component::Component;
use wasmtime::{Config, Engine};

use crate::rule::Catalog;

use super::engine;
use super::error::PluginError;
use super::store::Verified;

include!(concat!(env!("OUT_DIR"), "/standard.rs"));

/// The name of the standard component in messages.
pub(super) const NAME: &str = "standard";

/// All rules of the standard component. Known without starting it.
#[must_use]
pub fn standard_catalog() -> &'static Catalog {
    &CATALOG
}

/// The standard component. It is loaded once in a process, and stays: wasmtime keeps a list
/// of all code by address, and panics when the same address comes twice.
pub(super) fn standard() -> Result<Component, PluginError> {
    static LOADED: Mutex<Option<Component>> = Mutex::new(None);
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(component) = &*loaded {
        return Ok(component.clone());
    }
    let component = load()?;
    *loaded = Some(component.clone());
    Ok(component)
}

/// The engine of all plugins that are loaded. There is one in a process, so that epochs and types
/// are shared.
pub(super) fn plugin_engine() -> Result<Engine, PluginError> {
    static ENGINE: Mutex<Option<Engine>> = Mutex::new(None);
    only_one(&ENGINE, || {
        let mut config = engine::config(engine::Guests::Plugins, None)?;
        only_load(&mut config);
        Engine::new(&config)
    })
}

/// The engine that plugins are compiled in, and asked what they are. Its code is for the baseline
/// of this target, which any machine of it can run.
#[cfg(feature = "compile")]
pub(super) fn compiling_engine() -> Result<Engine, PluginError> {
    static ENGINE: Mutex<Option<Engine>> = Mutex::new(None);
    only_one(&ENGINE, || {
        let target = Some(super::store::TARGET);
        Engine::new(&engine::config(engine::Guests::Plugins, target)?)
    })
}

fn only_one(
    place: &Mutex<Option<Engine>>,
    make: impl FnOnce() -> wasmtime::Result<Engine>,
) -> Result<Engine, PluginError> {
    let mut known = place.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(engine) = &*known {
        return Ok(engine.clone());
    }
    let engine = make().map_err(|_| PluginError::Engine)?;
    *known = Some(engine.clone());
    Ok(engine)
}

/// An engine that only loads needs no compiler: to set one up would touch code and settings of it
/// at every start, and ask the processor for what it can, where a virtual machine is slow to
/// answer.
fn only_load(config: &mut Config) {
    #[cfg(feature = "compile")]
    config.enable_compiler(false);
    #[cfg(not(feature = "compile"))]
    let _ = config;
}

/// Whether the system let this process make no memory executable, and nothing else is wrong.
/// systemd, seccomp and SELinux can forbid it.
pub(super) fn is_forbidden(error: &wasmtime::Error) -> bool {
    // The only calls of the system below this that give such an error are those for memory.
    let errno = error.downcast_ref::<rustix::io::Errno>();
    matches!(
        errno,
        Some(&(rustix::io::Errno::ACCESS | rustix::io::Errno::PERM))
    )
}

/// Loads a compiled plugin.
pub(super) fn load_verified(engine: &Engine, artifact: &Verified) -> wasmtime::Result<Component> {
    // SAFETY: the file was made by this program, lies in a folder that nobody but its owner
    // can write to, belongs to the user or to root, and has not been changed since its digest
    // was noted; `Verified` says so, and only the store makes one. wasmtime itself compares
    // version, settings and target.
    unsafe { Component::deserialize_file(engine, artifact.path()) }
}

fn load() -> Result<Component, PluginError> {
    let mut config =
        engine::config(engine::Guests::Standard, None).map_err(|_| PluginError::Engine)?;
    only_load(&mut config);
    platform::prepare(&mut config);
    let engine = Engine::new(&config).map_err(|_| PluginError::Engine)?;
    platform::load(&engine).map_err(|_| PluginError::Load {
        validator: NAME.to_owned(),
    })
}

#[cfg(target_os = "linux")]
mod platform {
    use std::ptr::NonNull;
    use std::sync::Arc;

    use wasmtime::component::Component;
    use wasmtime::{Config, CustomCodeMemory, Engine, Result, bail};

    use super::ARTIFACT;

    /// Aligned like the code section of the artifact, which wasmtime aligns to the target's
    /// largest page.
    #[cfg_attr(target_arch = "x86_64", repr(C, align(4096)))]
    #[cfg_attr(not(target_arch = "x86_64"), repr(C, align(65536)))]
    struct Pages<Bytes>(Bytes);

    const ALIGNMENT: usize = align_of::<Pages<()>>();

    // SAFETY: the section is one of code by its name, so it is readable and executable, never
    // writable, and mapped for as long as the process lives. No other symbol is in a section
    // of this name.
    #[unsafe(link_section = ".text.secret_run_standard")]
    static RESIDENT: Pages<[u8; ARTIFACT.len()]> = Pages(*ARTIFACT);

    /// wasmtime asks it to make code executable. The artifact is so already.
    struct InPlace;

    impl CustomCodeMemory for InPlace {
        fn required_alignment(&self) -> usize {
            ALIGNMENT
        }

        fn publish_executable(&self, code: *const u8, length: usize) -> Result<()> {
            let artifact = RESIDENT.0.as_ptr_range();
            let end = code.wrapping_add(length);
            if artifact.start <= code && code <= end && end <= artifact.end {
                Ok(())
            } else {
                bail!("only the embedded component may run in this engine")
            }
        }

        fn unpublish_executable(&self, _code: *const u8, _length: usize) -> Result<()> {
            Ok(())
        }
    }

    pub(super) fn prepare(config: &mut Config) {
        config.with_custom_code_memory(Some(Arc::new(InPlace)));
    }

    pub(super) fn load(engine: &Engine) -> Result<Component> {
        let artifact = NonNull::from(&RESIDENT.0);
        // SAFETY: the bytes are what the build script made from the component whose digest is
        // pinned, with the same version of wasmtime and the same settings (which wasmtime
        // compares besides). They are in a static that nothing can write to.
        unsafe { Component::deserialize_raw(engine, artifact) }
    }
}

#[cfg(not(target_os = "linux"))]
mod platform {
    use wasmtime::component::Component;
    use wasmtime::{Config, Engine, Result};

    pub(super) fn prepare(_config: &mut Config) {}

    pub(super) fn load(engine: &Engine) -> Result<Component> {
        // SAFETY: the bytes are what the build script made from the component whose digest is
        // pinned, with the same version of wasmtime and the same settings (which wasmtime
        // compares besides).
        unsafe { Component::deserialize(engine, super::ARTIFACT) }
    }
}

#[cfg(all(test, feature = "compile"))]
mod tests {
    use super::*;

    /// To set up a compiler would be work of every start.
    #[test]
    fn only_the_engine_that_compiles_has_a_compiler() {
        let nothing = b"\0asm\x0d\0\x01\0";
        let compiles = |engine: Result<Engine, PluginError>| {
            engine.is_ok_and(|engine| engine.precompile_component(nothing).is_ok())
        };
        assert!(compiles(compiling_engine()));
        assert!(!compiles(plugin_engine()));
        let standard = standard().map(|component| component.engine().clone());
        assert!(standard.is_ok() && !compiles(standard));
    }
}
