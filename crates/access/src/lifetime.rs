//! How long keys live, and how one takes the place of another.

use domain::{Key, KeyId, KeyState, Timestamp};
use std::time::Duration;

/// How long an old key goes on beside the one that takes its place, unless somebody wants it otherwise.
pub const OVERLAP: Duration = Duration::from_secs(24 * 3600);
/// How long a key that opens nothing any more is still listed.
const REMEMBERED: Duration = Duration::from_secs(90 * 24 * 3600);
/// One that ended with a run of WhatIsUp: whoever lets programs in for a day has many of them.
const REMEMBERED_UNTIL_QUIT: Duration = Duration::from_secs(24 * 3600);

/// What a rotation makes of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rotated {
    /// As it is from now on; it was revoked if there is to be no overlap.
    pub old: Key,
    pub new: Key,
}

/// A new key in the place of `old`, of the same kind and length of life. The old one ends after `overlap`, and never later than
/// it would have. `None` when it opens nothing any more: that would bring it back.
pub(crate) fn rotate(old: &Key, id: KeyId, now: Timestamp, overlap: Duration) -> Option<Rotated> {
    if old.state(now) != KeyState::Good {
        return None;
    }
    let life = old.expires_at.map(|end| end.since(old.made_at));
    let new = Key {
        id,
        app: old.app,
        label: old.label.clone(),
        made_at: now,
        expires_at: life.map(|life| now.plus(life)),
        revoked_at: None,
        until_quit: old.until_quit,
        replaces: Some(old.id),
        last_used_at: None,
        last_from: None,
        requests_today: 0,
        day: now.day(),
    };
    let mut old = old.clone();
    if overlap.is_zero() {
        old.revoked_at = Some(now);
    } else {
        let end = now.plus(overlap);
        old.expires_at = Some(old.expires_at.map_or(end, |before| before.min(end)));
    }
    Some(Rotated { old, new })
}

/// Whether a key has ended so long ago that it need not be listed.
pub(crate) fn is_forgotten(key: &Key, now: Timestamp) -> bool {
    match key.state(now) {
        KeyState::Good => false,
        KeyState::Expired { at } | KeyState::Revoked { at } => {
            now.since(at) > if key.until_quit { REMEMBERED_UNTIL_QUIT } else { REMEMBERED }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::AppId;
    use proptest::prelude::*;

    fn key(expires_at: Option<i64>, revoked_at: Option<i64>) -> Key {
        Key {
            id: KeyId::new(Timestamp::EPOCH, 1),
            app: AppId::new(Timestamp::EPOCH, 1),
            label: "till".into(),
            made_at: Timestamp::EPOCH,
            expires_at: expires_at.map(Timestamp::from_secs),
            revoked_at: revoked_at.map(Timestamp::from_secs),
            until_quit: false,
            replaces: None,
            last_used_at: None,
            last_from: None,
            requests_today: 0,
            day: 0,
        }
    }

    proptest! {
        #[test]
        fn a_rotation_leaves_no_gap_and_lengthens_no_life(
            expires in proptest::option::of(1_i64..10_000),
            now in 0_i64..10_000,
            overlap in 0_u64..10_000,
        ) {
            let (old, now) = (key(expires, None), Timestamp::from_secs(now));
            let rotated = rotate(&old, KeyId::new(now, 2), now, Duration::from_secs(overlap));
            prop_assert_eq!(rotated.is_some(), old.state(now) == KeyState::Good);
            if let Some(Rotated { old: after, new }) = rotated {
                prop_assert_eq!(new.state(now), KeyState::Good);
                prop_assert_eq!(new.replaces, Some(old.id));
                for later in [0, 1, 100, 9_999, 100_000] {
                    let later = now.plus(Duration::from_secs(later));
                    // What it opens later, it opened before as well.
                    prop_assert!(after.state(later) != KeyState::Good || old.state(later) == KeyState::Good);
                    prop_assert!(after.state(later) != KeyState::Good || later.since(now) < Duration::from_secs(overlap));
                }
                let life = |key: &Key| key.expires_at.map(|end| end.since(key.made_at));
                prop_assert_eq!(life(&new), life(&old));
            }
        }
    }

    #[test]
    fn a_key_that_ended_is_not_brought_back() {
        let now = Timestamp::from_secs(50);
        assert_eq!(rotate(&key(None, Some(10)), KeyId::new(now, 2), now, OVERLAP), None);
        assert_eq!(rotate(&key(Some(50), None), KeyId::new(now, 2), now, OVERLAP), None);
    }

    #[test]
    fn a_key_is_listed_for_a_while_after_its_end() {
        let ended = key(None, Some(0));
        assert!(!is_forgotten(&ended, Timestamp::EPOCH.plus(REMEMBERED)));
        assert!(is_forgotten(&ended, Timestamp::EPOCH.plus(REMEMBERED + Duration::from_secs(1))));
        assert!(!is_forgotten(&key(None, None), Timestamp::from_secs(i64::MAX / 2000)));
        let once = Key { until_quit: true, ..ended };
        assert!(!is_forgotten(&once, Timestamp::EPOCH.plus(REMEMBERED_UNTIL_QUIT)));
        assert!(is_forgotten(&once, Timestamp::EPOCH.plus(REMEMBERED_UNTIL_QUIT + Duration::from_secs(1))));
    }
}
