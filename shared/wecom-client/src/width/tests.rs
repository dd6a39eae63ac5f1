use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Gate, WIDTH_MAX, WIDTH_START, Width};

fn rounds(width: &mut Width, rounds: usize) {
    for _ in 0..rounds {
        for _ in 0..width.now() {
            width.content();
        }
    }
}

#[test]
fn it_starts_small_and_doubles_to_the_most_while_wecom_is_content() {
    let mut width = Width::default();
    assert_eq!(width.now(), WIDTH_START);
    rounds(&mut width, 1);
    assert_eq!(width.now(), 16);
    rounds(&mut width, 10);
    assert_eq!(width.now(), WIDTH_MAX);
}

#[test]
fn a_crowd_halves_it_once_however_many_calls_hear_of_it() {
    let mut width = Width::default();
    rounds(&mut width, 10);
    let epoch = width.epoch();
    for _ in 0..30 {
        width.crowded(epoch);
    }
    assert_eq!(width.now(), WIDTH_MAX / 2);
    width.crowded(width.epoch());
    assert_eq!(width.now(), WIDTH_MAX / 4);
}

#[test]
fn after_a_crowd_it_grows_one_by_one_and_never_below_one() {
    let mut width = Width::default();
    for _ in 0..10 {
        width.crowded(width.epoch());
    }
    assert_eq!(width.now(), 1);
    rounds(&mut width, 3);
    assert_eq!(width.now(), 4);
    rounds(&mut width, 1000);
    assert_eq!(width.now(), WIDTH_MAX);
}

#[tokio::test]
async fn the_gate_lets_in_as_many_as_the_width_says() {
    let gate = Arc::new(Gate::default());
    let (inside, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let calls = (0..200).map(|_| {
        let (gate, inside, most) = (gate.clone(), inside.clone(), most.clone());
        tokio::spawn(async move {
            let _pass = gate.enter().await;
            let now = inside.fetch_add(1, Ordering::SeqCst) + 1;
            most.fetch_max(now, Ordering::SeqCst);
            tokio::task::yield_now().await;
            inside.fetch_sub(1, Ordering::SeqCst);
        })
    });
    for call in futures::future::join_all(calls).await {
        call.unwrap();
    }
    assert_eq!(most.load(Ordering::SeqCst), WIDTH_START);
}

#[tokio::test]
async fn a_call_that_is_dropped_leaves_its_place() {
    let gate = Gate::default();
    for _ in 0..100 {
        drop(gate.enter().await);
    }
    let inside = futures::future::join_all((0..WIDTH_START).map(|_| gate.enter())).await;
    assert_eq!(inside.len(), WIDTH_START);
}
