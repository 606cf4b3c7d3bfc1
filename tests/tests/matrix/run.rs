//! Asks all cells of a path, over several kept connections at once, and compares.

use super::axes::{METHODS, Verdict, Who};
use super::cells::{Cell, Cells, seed};
use super::declared::{Need, Operation};
use super::door::Door;
use super::expected::{self, Asked};
use super::stage::Stage;
use acceptance::raw::{Answer, Raw};
use futures::future::join_all;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

/// How many connections ask at the same time.
const LANES: usize = 6;
/// Wrong keys that one address may try within a minute before it is told to wait (`access::attempts`).
const TRIES: usize = 10;
/// Addresses that are told apart while they try wrong keys; beyond that they share one measure.
const ADDRESSES: u32 = 500;

pub struct Run<'a> {
    stage: &'a Stage,
    door: &'a Door,
    asked: AtomicUsize,
    /// How many addresses have tried wrong keys.
    addresses: AtomicU32,
    wrong: Mutex<Vec<String>>,
}

impl<'a> Run<'a> {
    pub fn new(stage: &'a Stage, door: &'a Door) -> Self {
        Run { stage, door, asked: AtomicUsize::new(0), addresses: AtomicU32::new(0), wrong: Mutex::default() }
    }

    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    /// # Panics
    /// When an answer was another one than it had to be.
    pub fn verdict(&self) {
        let wrong = self.wrong.lock().unwrap();
        // Of each kind a few.
        let mut kinds: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for text in wrong.iter() {
            kinds.entry(text.rsplit("; ").next().unwrap_or_default()).or_default().push(text);
        }
        let shown: Vec<String> =
            kinds.values().map(|all| format!("{} times:\n  {}", all.len(), all[..all.len().min(4)].join("\n  "))).collect();
        assert!(wrong.is_empty(), "{} wrong answers (MATRIX_SEED={}):\n{}", wrong.len(), seed(), shown.join("\n"));
    }

    pub async fn ask(&self, path: &str, operations: &[&Operation], cells: &Cells) {
        let reading = self.reading(operations).await;
        let next = AtomicUsize::new(0);
        let lanes = (0..LANES).map(|_| async {
            let mut line = self.door.line(None);
            let mut guesses = Guesses::default();
            while let Some(cell) = cells.all.get(next.fetch_add(1, Ordering::Relaxed)) {
                self.one(path, operations, cells, *cell, reading, &mut line, &mut guesses).await;
            }
        });
        join_all(lanes).await;
    }

    /// What the route that reads answers to a person. The same is answered to every app that may.
    async fn reading(&self, operations: &[&Operation]) -> u16 {
        let Some(operation) = operations.iter().find(|o| o.method == "GET") else { return 200 };
        let head = format!(
            "GET {} HTTP/1.1\r\n{}Accept: {ACCEPT}\r\nAuthorization: Bearer {}\r\n\r\n",
            self.stage.path(&operation.path, true),
            self.door.hosts[0].lines,
            self.stage.admin.key()
        );
        let answer = self.door.line(None).ask(head.as_bytes(), false).await.unwrap().unwrap();
        let expected = match operation.id.as_str() {
            // The channel of the stage stands still: there is nothing to scan and nothing to sign.
            "show_qr" | "show_passkey" => 409,
            // Answered to the poll token alone.
            "collect_access" => 401,
            _ => 200,
        };
        if answer.status != expected {
            let body = String::from_utf8_lossy(&answer.body).into_owned();
            self.note(&format!("GET {} by a person: {} instead of {expected}: {body}", operation.path, answer.status));
        }
        answer.status
    }

