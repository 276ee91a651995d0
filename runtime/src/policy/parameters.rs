//! The parameters of rules, judged before any value is read: patterns that do not compile,
//! minima above maxima.

use std::collections::BTreeMap;
use std::ops::Range;

use super::PolicyError;
use crate::error::Problem;
use crate::judge::{Judge, Verdict};
use crate::manifest::Entry;
use crate::plan::Plan;

/// A validator that could not be had, and whose checks it would have made.
struct Absence<'a> {
    verdict: Verdict,
    /// Where the first of them stands.
    span: Range<usize>,
    entries: Vec<&'a Entry>,
}

/// Asks about every check. A validator that can't be had is one problem, however many checks
/// are its.
pub(super) fn judge_all(plan: &Plan, judge: &mut Judge) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut absent: BTreeMap<Option<&str>, Absence<'_>> = BTreeMap::new();
    for route in &plan.routes {
        let entry = plan.entry(route);
        for spanned in &entry.checks {
            let check = spanned.get_ref();
            if !judge.wants_to_see(check) {
                continue;
            }
            match judge.check_parameters(check) {
                Ok(()) => {}
                Err(verdict @ (Verdict::NoPlugin(_) | Verdict::NoValidator(_))) => {
                    let absence = absent.entry(check.plugin.as_deref());
                    let absence = absence.or_insert_with(|| Absence {
                        verdict,
                        span: spanned.span(),
                        entries: Vec::new(),
                    });
                    absence.entries.push(entry);
                }
                Err(verdict) => {
                    let place = plan.manifest().source().place(&spanned.span());
                    problems.push(Problem::error(&verdict, Some(place)).of(&entry.name));
                }
            }
        }
    }
    let absent = absent.into_values().map(|absence| absence.problem(plan));
    problems.extend(absent);
    problems
}

impl Absence<'_> {
    fn problem(self, plan: &Plan) -> Problem {
        let place = Some(plan.manifest().source().place(&self.span));
        let mut names: Vec<_> = self.entries.iter().map(|it| it.name.as_str()).collect();
        // An entry's own checks stand one after the other.
        names.dedup();
        if let [name] = names[..] {
            return Problem::error(&self.verdict, place).of(name);
        }
        let error = PolicyError::Unjudged {
            verdict: self.verdict,
            names: names.join(", "),
        };
        Problem::error(&error, place)
    }
}
