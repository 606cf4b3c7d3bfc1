use crate::dialer::Dialer;
use crate::letter::Letter;
use crate::line::{Answer, Head, LONGEST_ANSWER, Line, NoAnswer};
use crate::verdict::Outcome;
use crate::{Trouble, retry_after};
use domain::{DeliveryId, Timestamp};
use ledger::{Attempt, AttemptOutcome, AttemptRecord};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// One HTTP try and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tried {
    /// When it began.
    pub at: Timestamp,
    /// Until the head of the answer, or until it failed.
    pub latency: Duration,
    pub status: Option<u16>,
    /// The first 2 kB of the answer's body; what is not UTF-8 is replaced.
    pub answer: String,
    /// Why there was no answer.
    pub trouble: Option<Trouble>,
    pub retry_after: Option<String>,
}

impl Tried {
    /// As the log of a delivery shows it.
    pub fn attempt(self) -> Attempt {
        Attempt {
            at: self.at,
            latency_ms: self.latency_ms(),
            delivered: self.is_delivered(),
            http_status: self.status,
            error: self.error(),
            answer: self.answer,
        }
    }

    /// As the ledger notes it.
    pub fn record(self, delivery: DeliveryId, outcome: AttemptOutcome) -> AttemptRecord {
        let Attempt { at, latency_ms, http_status, answer, error, .. } = self.attempt();
        AttemptRecord { delivery, at, latency_ms, outcome, http_status, answer, error }
    }

    pub fn is_delivered(&self) -> bool {
        matches!(self.status, Some(200..=299))
    }

    /// What to tell a person when it was not delivered.
    fn error(&self) -> Option<String> {
        match (&self.trouble, self.status) {
            (Some(trouble), _) => Some(trouble.to_string()),
            (None, Some(status @ 300..=399)) => Some(format!("answered {status}: redirects are not followed")),
            (None, Some(410)) => Some("answered 410: the receiver is gone for good".to_owned()),
            (None, Some(status)) if !self.is_delivered() => Some(format!("answered {status}")),
            (None, _) => None,
        }
    }

    fn latency_ms(&self) -> u64 {
        u64::try_from(self.latency.as_millis()).unwrap_or(u64::MAX)
    }

    /// A try that ended before it could begin.
    pub fn never_sent(at: Timestamp, trouble: Trouble) -> Self {
        Tried { at, latency: Duration::ZERO, status: None, answer: String::new(), trouble: Some(trouble), retry_after: None }
    }

    /// `ended`: what `Retry-After` counts from.
    pub fn outcome(&self, ended: Timestamp) -> Outcome {
        match (&self.trouble, self.status) {
            (None, Some(status)) => {
                let retry_after = self.retry_after.as_deref().and_then(|value| retry_after::parse(value, ended));
                Outcome::Answered { status, retry_after }
            }
            (Some(trouble), _) => Outcome::Broke(trouble.clone()),
            (None, None) => Outcome::Broke(Trouble::CutOff),
        }
    }
}

/// Connections to one receiver that wait for the next letter.
#[derive(Default)]
pub(crate) struct Lines(Mutex<Vec<Line>>);

/// More than an endpoint's greatest concurrency.
const IDLE_LINES: usize = 16;

impl Lines {
    fn take(&self) -> Option<Line> {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(Line::is_fresh);
        idle.pop()
    }

    fn put(&self, line: Line) {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        idle.truncate(IDLE_LINES - 1);
        idle.push(line);
    }
}

/// Sends a letter and waits for its answer, `timeout` at the most for everything: the name, the connection, TLS, the request
/// and the head of the answer. The head decides; what the receiver does after it costs no more than a moment.
pub(crate) async fn attempt(dialer: &Dialer, lines: &Lines, letter: Letter, timeout: Duration) -> Tried {
    let began = Instant::now();
    let deadline = began + timeout;
    let at = letter.at;
    let asked = timeout_at(deadline, ask(dialer, lines, letter)).await.unwrap_or(Err(Trouble::TimedOut));
    let latency = began.elapsed();
    match asked {
        Ok(head) => {
            let (Answer { status, retry_after, body }, line) = head.read(deadline).await;
            if let Some(line) = line {
                lines.put(line);
            }
            Tried { at, latency, status: Some(status), answer: text(&body), trouble: None, retry_after }
        }
        Err(trouble) => Tried { latency, ..Tried::never_sent(at, trouble) },
    }
}

async fn ask(dialer: &Dialer, lines: &Lines, letter: Letter) -> Result<Head, Trouble> {
    let Letter { target, policy, headers, body, .. } = letter;
    if let Some(idle) = lines.take() {
        match idle.ask(&target, headers.clone(), body.clone()).await {
            Ok(head) => return Ok(head),
            // It was closed while it lay idle, or its request crossed with the closing: what we send is told apart by its
            // id, so once more on a fresh connection is the lesser evil.
            Err(NoAnswer::Stale) => {}
            Err(NoAnswer::Broke(trouble)) => return Err(trouble),
        }
    }
    let line = Line::open(dialer.dial(&target, policy).await?).await?;
    line.ask(&target, headers, body).await.map_err(|e| match e {
        NoAnswer::Stale => Trouble::CutOff,
        NoAnswer::Broke(trouble) => trouble,
    })
}

/// What a database takes as text.
fn text(body: &[u8]) -> String {
    // A character that was cut in two at the end is no fault of the receiver's.
    let body = match std::str::from_utf8(body) {
        Err(e) if e.error_len().is_none() => &body[..e.valid_up_to()],
        Ok(_) | Err(_) => body,
    };
    let mut text = String::from_utf8_lossy(body).replace('\0', "\u{fffd}");
    // Each replacement is longer than what it replaces.
    while text.len() > LONGEST_ANSWER {
        text.pop();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_kept_as_text_of_two_kilobytes_at_the_most() {
        assert_eq!(text("grüße".as_bytes()), "grüße");
        assert_eq!(text(&"grüße".as_bytes()[..3]), "gr");
        assert_eq!(text(b"a\0b\xffc"), "a\u{fffd}b\u{fffd}c");
        assert_eq!(text(&[0xff; LONGEST_ANSWER]).len(), LONGEST_ANSWER / 3 * 3);
    }
}
