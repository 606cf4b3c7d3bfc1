//! The queue of those who ask to be let in. Pure: who may still ask, who has waited too long, who comes first.

use domain::{AppId, AppRequest, DoorKind, Peer, RequestCode, RequestState, Timestamp};
use ledger::LedgerError;
use std::net::{IpAddr, Ipv6Addr};
use std::path::Path;
use std::time::Duration;

/// Requests that wait at once: more than a person looks through.
const WAITING: usize = 8;
/// Of these from other machines, together: there are as many of them as somebody likes to have.
const WAITING_FROM_AFAR: usize = WAITING / 2;
/// Of these from one program, or from one address where the program is unknown.
const WAITING_OF_ONE: usize = 2;
/// Requests within a minute, from all.
const A_MINUTE: usize = 10;
/// Of these from other machines.
const A_MINUTE_FROM_AFAR: usize = A_MINUTE / 2;
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
    let same = |request: &&AppRequest| Whence::of(&request.peer) == Whence::of(peer);
    if requests.iter().filter(waits).filter(same).count() >= WAITING_OF_ONE {
        let retry_after = until_first(requests.iter().filter(waits).filter(same).map(ends_at), now);
        return Err(AskError::PeerBusy { retry_after });
    }
    let lately = |request: &&AppRequest| request.made_at <= now && now.since(request.made_at) < PATIENCE;
    let denied = |request: &&AppRequest| request.state == RequestState::Denied;
    if requests.iter().filter(lately).filter(denied).filter(same).count() >= DENIED_OF_ONE {
        let over = |request: &AppRequest| request.made_at.plus(PATIENCE);
        let retry_after = until_first(requests.iter().filter(lately).filter(denied).filter(same).map(over), now);
        return Err(AskError::PeerBusy { retry_after });
    }
    room(requests, Whence::of(peer).is_here(), now)
}

/// Whether anybody of this machine (`here`), or of others, may ask now, whoever it is.
pub(crate) fn room(requests: &[AppRequest], here: bool, now: Timestamp) -> Result<(), AskError> {
    room_among(requests, |_| true, (WAITING, A_MINUTE), now)?;
    if here {
        return Ok(());
    }
    room_among(requests, |request| !Whence::of(&request.peer).is_here(), (WAITING_FROM_AFAR, A_MINUTE_FROM_AFAR), now)
}

/// Whether of these fewer than so many wait, and fewer than so many were made within the minute.
fn room_among(
    requests: &[AppRequest],
    which: impl Fn(&AppRequest) -> bool,
    (waiting, a_minute): (usize, usize),
    now: Timestamp,
) -> Result<(), AskError> {
    let which = |request: &&AppRequest| which(request);
    let waits = |request: &&AppRequest| is_waiting(request, now);
    if requests.iter().filter(which).filter(waits).count() >= waiting {
        return Err(AskError::QueueFull {
            retry_after: until_first(requests.iter().filter(which).filter(waits).map(ends_at), now),
        });
    }
    let just_now = |request: &&AppRequest| request.made_at <= now && now.since(request.made_at) < MINUTE;
    if requests.iter().filter(which).filter(just_now).count() >= a_minute {
        let over = |request: &AppRequest| request.made_at.plus(MINUTE);
        return Err(AskError::TooFast {
            retry_after: until_first(requests.iter().filter(which).filter(just_now).map(over), now),
        });
    }
    Ok(())
}

