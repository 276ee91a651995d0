//! Makes a validator of a component at run time.
//!
//! For tools and tests: compiling takes longer than a command's whole start. Nothing is
//! taken on trust: what a component imports and exports is looked at before it runs, and
//! what it says about its rules is judged before anybody sees it.

use std::borrow::Cow;

use wasmtime::component::Component;

use crate::rule::Catalog;

use super::artifact;
use super::catalogue;
use super::error::PluginError;
use super::instance::Instance;
use super::interface::VALIDATION;
use super::limits::Limits;
use super::text::clean;
use super::validator::Validator;

/// The most characters of an import's name that are shown.
const IMPORT: usize = 100;

impl Validator {
    /// Compiles a component and asks it for its rules. `name` is what messages call it.
    ///
    /// # Errors
    /// When it is no component, imports anything, is of another world, breaks down when it
    /// is asked for its rules, or says something about them that the contract forbids.
    pub fn compile(name: &str, wasm: &[u8], limits: Limits) -> Result<Self, PluginError> {
        let engine = artifact::compiling_engine()?;
        let component = Component::new(&engine, wasm).map_err(|_| PluginError::NotAComponent {
            validator: name.to_owned(),
        })?;
        Self::of_component(name, component, limits)
    }

    /// Asks a compiled component for its rules.
    pub(super) fn of_component(
        name: &str,
        component: Component,
        limits: Limits,
    ) -> Result<Self, PluginError> {
        judge_world(name, &component)?;
        let nothing = Cow::Owned(Catalog::from(Vec::new()));
        let mut validator = Self::new(Cow::Owned(name.to_owned()), nothing, component, limits);
        validator.catalog = Cow::Owned(ask(&mut validator)?);
        Ok(validator)
    }
}

/// Refuses what can be refused without running anything.
fn judge_world(name: &str, component: &Component) -> Result<(), PluginError> {
    if let Some((import, _)) = component
        .component_type()
        .imports(component.engine())
        .next()
    {
        return Err(PluginError::Imports {
            validator: name.to_owned(),
            import: clean(import, IMPORT),
        });
    }
    match component.get_export_index(None, VALIDATION) {
        Some(_) => Ok(()),
        None => Err(PluginError::World {
            validator: name.to_owned(),
        }),
    }
}

/// Starts the component and asks for its rules. The instance stays to judge values.
fn ask(validator: &mut Validator) -> Result<Catalog, PluginError> {
    let name = || validator.name.to_string();
    let failed = |failure| PluginError::Rules {
        validator: name(),
        failure,
    };
    let mut instance = Instance::start(
        &validator.component,
        validator.limits,
        &mut validator.watchdog,
    )
    .map_err(failed)?;
    if !instance.speaks_the_contract() {
        return Err(PluginError::World { validator: name() });
    }
    let rules = instance.rules(&mut validator.watchdog).map_err(failed)?;
    let catalog = catalogue::read(rules).map_err(|fault| PluginError::Catalog {
        validator: name(),
        fault,
    })?;
    validator.instance = Some(instance);
    Ok(catalog)
}
