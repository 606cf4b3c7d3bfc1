//! The task of one endpoint: does what its lane says and tells the lane what came of it.
//!
//! What happens to an attempt under way when its endpoint changes meanwhile: paused, resumed, edited, or its secret
//! rotated: it goes on as it was begun and is written down, and only the next one is otherwise. Deleted: it is cut off, and
//! nothing is left to write down. Its app may not see the event any more: as when it is skipped, it is not tried again. At a drain, and when another process serves the endpoint: it ends and is written down, and
//! nothing new begins.

use crate::attempt::{self, Lines, Tried};
use crate::booking::{self, Booking};
use crate::clock::Drift;
use crate::ground::{Complaint, Ground, LEDGER_REST, LOOK_ANYWAY};
use crate::lane::{Lane, Next, Owed, Place};
use crate::letter;
use crate::verdict::{Standing, Verdict, verdict};
use domain::{EndpointId, PauseReason};
use ledger::{AttemptOutcome, Endpoint, EndpointStatus, LoggedEvent};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Deliveries that are known at a time.
const AHEAD: u32 = 128;
/// The longest sleep towards a due time: the clock may be set meanwhile.
const LOOK_AT_CLOCK: Duration = Duration::from_secs(5);

/// What ends in the background.
enum Done {
    Tried(Place, Tried),
    Booked(Place, Verdict, booking::Outcome),
}

/// Why the task ends.
struct Gone;

struct Course {
    ground: Arc<Ground>,
    endpoint: Endpoint,
    lane: Lane,
    events: HashMap<Place, LoggedEvent>,
    lines: Arc<Lines>,
    jobs: JoinSet<Done>,
    /// Tells that endpoints or deliveries changed otherwise than by delivering.
    changed: watch::Receiver<u64>,
    drift: Drift,
    /// When the endpoint was last read, by the time that passed.
    looked: Duration,
    /// Something changed, and what is known here is from before.
    outdated: bool,
    complaint: Complaint,
    leaving: bool,
}

pub(crate) async fn run(ground: Arc<Ground>, id: EndpointId) {
    let (mut planned, mut woken) = (ground.planned.subscribe(), ground.woken.subscribe());
    let mut claims = ground.claims.subscribe();
    if let Some(mut course) = Course::begin(Arc::clone(&ground), id).await {
        loop {
            let Ok(wait) = course.go_on().await else { break };
            if course.leaving && course.jobs.is_empty() {
                break;
            }
            let done = tokio::select! {
                biased;
                () = ground.shutdown.cancelled(), if !course.leaving => {
                    course.leaving = true;
                    Ok(())
                }
                Some(done) = course.jobs.join_next() => match done {
                    Ok(done) => course.take(done).await,
                    // A defect; the roster makes a new task, which begins with what the ledger knows.
                    Err(_) => Err(Gone),
                },
                _ = course.changed.changed(), if !course.leaving => course.refresh().await,
                // What follows is decided when it goes on.
                _ = claims.changed(), if !course.leaving => Ok(()),
                _ = woken.changed(), if !course.leaving => course.refresh().await,
                _ = planned.changed(), if !course.leaving => {
                    course.lane.expect_more();
                    Ok(())
                }
                () = ground.config.clock.sleep(wait), if !course.leaving => Ok(()),
            };
            if done.is_err() {
                break;
            }
        }
    }
    ground.numbers.left(id);
}

impl Course {
    /// `None` when there is no such endpoint, or the end comes first.
    async fn begin(ground: Arc<Ground>, id: EndpointId) -> Option<Self> {
        let mut complaint = Complaint::default();
        let changed = ground.ledger.deliveries_tip();
        let endpoint = loop {
            match complaint.note("reading an endpoint", ground.ledger.endpoint(id).await)? {
                Ok(endpoint) => break endpoint?,
                Err(()) => ground.shutdown.run_until_cancelled(ground.config.clock.sleep(LEDGER_REST)).await?,
            }
        };
        let (drift, looked) = (Drift::new(&ground.config.clock), ground.config.clock.passed());
        let mut course = Course {
            ground,
            lane: Lane::new(),
            endpoint,
            events: HashMap::new(),
            lines: Arc::default(),
            jobs: JoinSet::new(),
            changed,
            drift,
            looked,
            outdated: false,
            complaint,
            leaving: false,
        };
        course.lane.set(course.endpoint.concurrency, is_open(&course.endpoint));
        Some(course)
    }

