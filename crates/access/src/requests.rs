//! The queue of those who ask to be let in. Pure: who may still ask, who has waited too long, who comes first.

use domain::{AppRequest, Peer, RequestCode, RequestState, Timestamp};
use ledger::LedgerError;
use std::time::Duration;

/// Requests that wait at once: more than a person looks through.
const WAITING: usize = 8;
/// Of these from one program, or from one address where the program is unknown.
const WAITING_OF_ONE: usize = 2;
/// Requests within a minute, from all.
const A_MINUTE: usize = 10;
/// Who was turned away so often within `PATIENCE` has heard the answer.
const DENIED_OF_ONE: usize = 5;
const PATIENCE: Duration = Duration::from_secs(600);
const MINUTE: Duration = Duration::from_secs(60);
/// How long a request waits for an answer, when nobody says otherwise.
pub(crate) const LIFE: Duration = Duration::from_secs(600);
/// How long a key that was allowed waits to be collected, after the request's own life.
const COLLECT_WITHIN: Duration = Duration::from_secs(600);
/// A request this far ahead was made before the clock was set back.
const SKEW: Duration = Duration::from_secs(60);
/// How long one that has ended is remembered.
pub(crate) const REMEMBERED: Duration = Duration::from_secs(24 * 3600);

/// Why nobody is asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// As many wait as may.
    #[error("too many requests wait for an answer")]
    QueueFull { retry_after: Duration },
    /// As many of this program wait as may, or it was turned away again and again.
    #[error("this program has asked often enough")]
    PeerBusy { retry_after: Duration },
    #[error("too many requests within a minute")]
    TooFast { retry_after: Duration },
    /// It asks for nothing.
    #[error("nothing is asked for")]
    NothingAsked,
    #[error("it could not be written down: {0}")]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    NoRandomness(#[from] crate::secret::NoRandomness),
}

impl AskError {
    /// When it is worth asking again.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            AskError::QueueFull { retry_after } | AskError::PeerBusy { retry_after } | AskError::TooFast { retry_after } => {
                Some(*retry_after)
            }
            AskError::NothingAsked | AskError::Ledger(_) | AskError::NoRandomness(_) => None,
        }
    }
}

/// Whether `peer` may ask now, given all that is remembered.
pub(crate) fn admit(requests: &[AppRequest], peer: &Peer, now: Timestamp) -> Result<(), AskError> {
    let waits = |request: &&AppRequest| is_waiting(request, now);
    let same = |request: &&AppRequest| is_same(&request.peer, peer);
    // The first to end makes room.
    let room = |ends: &mut dyn Iterator<Item = Timestamp>| ends.min().map_or(MINUTE, |end| end.since(now)).max(SECOND);

    if requests.iter().filter(waits).filter(same).count() >= WAITING_OF_ONE {
        let retry_after = room(&mut requests.iter().filter(waits).filter(same).map(ends_at));
        return Err(AskError::PeerBusy { retry_after });
    }
    let lately = |request: &&AppRequest| request.made_at <= now && now.since(request.made_at) < PATIENCE;
    let denied = |request: &&AppRequest| request.state == RequestState::Denied;
    if requests.iter().filter(lately).filter(denied).filter(same).count() >= DENIED_OF_ONE {
        let over = |request: &AppRequest| request.made_at.plus(PATIENCE);
        let retry_after = room(&mut requests.iter().filter(lately).filter(denied).filter(same).map(over));
        return Err(AskError::PeerBusy { retry_after });
    }
    if requests.iter().filter(waits).count() >= WAITING {
        return Err(AskError::QueueFull { retry_after: room(&mut requests.iter().filter(waits).map(ends_at)) });
    }
    let just_now = |request: &&AppRequest| request.made_at <= now && now.since(request.made_at) < MINUTE;
    if requests.iter().filter(just_now).count() >= A_MINUTE {
        let over = |request: &AppRequest| request.made_at.plus(MINUTE);
        return Err(AskError::TooFast { retry_after: room(&mut requests.iter().filter(just_now).map(over)) });
    }
    Ok(())
}

const SECOND: Duration = Duration::from_secs(1);

/// Those that wait for an answer, the one that has waited longest first: one after another is shown.
pub(crate) fn waiting(requests: &[AppRequest], now: Timestamp) -> Vec<AppRequest> {
    let mut waiting: Vec<AppRequest> = requests.iter().filter(|request| is_waiting(request, now)).cloned().collect();
    waiting.sort_by_key(|request| (request.made_at, request.id));
    waiting
}

