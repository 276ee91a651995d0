//! What the manifest grants to a plugin, as the host lends it.

use std::collections::BTreeSet;

use super::{OpenError, Plugins, credentials};
use crate::backend::ProcessVariable;
use crate::backend::file::Strictness;
use crate::manifest::Plugin;
use crate::outbound::{Bound, GrantedOrigin, HttpOrigin, OutboundLimits, Reach, Scheme};
use crate::plugin::admission::is_granted;
use crate::plugin::component::Capability;
use crate::plugin::limits::Limits;
use crate::plugin::store::Record;
use crate::regular_file;

/// The largest `ca-file`. All authorities of a system have some 200 KiB.
const AUTHORITIES: usize = 1 << 20;

impl Plugins {
    /// What is both needed and granted, with the credentials that the host adds.
    pub(super) fn origins(
        &self,
        name: &str,
        plugin: &Plugin,
        needs: &BTreeSet<HttpOrigin>,
        process: ProcessVariable<'_>,
    ) -> Result<Vec<GrantedOrigin>, OpenError> {
        let directory = self.manifest.source().directory();
        let allow = &plugin.allow;
        let granted = allow.http.iter().filter(|origin| needs.contains(origin));
        granted
            .map(|origin| {
                let specs = plugin.credentials.get(origin).into_iter().flatten();
                let credentials = specs.map(|spec| {
                    credentials::read(spec, directory, process, Strictness::of(self.production))
                });
                let credentials: Result<_, _> = credentials.collect();
                Ok(GrantedOrigin {
                    origin: origin.clone(),
                    reach: Reach {
                        private: allow.private_addresses.contains(origin),
                        link_local: allow.link_local_addresses.contains(origin),
                        bound: if self.production {
                            bound(name, plugin, origin)?
                        } else {
                            Bound::None
                        },
                    },
                    credentials: credentials.map_err(|error| OpenError::Credential {
                        plugin: name.to_owned(),
                        origin: origin.clone(),
                        error: Box::new(error),
                    })?,
                })
            })
            .collect()
    }

    pub(super) fn certificates(
        &self,
        name: &str,
        plugin: &Plugin,
    ) -> Result<Option<Vec<u8>>, OpenError> {
        let Some(file) = &plugin.ca_file else {
            return Ok(None);
        };
        let path = self.manifest.source().directory().join(file);
        match regular_file::read(&path, AUTHORITIES) {
            Ok(pem) => Ok(Some(pem)),
            Err(error) => Err(OpenError::Unreadable {
                plugin: name.to_owned(),
                reason: regular_file::reason(&error),
                path,
            }),
        }
    }
}

/// How far production lets requests to a granted origin go. Without TLS they stay on this machine,
/// or on its link where that is granted: metadata services of clouds know nothing better. Where a
/// name leads is seen when it is resolved.
pub(super) fn bound(name: &str, plugin: &Plugin, origin: &HttpOrigin) -> Result<Bound, OpenError> {
    if origin.scheme() == Scheme::Https {
        return Ok(Bound::None);
    }
    if origin.is_loopback() {
        return Ok(Bound::Machine);
    }
    let is_granted = plugin.allow.link_local_addresses.contains(origin);
    let may_be_near = |address| Bound::Link.holds(address);
    if is_granted && origin.address().is_none_or(may_be_near) {
        return Ok(Bound::Link);
    }
    Err(OpenError::PlainHttp {
        plugin: name.to_owned(),
        origin: origin.clone(),
    })
}

/// What the imports let it do, if all of that is granted.
pub(super) fn granted_imports(
    name: &str,
    plugin: &Plugin,
    record: &Record,
) -> Result<BTreeSet<Capability>, OpenError> {
    let allow = &plugin.allow;
    let mut capabilities = BTreeSet::new();
    for import in &record.imports {
        let capability = Capability::of_import(import);
        if !is_granted(capability, allow) {
            return Err(OpenError::Import {
                plugin: name.to_owned(),
                import: import.clone(),
                capability,
            });
        }
        capabilities.insert(capability);
    }
    Ok(capabilities)
}

pub(super) fn limits(plugin: &Plugin, size: u64) -> Limits {
    let own = Limits::for_size(size);
    let wanted = &plugin.limits;
    Limits {
        time: wanted.time.unwrap_or(own.time),
        memory: wanted.memory.unwrap_or(own.memory),
        log: wanted.log.unwrap_or(own.log),
        ..own
    }
}

pub(super) fn outbound_limits(plugin: &Plugin, limits: Limits) -> OutboundLimits {
    let own = OutboundLimits::default();
    let wanted = &plugin.limits;
    OutboundLimits {
        time: limits.time,
        response_bytes: wanted.response.unwrap_or(own.response_bytes),
        requests: wanted.requests.unwrap_or(own.requests),
        ..own
    }
}
