//! The order in which composed entries are built, and the cycles that forbid one.
//!
//! A pure function over names. It is iterative throughout: a chain of any length costs
//! heap, not stack. It must not know what a node is.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet, VecDeque};

use thiserror::Error;

use crate::error::Explain;

/// So many cycles are named; a graph can have more of them than anybody wants to read.
const CYCLES_NAMED: usize = 16;

/// Entries that need each other, from one of them round to itself.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("these entries are made of each other: {}", self.names().join(" -> "))]
pub struct Cycle {
    names: Vec<String>,
}

impl Cycle {
    /// The names in the order of need; the first stands again at the end.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }
}

impl Explain for Cycle {
    fn kind(&self) -> &'static str {
        "compose-cycle"
    }

    fn hint(&self) -> Option<String> {
        Some("take one of these names out of the `compose` that inserts it".to_owned())
    }
}

/// Indexes of `nodes` such that each comes after what it depends on, and otherwise in
/// the order given. A dependency that is not a node is no dependency. If two nodes have
/// one name, the first is meant.
///
/// # Errors
/// When there is no such order: cycles that between them hold every dependency which
/// keeps it from existing, at most 16. Each begins with the node that stands first in
/// `nodes`, and they come in that order.
pub fn order<N, D>(nodes: &[(N, Vec<D>)]) -> Result<Vec<usize>, Vec<Cycle>>
where
    N: AsRef<str>,
    D: AsRef<str>,
{
    let needs = edges(nodes);
    let mut needed_by = vec![Vec::new(); nodes.len()];
    let mut open: Vec<usize> = vec![0; nodes.len()];
    for (node, targets) in needs.iter().enumerate() {
        open[node] = targets.len();
        for &target in targets {
            needed_by[target].push(node);
        }
    }
    let mut ready: BinaryHeap<Reverse<usize>> = (0..nodes.len())
        .filter(|&node| open[node] == 0)
        .map(Reverse)
        .collect();
    let mut sorted = Vec::with_capacity(nodes.len());
    while let Some(Reverse(node)) = ready.pop() {
        sorted.push(node);
        for &dependent in &needed_by[node] {
            open[dependent] -= 1;
            if open[dependent] == 0 {
                ready.push(Reverse(dependent));
            }
        }
    }
    if sorted.len() == nodes.len() {
        return Ok(sorted);
    }
    let components = components(&needs, &needed_by);
    Err(cycles(&needs, &components)
        .into_iter()
        .map(|cycle| Cycle {
            names: cycle
                .iter()
                .map(|&node| nodes[node].0.as_ref().to_owned())
                .collect(),
        })
        .collect())
}

fn edges<N: AsRef<str>, D: AsRef<str>>(nodes: &[(N, Vec<D>)]) -> Vec<Vec<usize>> {
    let mut by_name = HashMap::with_capacity(nodes.len());
    for (index, (name, _)) in nodes.iter().enumerate() {
        by_name.entry(name.as_ref()).or_insert(index);
    }
    nodes
        .iter()
        .map(|(_, names)| {
            let mut seen = HashSet::new();
            let targets = names
                .iter()
                .filter_map(|name| by_name.get(name.as_ref()).copied());
            targets.filter(|target| seen.insert(*target)).collect()
        })
        .collect()
}

/// The strongly connected component of each node: two nodes are in one if each needs the
/// other, directly or not. By two depth-first walks, the second against the arrows.
fn components(needs: &[Vec<usize>], needed_by: &[Vec<usize>]) -> Vec<usize> {
    let mut finished = Vec::with_capacity(needs.len());
    let mut seen = vec![false; needs.len()];
    for root in 0..needs.len() {
        if std::mem::replace(&mut seen[root], true) {
            continue;
        }
        let mut path = vec![(root, 0)];
        while let Some((node, next)) = path.last_mut() {
            if let Some(&target) = needs[*node].get(*next) {
                *next += 1;
                if !std::mem::replace(&mut seen[target], true) {
                    path.push((target, 0));
                }
            } else {
                finished.push(*node);
                path.pop();
            }
        }
    }
    let mut component = vec![usize::MAX; needs.len()];
    for &root in finished.iter().rev() {
        let mut pending = vec![root];
        while let Some(node) = pending.pop() {
            if component[node] == usize::MAX {
                component[node] = root;
                pending.extend(&needed_by[node]);
            }
        }
    }
    component
}

/// For each dependency inside a component that no cycle holds yet, the shortest cycle
/// through it.
fn cycles(needs: &[Vec<usize>], component: &[usize]) -> Vec<Vec<usize>> {
    let mut held = HashSet::new();
    let mut found = Vec::new();
    for (node, targets) in needs.iter().enumerate() {
        for &target in targets {
            if component[node] != component[target] || held.contains(&(node, target)) {
                continue;
            }
            let Some(mut cycle) = shortest_path(needs, component, target, node) else {
                continue;
            };
            let least = (0..cycle.len()).min_by_key(|&at| cycle[at]).unwrap_or(0);
            cycle.rotate_left(least);
            cycle.push(cycle[0]);
            held.extend(cycle.windows(2).map(|pair| (pair[0], pair[1])));
            found.push(cycle);
            if found.len() == CYCLES_NAMED {
                found.sort();
                return found;
            }
        }
    }
    found.sort();
    found
}

