//! Where channels are placed: evenly, by weight, the same everywhere, and moved no more than they must be.
#![allow(clippy::unwrap_used)]

use cluster::{Atlas, Placement, SLOTS, Share, Slot};
use domain::{ChannelId, Timestamp, WorkerId};
use proptest::prelude::*;

fn worker(n: u128) -> WorkerId {
    WorkerId::new(Timestamp::from_secs(1_700_000_000), n)
}

fn shares(workers: impl IntoIterator<Item = (u128, u32)>) -> Vec<Share> {
    let mut shares: Vec<Share> = workers.into_iter().map(|(n, weight)| Share { worker: worker(n), weight }).collect();
    shares.sort_unstable();
    shares
}

fn counts(placement: &Placement, workers: &[Share]) -> Vec<usize> {
    workers.iter().map(|share| placement.slots_of(share.worker).len()).collect()
}

#[test]
fn everything_has_an_owner_and_loads_are_near_each_other() {
    let workers = shares((0..100).map(|n| (n, 1)));
    let placement = Placement::over(&workers);
    let counts = counts(&placement, &workers);
    assert_eq!(counts.iter().sum::<usize>(), SLOTS);
    let mean = SLOTS / workers.len();
    for count in counts {
        assert!((mean * 8 / 10..=mean * 12 / 10).contains(&count), "{count} slots, {mean} are the mean");
    }
}

#[test]
fn who_weighs_three_times_as_much_takes_three_times_as_much() {
    let workers = shares([(1, 1), (2, 3), (3, 0)]);
    let placement = Placement::over(&workers);
    let by_weight = |weight: u32| {
        let share = workers.iter().find(|share| share.weight == weight).unwrap();
        placement.slots_of(share.worker).len() as f64 / SLOTS as f64
    };
    assert!((by_weight(1) - 0.25).abs() < 0.01 && (by_weight(3) - 0.75).abs() < 0.01);
    assert_eq!(by_weight(0), 0.0);
}

#[test]
fn nobody_owns_anything_where_there_is_nobody() {
    let empty = Placement::over(&[]);
    assert!(Slot::all().all(|slot| empty.owner(slot).is_none()));
    let gone = Placement::over(&shares([(1, 1)])).changed_to(&[]);
    assert_eq!(gone, empty);
}

/// Workers of different versions share channels during an upgrade, so this is a format: if it changes, a rolling restart fights.
#[test]
fn a_channel_is_placed_for_ever_the_same() {
    let channels: Vec<ChannelId> = (0..8).map(|n| ChannelId::new(Timestamp::from_secs(1_700_000_000), n)).collect();
    let placement = Placement::over(&shares((0..5).map(|n| (n, 1))));
    let slots: Vec<u16> = channels.iter().map(|channel| Slot::of(*channel).0).collect();
    let owners: Vec<u128> = channels.iter().map(|channel| placement.owner_of(*channel).unwrap().bits() & 0xff).collect();
    assert_eq!(slots, [28323, 32486, 51175, 64781, 21769, 22916, 41072, 53560]);
    assert_eq!(owners, [3, 0, 1, 2, 0, 4, 3, 1]);
}

fn workers() -> impl Strategy<Value = Vec<Share>> {
    proptest::collection::btree_map(0_u128..40, 1_u32..4, 0..12).prop_map(shares)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_moves_goes_to_who_came_or_comes_from_who_went(before in workers(), after in workers()) {
        let old = Placement::over(&before);
        let new = old.changed_to(&after);
        prop_assert_eq!(&new, &Placement::over(&after), "the way there matters");
        let unchanged = |worker: WorkerId| {
            let weight = |shares: &[Share]| shares.iter().find(|share| share.worker == worker).map(|share| share.weight);
            weight(&before) == weight(&after)
        };
        for slot in Slot::all() {
            match (old.owner(slot), new.owner(slot)) {
                (Some(from), Some(to)) if from != to => {
                    prop_assert!(!unchanged(from) || !unchanged(to), "{slot:?} moved between two that were there all along");
                }
                (None, None) => prop_assert!(before.is_empty() && after.is_empty()),
                (None, Some(_)) | (Some(_), None | Some(_)) => {}
            }
        }
    }

    #[test]
    fn an_atlas_remembers_what_is_true(visits in proptest::collection::vec(workers(), 1..8)) {
        let atlas = Atlas::default();
        for shares in visits {
            prop_assert_eq!(&*atlas.over(&shares), &Placement::over(&shares));
        }
    }
}