    #[expect(clippy::too_many_arguments, reason = "one cell, and what is kept between cells")]
    async fn one(
        &self,
        path: &str,
        operations: &[&Operation],
        cells: &Cells,
        cell: Cell,
        reading: u16,
        line: &mut Raw,
        guesses: &mut Guesses,
    ) {
        let (host, origin, content) = (&cells.hosts[cell.host], &cells.origins[cell.origin], &cells.contents[cell.content]);
        let (method, who) = (METHODS[cell.method], Who::ALL[cell.who]);
        let meant = if method == "HEAD" { "GET" } else { method };
        let operation = operations.iter().copied().find(|o| o.method == meant);
        let path_is_closed = operations.iter().any(|o| o.path != "/livez");
        let expected = expected::answer(&Asked { operation, path_is_closed, host, origin, content, who, reading });
        let scope = operation.and_then(|o| match &o.need {
            Need::Scope { scope, .. } => Some(scope.as_str()),
            Need::Open | Need::SignIn | Need::PollToken | Need::Known | Need::Person => None,
        });
        let signs_out = who == Who::Cookie && operation.is_some_and(|o| o.id == "sign_out") && expected.status == 204;
        let lines = if signs_out {
            // Who signs out is out: that is another browser each time.
            self.stage.signed_in().await.lines()
        } else {
            who.lines(self.stage, scope)
        };
        let request = format!(
            "{method} {} HTTP/1.1\r\n{}{}{}{}Accept: {ACCEPT}\r\n{}\r\n{}",
            self.stage.path(path, expected::of_something(operation, content)),
            host.lines,
            origin.lines,
            lines,
            content.lines,
            if content.body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", content.body.len()) },
            content.body,
        );
        let polls = operation.is_some_and(|o| o.need == Need::PollToken) && who != Who::Nobody;
        let guess = host.good == Verdict::Good && expected.status == 401 && (who.guesses() || polls);
        let told_apart = !guess || guesses.fresh(self);
        let door = if guess { guesses.line(self) } else { line };
        let answer = door.ask(request.as_bytes(), method == "HEAD").await.unwrap();
        self.asked.fetch_add(1, Ordering::Relaxed);
        let Some(answer) = answer else {
            return self.note(&format!("{request}\n=> no answer, not {expected:?}"));
        };
        let told_to_wait = !told_apart && answer.status == 429 && answer.header("retry-after").is_some();
        if told_to_wait || fits(&answer, &expected, operation, method) {
            return;
        }
        self.note(&format!(
            "{method} {path} [{}; {}; {}; {who}]: {} {} instead of {} {}",
            host.name,
            origin.name,
            content.name,
            answer.status,
            answer.code(),
            expected.status,
            expected.code
        ));
    }

    fn note(&self, what: &str) {
        self.wrong.lock().unwrap().push(what.to_owned());
    }
}

/// So that what also streams answers once.
const ACCEPT: &str = "application/json";

fn fits(answer: &Answer, expected: &expected::Answer, operation: Option<&Operation>, method: &str) -> bool {
    let documented = operation.is_none_or(|o| o.answers.contains(&answer.status));
    let sealed = answer.header("x-content-type-options") == Some("nosniff")
        && answer.header("content-security-policy").is_some_and(|policy| policy.contains("frame-ancestors 'none'"))
        && answer.header("x-frame-options") == Some("DENY");
    let worded = expected.code.is_empty() || method == "HEAD" || answer.code() == expected.code;
    answer.status == expected.status && worded && documented && sealed
}

/// Wrong keys, from as many addresses as it takes: each of them is told the truth a few times a minute.
#[derive(Default)]
struct Guesses {
    line: Option<Raw>,
    tried: usize,
    exhausted: bool,
}

impl Guesses {
    /// Whether this guess is answered at once for sure.
    fn fresh(&mut self, run: &Run<'_>) -> bool {
        if self.line.is_none() || (self.tried >= TRIES && !self.exhausted) {
            let number = run.addresses.fetch_add(1, Ordering::Relaxed);
            self.exhausted = number >= ADDRESSES || !run.door.is_asked_from_many();
            let [_, _, high, low] = number.to_be_bytes();
            let from = IpAddr::V4(Ipv4Addr::new(127, 1, high, low));
            self.line = Some(run.door.line(Some(from)));
            self.tried = 0;
        }
        self.tried += 1;
        !self.exhausted
    }

    fn line(&mut self, run: &Run<'_>) -> &mut Raw {
        self.line.get_or_insert_with(|| run.door.line(None))
    }
}
