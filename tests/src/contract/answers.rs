//! One answer for each request, whatever else is asked, and however often.

use secret_runtime::backend::Request;

use super::Source;
use super::asking::{Reply, answers, ask, ask_and_give_up, ask_both, at, seed, value};

/// How often the same is asked.
const CALLS: usize = 20;

/// Documents that differ and a path without one, in several orders.
pub fn each_request_has_its_own_answer_in_order(source: &mut dyn Source) {
    let names = ["first", "second", "third"];
    let mut requests = seed(source, &names);
    requests.push(at(source.path("nothing")));
    for order in [
        &[0, 1, 2, 3][..],
        &[3, 2, 1, 0],
        &[1, 3, 0],
        &[2, 0],
        &[3, 1],
        &[2],
    ] {
        let asked: Vec<_> = order.iter().map(|index| requests[*index].clone()).collect();
        let given = answers(source, &asked);
        for (reply, index) in given.iter().zip(order) {
            match names.get(*index) {
                Some(name) => assert_eq!(reply.bytes(), value(name), "{order:?}"),
                None => assert_eq!(*reply, Reply::Absent, "{order:?}"),
            }
        }
    }
}

/// None, one, as many as a plugin is asked for at once, and more.
pub fn batches_of_any_size_are_answered(source: &mut dyn Source) {
    let names = ["first", "second", "third", "fourth", "fifth", "sixth"];
    let mut requests = seed(source, &names);
    requests.push(at(source.path("nothing")));
    for size in [0, 1, 255, 256, 257, 1000] {
        let asked: Vec<Request> = requests.iter().cloned().cycle().take(size).collect();
        let given = answers(source, &asked);
        for (index, reply) in given.iter().enumerate() {
            match names.get(index % requests.len()) {
                Some(name) => assert_eq!(reply.bytes(), value(name), "{index} of {size}"),
                None => assert_eq!(*reply, Reply::Absent, "{index} of {size}"),
            }
        }
    }
}

/// Side by side, apart, and where there is nothing.
pub fn a_path_asked_for_twice_is_answered_twice(source: &mut dyn Source) {
    let known = seed(source, &["first", "second"]);
    let nothing = at(source.path("nothing"));
    let [first, second] = [&known[0], &known[1]];
    let asked = [first, first, second, &nothing, first, &nothing];
    let asked: Vec<_> = asked.into_iter().cloned().collect();
    let given = answers(source, &asked);
    for index in [0, 1, 4] {
        assert_eq!(given[index].bytes(), value("first"));
    }
    assert_eq!(given[2].bytes(), value("second"));
    assert_eq!([&given[3], &given[5]], [&Reply::Absent, &Reply::Absent]);
}

/// Also where the name of a document is a part of the path, or the path a part of the name.
pub fn what_is_not_there_is_absent(source: &mut dyn Source) {
    let known = seed(source, &["token"]).remove(0);
    for name in ["nothing", "toke", "tokens", "token2", "oken", "token-token"] {
        let asked = [known.clone(), at(source.path(name)), known.clone()];
        let given = answers(source, &asked);
        assert_eq!(given[1], Reply::Absent, "{name}");
        for index in [0, 2] {
            assert_eq!(given[index].bytes(), value("token"), "beside {name}");
        }
        assert_eq!(answers(source, &asked[1..2]), [Reply::Absent], "{name}");
    }
}

/// What is there and what is not.
pub fn repeated_calls_answer_the_same(source: &mut dyn Source) {
    let mut requests = seed(source, &["first", "second"]);
    requests.push(at(source.path("nothing")));
    let unreadable = source.unreadable("unreadable");
    requests.push(at(unreadable));
    let first = ask(source, &requests);
    assert_eq!(
        first.as_ref().map(|given| given[0].bytes().to_vec()),
        Ok(value("first"))
    );
    for call in 2..=CALLS {
        assert_eq!(ask(source, &requests), first, "call {call}");
    }
}

/// Batches that share a document, and batches of different length.
pub fn two_calls_at_once_do_not_disturb_each_other(source: &mut dyn Source) {
    let mut one = seed(source, &["first", "second", "third"]);
    one.push(at(source.path("nothing")));
    let other = [one[3].clone(), one[1].clone()];
    let [expected, expected_other] = [ask(source, &one), ask(source, &other)];
    for _ in 0..CALLS {
        let given = ask_both(source, &one, &other);
        assert_eq!(given, [expected.clone(), expected_other.clone()]);
    }
    let given = ask_both(source, &one, &one);
    assert_eq!(given, [expected.clone(), expected]);
}

/// A batch that nobody waits for any more, and then the same again.
pub fn a_call_that_is_given_up_leaves_nothing_behind(source: &mut dyn Source) {
    let requests = seed(source, &["first", "second", "third"]);
    let expected = ask(source, &requests);
    assert_eq!(expected.as_ref().map(Vec::len), Ok(3));
    for _ in 0..CALLS {
        ask_and_give_up(source, &requests);
        assert_eq!(ask(source, &requests), expected);
    }
}