/// The first to end makes room.
fn until_first(ends: impl Iterator<Item = Timestamp>, now: Timestamp) -> Duration {
    ends.min().map_or(MINUTE, |end| end.since(now)).max(SECOND)
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

/// The app that waits for its key to be collected.
pub(crate) fn app(request: &AppRequest) -> Option<AppId> {
    match request.state {
        RequestState::Allowed { app, .. } => Some(app),
        RequestState::Waiting | RequestState::Denied | RequestState::Expired | RequestState::Collected => None,
    }
}

/// Whether it was allowed for this run only, and waits for its key to be collected.
pub(crate) fn is_until_quit(request: &AppRequest) -> bool {
    match request.state {
        RequestState::Allowed { once, .. } => once,
        RequestState::Waiting | RequestState::Denied | RequestState::Expired | RequestState::Collected => false,
    }
}

fn ends_at(request: &AppRequest) -> Timestamp {
    match request.state {
        RequestState::Allowed { .. } => request.expires_at.plus(COLLECT_WITHIN),
        RequestState::Waiting | RequestState::Denied | RequestState::Expired | RequestState::Collected => request.expires_at,
    }
}

/// Who asks, as far as they can be told apart: the same program; where the system names none, the same place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whence<'a> {
    Program(&'a Path, u32),
    /// A way in that has no addresses, as only this machine's own have none.
    Door(DoorKind),
    /// All of the addresses that lead back to this machine.
    Loopback,
    /// Who has an IPv6 address has its whole network of 64 bits.
    Network(IpAddr),
}

impl<'a> Whence<'a> {
    fn of(peer: &'a Peer) -> Self {
        match (&peer.program, &peer.address) {
            (Some(program), _) => Whence::Program(&program.path, program.uid),
            (None, None) => Whence::Door(peer.door),
            // What is no address stands for all that are none.
            (None, Some(address)) => match address.parse().unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED)).to_canonical() {
                ip if ip.is_loopback() => Whence::Loopback,
                IpAddr::V4(ip) => Whence::Network(IpAddr::V4(ip)),
                IpAddr::V6(ip) => Whence::Network(IpAddr::V6(Ipv6Addr::from(u128::from(ip) >> 64 << 64))),
            },
        }
    }

    /// Whether it is on this machine, as far as that can be told.
    fn is_here(self) -> bool {
        match self {
            Whence::Program(..) | Whence::Door(_) | Whence::Loopback => true,
            Whence::Network(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{AppRequestId, Permits, Program};
    use proptest::prelude::*;

    fn peer(n: u8) -> Peer {
        if n >= AFAR {
            return nameless(&format!("192.0.2.{n}"));
        }
        let program = Program { pid: 100 + u32::from(n), path: format!("/usr/bin/{n}").into(), uid: 1000 };
        Peer { door: DoorKind::Tcp, address: Some("127.0.0.1".into()), program: Some(program) }
    }

    /// From here on they are on other machines.
    const AFAR: u8 = 200;

    fn nameless(address: &str) -> Peer {
        Peer { door: DoorKind::Tls, address: Some(address.into()), program: None }
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
            4 => (0_u8..6).prop_map(Step::Ask),
            4 => (AFAR..AFAR + 6).prop_map(Step::Ask),
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
                for who in (0..6).chain(AFAR..AFAR + 6) {
                    prop_assert!(waits.iter().filter(|r| r.peer == peer(who)).count() <= WAITING_OF_ONE);
                }
                prop_assert!(waits.iter().filter(|r| r.peer.program.is_none()).count() <= WAITING_FROM_AFAR);
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
        let of = |n, address: &str| AppRequest { peer: nameless(address), ..request(n, 0, at(0)) };
        for (one, same, other) in [
            ("192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2"),
            ("2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:1::1"),
            ("127.0.0.1", "127.9.9.9", "192.0.2.1"),
            ("127.0.0.1", "::1", "2001:db8::1"),
        ] {
            let requests = [of(1, one), of(2, same)];
            for again in [one, same] {
                assert!(matches!(admit(&requests, &nameless(again), at(1)), Err(AskError::PeerBusy { .. })), "{again}");
            }
            assert_eq!(admit(&requests, &nameless(other), at(1)), Ok(()), "{other}");
        }
    }

    #[test]
    fn other_machines_however_many_they_are_leave_half_of_the_queue_to_this_one() {
        let afar = |n: u8| AppRequest { peer: nameless(&format!("2001:db8:{n}::1")), ..request(u128::from(n), 0, at(0)) };
        let mut requests: Vec<_> = (0..4).map(afar).collect();
        let next = nameless("2001:db8:99::1");
        assert_eq!(admit(&requests, &next, at(100)), Err(AskError::QueueFull { retry_after: Duration::from_secs(500) }));
        assert_eq!(room(&requests, false, at(100)), admit(&requests, &next, at(100)));
        for n in 4..8 {
            assert_eq!((room(&requests, true, at(0)), admit(&requests, &peer(n), at(0))), (Ok(()), Ok(())));
            requests.push(request(u128::from(n), n, at(0)));
        }
        assert!(matches!(room(&requests, true, at(100)), Err(AskError::QueueFull { .. })));
        // However they were answered.
        let answered = |n: u8| AppRequest { state: RequestState::Denied, ..afar(n) };
        let requests: Vec<_> = (0..5).map(answered).collect();
        assert_eq!(admit(&requests, &next, at(30)), Err(AskError::TooFast { retry_after: Duration::from_secs(30) }));
        assert_eq!(admit(&requests, &peer(1), at(30)), Ok(()));
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
