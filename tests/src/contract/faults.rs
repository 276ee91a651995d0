//! What can't be found out is an error, and not something that is not there.

use super::Source;
use super::asking::{Reply, answers, ask, at, seed, value};

/// The whole place is gone, and comes back.
pub fn an_outage_is_an_error_and_never_absent(source: &mut dyn Source) {
    let known = seed(source, &["first", "second"]);
    let nothing = at(source.path("nothing"));
    let asked = [known[0].clone(), nothing, known[1].clone()];
    let before = answers(source, &asked);
    assert_eq!(before[0].bytes(), value("first"));
    assert_eq!(before[1], Reply::Absent);
    for _ in 0..2 {
        source.fail();
        let given = ask(source, &asked);
        if let Ok(given) = &given {
            let refused = |reply: &Reply| matches!(reply, Reply::Refused(_));
            assert!(given.iter().all(refused), "{given:?}");
        }
        assert_eq!(ask(source, &asked), given, "the same outage");
        let alone = ask(source, &asked[1..2]);
        let absent = |given: &Vec<Reply>| given.contains(&Reply::Absent);
        assert!(!alone.as_ref().is_ok_and(absent), "{alone:?}");
        // There is nothing to find out.
        assert_eq!(ask(source, &[]), Ok(Vec::new()));
        source.recover();
        assert_eq!(answers(source, &asked), before, "after the outage");
    }
}

/// Wherever it stands in the batch.
pub fn an_unreadable_document_does_not_spoil_the_others(source: &mut dyn Source) {
    let known = seed(source, &["first", "second"]);
    let unreadable = at(source.unreadable("unreadable"));
    let nothing = at(source.path("nothing"));
    let mut kinds = Vec::new();
    for place in 0..=3 {
        let mut asked = vec![known[0].clone(), nothing.clone(), known[1].clone()];
        asked.insert(place, unreadable.clone());
        let mut given = answers(source, &asked);
        match given.remove(place) {
            Reply::Refused(kind) => kinds.push(kind),
            other => panic!("{other:?} for an unreadable document"),
        }
        assert_eq!(given[0].bytes(), value("first"));
        assert_eq!(given[1], Reply::Absent);
        assert_eq!(given[2].bytes(), value("second"));
    }
    kinds.dedup();
    assert_eq!(kinds.len(), 1, "{kinds:?}");
}
