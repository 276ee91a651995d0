//! Looking after what was given for a time.

use futures_util::future::join_all;

use super::open::open_lender;
use crate::backend::{FetchError, Lender, ProcessVariable};
use crate::event_loop;
use crate::grant::Grant;
use crate::lease::Lease;
use crate::plan::Plan;

/// What is to be done about a grant.
#[derive(Debug, Clone, Copy)]
pub enum Duty<'a> {
    /// It shall last longer.
    Renew(&'a Grant),
    /// Nobody needs it any more.
    Release(&'a Grant),
}

impl<'a> Duty<'a> {
    /// The grant.
    #[must_use]
    pub fn grant(self) -> &'a Grant {
        match self {
            Self::Renew(grant) | Self::Release(grant) => grant,
        }
    }
}

/// Does all of it at once, and answers one by one; with how long it is good from now on, if that
/// was asked for. Nothing new is read: a grant comes from a resolution of `plan`, so the plan was
/// authorized.
///
/// # Errors
/// Those of the backends, each where it belongs.
pub fn tend(
    plan: &Plan,
    process: ProcessVariable<'_>,
    duties: &[Duty<'_>],
) -> Vec<Result<Option<Lease>, FetchError>> {
    let opened: Vec<_> = duties
        .iter()
        .map(|duty| open_lender(plan, process, duty.grant().backend))
        .collect();
    let all = duties.iter().zip(&opened);
    let all = join_all(all.map(|(duty, opened)| async move {
        match opened {
            Ok(Some(lender)) => carry_out(*duty, lender.as_ref()).await,
            // Of a backend that lends nothing there is no grant.
            Ok(None) => Ok(None),
            Err(error) => Err(error.clone()),
        }
    }));
    event_loop::block_on(all).unwrap_or_else(|error| {
        let failed = |_| Err(FetchError::new(error.clone()));
        duties.iter().map(failed).collect()
    })
}

async fn carry_out(duty: Duty<'_>, lender: &dyn Lender) -> Result<Option<Lease>, FetchError> {
    match duty {
        Duty::Renew(grant) => lender.renew(&grant.handle).await.map(Some),
        Duty::Release(grant) => lender.release(&grant.handle).await.map(|()| None),
    }
}