/// The nodes of a shortest path that stays in the component of `from`, both ends in it.
fn shortest_path(
    needs: &[Vec<usize>],
    component: &[usize],
    from: usize,
    to: usize,
) -> Option<Vec<usize>> {
    let mut came_from = HashMap::from([(from, from)]);
    let mut queue = VecDeque::from([from]);
    while let Some(node) = queue.pop_front() {
        if node == to {
            let mut path = vec![to];
            let mut at = to;
            while at != from {
                at = came_from[&at];
                path.push(at);
            }
            path.reverse();
            return Some(path);
        }
        for &target in &needs[node] {
            if component[target] == component[from] && !came_from.contains_key(&target) {
                came_from.insert(target, node);
                queue.push_back(target);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use super::*;

    fn names(cycles: &[Cycle]) -> Vec<String> {
        cycles
            .iter()
            .map(|cycle| cycle.names().join(" -> "))
            .collect()
    }

    #[test]
    fn what_is_needed_comes_first_and_the_rest_keeps_its_order() {
        let nodes = [
            ("URL", vec!["PASSWORD", "HOST"]),
            ("B", vec![]),
            ("PASSWORD", vec![]),
            ("A", vec!["NOT_COMPOSED"]),
        ];
        assert_eq!(order(&nodes), Ok(vec![1, 2, 0, 3]));
        assert_eq!(order::<&str, &str>(&[]), Ok(vec![]));
    }

    #[test]
    fn every_cycle_is_named_in_full() {
        let nodes = [
            ("A", vec!["B"]),
            ("B", vec!["A", "C"]),
            ("C", vec!["B"]),
            ("SELF", vec!["SELF", "SELF"]),
            ("BETWEEN", vec!["X", "A"]),
            ("X", vec!["Y"]),
            ("Y", vec!["Z"]),
            ("Z", vec!["X"]),
            ("AFTER", vec!["X"]),
        ];
        let cycles = order(&nodes).unwrap_err();
        assert_eq!(
            names(&cycles),
            [
                "A -> B -> A",
                "B -> C -> B",
                "SELF -> SELF",
                "X -> Y -> Z -> X"
            ]
        );
        assert_eq!(
            cycles[0].to_string(),
            "these entries are made of each other: A -> B -> A"
        );
    }

    #[test]
    fn a_long_chain_does_not_overflow_the_stack() {
        let count = 20_000;
        let mut nodes: Vec<(String, Vec<String>)> = (0..count)
            .map(|n| (format!("N{n}"), vec![format!("N{}", n + 1)]))
            .collect();
        let sorted = order(&nodes).unwrap();
        assert_eq!(sorted.first(), Some(&(count - 1)));
        nodes[count - 1].1 = vec!["N0".to_owned()];
        let cycles = order(&nodes).unwrap_err();
        assert_eq!(cycles.len(), 1);
        assert_eq!(cycles[0].names().len(), count + 1);
    }

    #[test]
    fn a_graph_full_of_cycles_is_answered_in_time_and_briefly() {
        let all: Vec<String> = (0..300).map(|n| format!("N{n}")).collect();
        let nodes: Vec<_> = all.iter().map(|name| (name, all.clone())).collect();
        assert_eq!(order(&nodes).unwrap_err().len(), CYCLES_NAMED);
    }

    proptest::proptest! {
        #[test]
        fn an_order_puts_each_after_what_it_needs_and_a_cycle_is_one(
            graph in proptest::collection::vec(proptest::collection::vec(0_usize..12, 0..4), 0..12)
        ) {
            let nodes: Vec<(String, Vec<String>)> = graph
                .iter()
                .enumerate()
                .map(|(n, deps)| (n.to_string(), deps.iter().map(usize::to_string).collect()))
                .collect();
            match order(&nodes) {
                Ok(sorted) => {
                    let mut place = vec![usize::MAX; nodes.len()];
                    for (at, &node) in sorted.iter().enumerate() {
                        place[node] = at;
                    }
                    for (node, deps) in graph.iter().enumerate() {
                        for &dep in deps.iter().filter(|&&dep| dep < nodes.len()) {
                            assert!(place[dep] < place[node]);
                        }
                    }
                }
                Err(cycles) => {
                    assert!(!cycles.is_empty());
                    for cycle in &cycles {
                        let steps: Vec<usize> =
                            cycle.names().iter().map(|name| name.parse().unwrap()).collect();
                        assert_eq!(steps.first(), steps.last());
                        assert!(steps.windows(2).all(|pair| graph[pair[0]].contains(&pair[1])));
                    }
                }
            }
        }
    }
}
