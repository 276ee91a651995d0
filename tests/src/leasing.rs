//! An OpenBao that lends.

use serde_json::{Value, json};

use crate::{Launcher, OpenBao, Postgres, VaultProject};

/// A server with the secret `secret/app/TOKEN` and with users of a database at
/// `database/creds/app`, each good for an hour; and a role that may read both.
#[derive(Debug)]
pub struct Leasing {
    /// The server.
    pub bao: OpenBao,
    /// The database, for as long as users of it are made.
    pub postgres: Postgres,
    role: String,
    secret: String,
}

impl Leasing {
    /// What is at `secret/app/TOKEN`.
    pub const TOKEN: &str = "q7zk-5d01-of-vault";

    /// Starts both. `terms` are what the role's tokens are like, beside their policy.
    ///
    /// # Panics
    /// When one of them can't be started, or there are no such terms.
    #[must_use]
    pub fn start(mut terms: Value) -> Self {
        let (bao, postgres) = (OpenBao::start(), Postgres::start());
        bao.put("app/TOKEN", &json!({ "value": Self::TOKEN }));
        bao.dynamic_users(&postgres);
        let read = |path: &str| format!("path \"{path}\" {{ capabilities = [\"read\"] }}\n");
        let rules = read("secret/data/app/*") + &read("database/creds/app");
        bao.policy("app", &rules);
        terms["token_policies"] = "app".into();
        let (role, secret) = bao.app_role(&terms);
        Self {
            bao,
            postgres,
            role,
            secret,
        }
    }

    /// The launcher, which logs in with the role.
    #[must_use]
    pub fn launcher<'project>(&self, project: &'project VaultProject) -> Launcher<'project> {
        self.launcher_to(project, &self.bao.url())
    }

    /// The same by another way to the server.
    #[must_use]
    pub fn launcher_to<'project>(
        &self,
        project: &'project VaultProject,
        address: &str,
    ) -> Launcher<'project> {
        self.logged_in(project.launcher_to(address), address)
    }

    /// A program that logs in with the role.
    #[must_use]
    pub fn logged_in<'project>(
        &self,
        program: Launcher<'project>,
        address: &str,
    ) -> Launcher<'project> {
        program
            .env("VAULT_ADDR", address)
            .env("VAULT_ROLE_ID", &self.role)
            .env("VAULT_SECRET_ID", &self.secret)
    }
}