/// Those that have waited too long: for an answer, or to be collected.
pub(crate) fn overdue(requests: &[AppRequest], now: Timestamp) -> impl Iterator<Item = &AppRequest> {
    requests.iter().filter(move |request| is_open(request) && is_over(request, now))
}

/// When the next one will have waited too long.
pub(crate) fn next_end(requests: &[AppRequest]) -> Option<Timestamp> {
    requests.iter().filter(|request| is_open(request)).map(ends_at).min()
}

/// A code that no other request that is open shows.
pub(crate) fn free_code(requests: &[AppRequest], mut random: impl FnMut() -> u32) -> RequestCode {
    loop {
        let code = RequestCode::new(random());
        if !requests.iter().any(|request| is_open(request) && request.code == code) {
            return code;
        }
    }
}

pub(crate) fn is_waiting(request: &AppRequest, now: Timestamp) -> bool {
    request.state == RequestState::Waiting && !is_over(request, now)
}

pub(crate) fn is_over(request: &AppRequest, now: Timestamp) -> bool {
    // A clock that was set back must not keep somebody waiting for a day.
    ends_at(request) <= now || request.made_at > now.plus(SKEW)
}

/// Whether something can still become of it.
fn is_open(request: &AppRequest) -> bool {
    match request.state {
        RequestState::Waiting | RequestState::Allowed { .. } => true,
        RequestState::Denied | RequestState::Expired | RequestState::Collected => false,
    }
}

fn ends_at(request: &AppRequest) -> Timestamp {
    match request.state {
        RequestState::Allowed { .. } => request.expires_at.plus(COLLECT_WITHIN),
        RequestState::Waiting | RequestState::Denied | RequestState::Expired | RequestState::Collected => request.expires_at,
    }
}

