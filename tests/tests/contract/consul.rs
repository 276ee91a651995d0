//! A backend in WebAssembly: the component for Consul, and a server that answers as Consul does.

use std::fs;

use secret_run_tests::contract::Source;
use secret_run_tests::{
    Fault, Link, Quality, Response, SecretServer, consul_absent, consul_entry, repository,
};
use secret_runtime::backend::Backend;
use secret_runtime::outbound::{GrantedOrigin, HttpOrigin, Reach};
use secret_runtime::plugin::PluginBackend;
use secret_runtime::plugin::conformance::Subject;

/// The gate takes no larger answer.
const LIMIT: usize = 256 << 10;

/// The component, and the server behind a link that can fail.
pub(crate) struct Consul {
    server: SecretServer,
    link: Link,
    backend: PluginBackend,
}

impl Consul {
    pub(crate) fn start() -> Self {
        let server = SecretServer::start();
        server.otherwise(consul_absent());
        let link = Link::to(server.address());
        let address = format!("http://{}", link.address());
        let wasm = fs::read(repository("plugins/dist/consul-kv.wasm"));
        let mut subject = Subject::of_component("consul", wasm.expect("it is committed"));
        subject.settings = [("address".to_owned(), address.clone())].into();
        subject.origins = vec![GrantedOrigin {
            origin: HttpOrigin::parse(&address).expect("an address is an origin"),
            reach: Reach {
                private: true,
                ..Reach::default()
            },
            credentials: Vec::new(),
        }];
        subject.outbound.response_bytes = LIMIT;
        let backend = subject.open().expect("the component can be opened");
        Self {
            server,
            link,
            backend,
        }
    }
}

impl Source for Consul {
    fn backend(&self) -> &dyn Backend {
        &self.backend
    }

    fn path(&self, name: &str) -> String {
        format!("app/{name}")
    }

    fn put(&mut self, path: &str, bytes: &[u8]) -> Option<String> {
        let entry = consul_entry(path, bytes);
        self.server.answer(&format!("/v1/kv/{path}"), entry);
        // The index of every entry there.
        Some("200".to_owned())
    }

    fn limit(&self) -> Option<usize> {
        Some(LIMIT)
    }

    fn unreadable(&mut self, name: &str) -> String {
        let path = self.path(name);
        self.server
            .answer(&format!("/v1/kv/{path}"), Response::new(500));
        path
    }

    fn fail(&mut self) {
        self.link.change(Quality {
            fault: Some(Fault::ResetAfter(0)),
            ..Quality::default()
        });
        self.link.cut();
    }

    fn recover(&mut self) {
        self.link.change(Quality::default());
    }
}