    /// Begins what may be begun; how long nothing else is to be done by itself.
    async fn go_on(&mut self) -> Result<Duration, Gone> {
        while !self.leaving {
            {
                let claims = self.ground.claims.borrow();
                if !claims.hold(self.endpoint.id) {
                    // Another process serves it: what is under way ends, and nothing is begun.
                    self.leaving = true;
                    break;
                }
                if !claims.are_fresh(self.ground.config.clock.passed()) {
                    return Ok(LEDGER_REST);
                }
            }
            // Whoever was answered that an endpoint is paused sees nothing begun after that.
            let told = self.changed.has_changed().unwrap_or(false);
            if told || self.outdated || self.ground.config.clock.passed().saturating_sub(self.looked) >= LOOK_ANYWAY {
                self.refresh().await?;
            }
            // It may be paused by now, and what is owed may be for its app no more.
            if self.outdated {
                return Ok(LEDGER_REST);
            }
            let now = self.ground.config.clock.now();
            if let Some(by) = self.drift.set_back(&self.ground.config.clock) {
                tracing::info!(endpoint.id = %self.endpoint.id, by_s = by.as_secs(), "the clock was set back");
                self.lane.clock_set_back(by);
            }
            match self.lane.next(now) {
                Next::Send(place) => self.send(place),
                Next::Load => {
                    if !self.load().await? {
                        return Ok(LEDGER_REST);
                    }
                }
                Next::Wait(at) => return Ok(at.since(now).clamp(Duration::from_millis(1), LOOK_AT_CLOCK)),
                Next::Idle => return Ok(LOOK_ANYWAY),
            }
        }
        Ok(LOOK_ANYWAY)
    }

    fn send(&mut self, place: Place) {
        let Some(event) = self.events.remove(&place) else {
            // Known deliveries come with their events; were one missing, the ledger would be asked.
            self.lane.settled(place);
            self.lane.expect_more();
            return;
        };
        self.lane.sending(place);
        self.ground.numbers.began(self.endpoint.id);
        let at = self.ground.config.clock.now();
        let letter = letter::write(&self.endpoint, &event, at, self.ground.config.reach);
        let (ground, lines) = (Arc::clone(&self.ground), Arc::clone(&self.lines));
        self.jobs.spawn(async move {
            let tried = match letter {
                Ok(letter) => attempt::attempt(&ground.dialer, &lines, letter, ground.config.timeout).await,
                Err(trouble) => Tried::never_sent(at, trouble),
            };
            Done::Tried(place, tried)
        });
    }

    async fn take(&mut self, done: Done) -> Result<(), Gone> {
        match done {
            Done::Tried(place, tried) => {
                if self.changed.has_changed().unwrap_or(false) {
                    self.refresh().await?;
                }
                self.tried(place, tried);
                Ok(())
            }
            Done::Booked(place, verdict, outcome) => self.booked(place, verdict, outcome).await,
        }
    }

    /// Judges an attempt and has it written down.
    fn tried(&mut self, place: Place, tried: Tried) {
        let Ground { config, numbers, .. } = &*self.ground;
        let now = config.clock.now();
        numbers.ended(self.endpoint.id, &tried);
        let failed_before = self.lane.attempts(place);
        let standing = Standing { now, failed_before, failing_since: self.endpoint.failing_since };
        let verdict = verdict(&tried.outcome(now), standing, &config.schedule, rand::random());
        tracing::debug!(
            endpoint.id = %self.endpoint.id,
            delivery.id = %place.delivery,
            delivery.attempt = failed_before + 1,
            duration_ms = tried.latency.as_millis(),
            status = tried.status,
            ?verdict,
            "tried to deliver"
        );
        // A person who paused it meanwhile is not overruled.
        let active = is_open(&self.endpoint);
        let (outcome, status) = match verdict {
            Verdict::Delivered => (AttemptOutcome::Delivered, None),
            Verdict::RetryAt(at) => (AttemptOutcome::Failed { next_attempt_at: Some(at) }, None),
            Verdict::Pause => {
                let paused = EndpointStatus::Paused { reason: PauseReason::Failing, since: now };
                (AttemptOutcome::Failed { next_attempt_at: None }, active.then_some(paused))
            }
            Verdict::Disable => {
                (AttemptOutcome::Failed { next_attempt_at: None }, active.then_some(EndpointStatus::Disabled { since: now }))
            }
        };
        match verdict {
            Verdict::Delivered => {
                self.endpoint.failing_since = None;
                self.lane.delivered(place);
            }
            Verdict::RetryAt(_) | Verdict::Pause | Verdict::Disable => {
                self.endpoint.failing_since.get_or_insert(tried.at);
            }
        }
        let booking = Booking { record: tried.record(place.delivery, outcome), status, patience: None };
        self.book(place, verdict, booking);
    }