/// Whether both are the same program; where the system does not tell of both, the same address.
fn is_same(one: &Peer, other: &Peer) -> bool {
    match (&one.program, &other.program) {
        (Some(one), Some(other)) => one.path == other.path && one.uid == other.uid,
        (None, None) => one.address == other.address && one.door == other.door,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{AppId, AppRequestId, DoorKind, Permits, Program};
    use proptest::prelude::*;

    fn peer(n: u8) -> Peer {
        let program = Program { pid: 100 + u32::from(n), path: format!("/usr/bin/{n}").into(), uid: 1000 };
        Peer { door: DoorKind::Tcp, address: Some("127.0.0.1".into()), program: Some(program) }
    }

    fn request(n: u128, of: u8, made_at: Timestamp) -> AppRequest {
        AppRequest {
            id: AppRequestId::new(made_at, n),
            name: "Till".into(),
            reason: String::new(),
            permits: Permits::default(),
            origin: None,
            peer: peer(of),
            code: RequestCode::new(n as u32),
            poll_hash: [0; 32],
            made_at,
            expires_at: made_at.plus(LIFE),
            state: RequestState::Waiting,
        }
    }

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(1_000_000 + secs)
    }

    #[derive(Clone, Debug)]
    enum Step {
        Ask(u8),
        Answer(usize, bool),
        Pass(u64),
        SetBack(u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            6 => (0_u8..6).prop_map(Step::Ask),
            2 => (0_usize..12, any::<bool>()).prop_map(|(n, yes)| Step::Answer(n, yes)),
            2 => (0_u64..200).prop_map(Step::Pass),
            1 => (0_u64..2000).prop_map(Step::SetBack),
        ]
    }

    proptest! {
        /// Whatever happens in whatever order: never more than may wait, of one or of all, and nobody waits longer than promised.
        #[test]
        fn the_queue_stays_polite(life in 10_u64..=3600, steps in proptest::collection::vec(step(), 0..120)) {
            let life = Duration::from_secs(life);
            let (mut requests, mut now) = (Vec::<AppRequest>::new(), at(0));
            for (n, step) in steps.into_iter().enumerate() {
                match step {
                    Step::Ask(who) => match admit(&requests, &peer(who), now) {
                        Ok(()) => {
                            let made_lately = requests.iter().filter(|r| r.made_at <= now && now.since(r.made_at) < MINUTE).count();
                            prop_assert!(made_lately < A_MINUTE);
                            requests.push(AppRequest { expires_at: now.plus(life), ..request(n as u128, who, now) });
                        }
                        Err(error) => {
                            let wait = error.retry_after().unwrap();
                            prop_assert!(wait >= SECOND && wait <= PATIENCE.max(life) + SKEW, "{error:?}");
                        }
                    },
                    Step::Answer(which, yes) => {
                        if let Some(first) = waiting(&requests, now).get(which) {
                            let app = AppId::new(now, 1);
                            let allowed = RequestState::Allowed { app, once: false, key_until: None };
                            let place = requests.iter_mut().find(|r| r.id == first.id).unwrap();
                            place.state = if yes { allowed } else { RequestState::Denied };
                        }
                    }
                    Step::Pass(secs) => now = now.plus(Duration::from_secs(secs)),
                    Step::SetBack(secs) => now = now.minus(Duration::from_secs(secs)),
                }
                // As the runtime does.
                let ended: Vec<_> = overdue(&requests, now).map(|r| r.id).collect();
                for request in requests.iter_mut().filter(|r| ended.contains(&r.id)) {
                    request.state = RequestState::Expired;
                }
                let waits = waiting(&requests, now);
                prop_assert!(waits.len() <= WAITING);
                for who in 0..6 {
                    prop_assert!(waits.iter().filter(|r| is_same(&r.peer, &peer(who))).count() <= WAITING_OF_ONE);
                }
                prop_assert!(waits.is_sorted_by_key(|r| r.made_at));
                prop_assert!(waits.iter().all(|r| now.since(r.made_at) < life));
            }
        }
    }

    #[test]
    fn a_third_request_of_one_program_waits_and_another_program_does_not() {
        let both = [request(1, 1, at(0)), request(2, 1, at(5))];
        assert_eq!(admit(&both, &peer(1), at(10)), Err(AskError::PeerBusy { retry_after: Duration::from_secs(590) }));
        assert_eq!(admit(&both, &peer(2), at(10)), Ok(()));
        assert_eq!(admit(&both, &peer(1), at(600)), Ok(()));
    }

    #[test]
    fn who_is_told_no_again_and_again_is_not_asked_for_a_while() {
        let denied = |n: i64| AppRequest { state: RequestState::Denied, ..request(n as u128, 1, at(n * 70)) };
        let requests: Vec<_> = (0..5).map(denied).collect();
        assert_eq!(admit(&requests, &peer(1), at(400)), Err(AskError::PeerBusy { retry_after: Duration::from_secs(200) }));
        assert_eq!(admit(&requests, &peer(2), at(400)), Ok(()));
        assert_eq!(admit(&requests, &peer(1), at(600)), Ok(()));
    }

    #[test]
    fn ten_within_a_minute_are_enough_however_they_were_answered() {
        let made = |n: u8| AppRequest { state: RequestState::Collected, ..request(u128::from(n), n, at(i64::from(n))) };
        let requests: Vec<_> = (0..10).map(made).collect();
        assert_eq!(admit(&requests, &peer(99), at(30)), Err(AskError::TooFast { retry_after: Duration::from_secs(30) }));
        assert_eq!(admit(&requests, &peer(99), at(60)), Ok(()));
    }

    #[test]
    fn eight_wait_and_the_ninth_comes_back_when_the_first_has_ended() {
        let requests: Vec<_> = (0..8).map(|n| request(u128::from(n), n, at(0))).collect();
        assert_eq!(admit(&requests, &peer(99), at(100)), Err(AskError::QueueFull { retry_after: Duration::from_secs(500) }));
    }

    #[test]
    fn programs_that_the_system_does_not_name_count_by_their_address() {
        let nameless = |address: &str| Peer { door: DoorKind::Tls, address: Some(address.into()), program: None };
        let of = |n, address: &str| AppRequest { peer: nameless(address), ..request(n, 0, at(0)) };
        let requests = [of(1, "192.0.2.1"), of(2, "192.0.2.1")];
        assert!(admit(&requests, &nameless("192.0.2.1"), at(1)).is_err());
        assert!(admit(&requests, &nameless("192.0.2.2"), at(1)).is_ok());
    }

    #[test]
    fn what_was_allowed_waits_longer_to_be_collected() {
        let allowed = RequestState::Allowed { app: AppId::new(at(0), 1), once: true, key_until: None };
        let requests = [request(1, 1, at(0)), AppRequest { state: allowed, ..request(2, 2, at(0)) }];
        assert_eq!(overdue(&requests, at(600)).map(|r| r.code).collect::<Vec<_>>(), [RequestCode::new(1)]);
        assert_eq!(overdue(&requests, at(1200)).count(), 2);
        assert_eq!(next_end(&requests), Some(at(600)));
    }

    #[test]
    fn a_code_is_free_when_no_open_request_shows_it() {
        let requests = [request(7, 1, at(0)), AppRequest { state: RequestState::Denied, ..request(8, 1, at(0)) }];
        let mut random = [7, 7, 8].into_iter();
        assert_eq!(free_code(&requests, || random.next().unwrap()), RequestCode::new(8));
    }
}