    fn book(&mut self, place: Place, verdict: Verdict, booking: Booking) {
        let ground = Arc::clone(&self.ground);
        self.jobs.spawn(async move { Done::Booked(place, verdict, booking::book(&ground, booking).await) });
    }

    async fn booked(&mut self, place: Place, verdict: Verdict, outcome: booking::Outcome) -> Result<(), Gone> {
        match outcome {
            booking::Outcome::Done => self.lane.hold(false),
            booking::Outcome::NotNow(booking) => {
                // Nothing more is sent until this is written down: a crash would send it all again.
                self.lane.hold(true);
                self.book(place, verdict, booking);
                return Ok(());
            }
            booking::Outcome::Unwanted => {
                // The delivery, or its endpoint, is gone.
                self.lane.settled(place);
                return self.refresh().await;
            }
            booking::Outcome::Closed => return Err(Gone),
        }
        let now = self.ground.config.clock.now();
        match verdict {
            Verdict::Delivered => {
                self.lane.settled(place);
                return Ok(());
            }
            Verdict::RetryAt(at) => self.lane.failed(place, Some(at), now),
            Verdict::Pause => {
                tracing::warn!(endpoint.id = %self.endpoint.id, "an endpoint failed for too long and is paused");
                self.lane.failed(place, None, now);
            }
            Verdict::Disable => {
                tracing::warn!(endpoint.id = %self.endpoint.id, "a receiver is gone for good: its endpoint is disabled");
                self.lane.failed(place, None, now);
            }
        }
        // It may have been skipped or asked for anew while it was under way; and it may be paused now.
        self.refresh().await
    }

    /// Learns how the endpoint is now, and what is owed to it.
    async fn refresh(&mut self) -> Result<(), Gone> {
        self.looked = self.ground.config.clock.passed();
        self.changed.mark_unchanged();
        self.outdated = true;
        let read = self.ground.ledger.endpoint(self.endpoint.id).await;
        match self.complaint.note("reading an endpoint", read).ok_or(Gone)? {
            Ok(None) => Err(Gone),
            Ok(Some(endpoint)) => {
                let before = std::mem::replace(&mut self.endpoint, endpoint);
                self.lane.set(self.endpoint.concurrency, is_open(&self.endpoint));
                let resumed = is_open(&self.endpoint) && !is_open(&before);
                let elsewhere = self.endpoint.url != before.url || self.endpoint.trusted_addresses != before.trusted_addresses;
                self.outdated = !self.load().await?;
                self.lane.doubt();
                if elsewhere {
                    self.lines = Arc::default();
                }
                if resumed || elsewhere || self.endpoint.headers != before.headers {
                    self.lane.hurry(self.ground.config.clock.now());
                }
                Ok(())
            }
            Err(()) => Ok(()),
        }
    }

    /// Learns what is owed; `false` when the ledger cannot tell for now.
    async fn load(&mut self) -> Result<bool, Gone> {
        let Ground { ledger, config, .. } = &*self.ground;
        let read = if is_open(&self.endpoint) {
            ledger.take_pending(self.endpoint.id, AHEAD, config.clock.now()).await
        } else {
            ledger.pending(self.endpoint.id, AHEAD).await
        };
        let Ok(rows) = self.complaint.note("reading deliveries", read).ok_or(Gone)? else { return Ok(false) };
        let cut_short = rows.len() >= AHEAD as usize;
        let mut owed = Vec::with_capacity(rows.len());
        self.events.clear();
        for (delivery, event) in rows {
            let place = Place { seq: delivery.seq, delivery: delivery.id };
            owed.push(Owed {
                place,
                attempts: delivery.attempts,
                next_attempt_at: delivery.next_attempt_at,
                created_at: delivery.created_at,
            });
            self.events.insert(place, event);
        }
        self.lane.load(&owed, cut_short, self.ground.config.clock.now());
        Ok(true)
    }
}

fn is_open(endpoint: &Endpoint) -> bool {
    match endpoint.status {
        EndpointStatus::Active => true,
        EndpointStatus::Paused { .. } | EndpointStatus::Disabled { .. } => false,
    }
}
