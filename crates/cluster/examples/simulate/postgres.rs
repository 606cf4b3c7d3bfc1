use crate::costs;
use crate::redis::Micros;
use std::collections::VecDeque;

/// The event log: one row is its head, and whoever writes locks it until the commit, so that transactions come one after the
/// other. A worker's writer takes what has come together meanwhile into its next one.
pub struct Postgres {
    writers: Vec<Writer>,
    /// Writers that wait for the head.
    line: VecDeque<usize>,
    busy: bool,
    pub rows: u64,
    pub transactions: u64,
    /// The longest that somebody waited for a row to be written, in this phase.
    pub slowest: Micros,
}

#[derive(Default)]
struct Writer {
    waiting: VecDeque<(Ticket, u32, Micros)>,
    in_line: bool,
}

/// What is told to whoever waits for its rows.
pub type Ticket = u64;

impl Postgres {
    pub fn new() -> Postgres {
        Postgres { writers: Vec::new(), line: VecDeque::new(), busy: false, rows: 0, transactions: 0, slowest: 0 }
    }

    /// Wants rows to be written. `Some` when a transaction begins by that: when it is over.
    pub fn write(&mut self, writer: usize, rows: u32, ticket: Ticket, now: Micros) {
        if self.writers.len() <= writer {
            self.writers.resize_with(writer + 1, Writer::default);
        }
        let waits = &mut self.writers[writer];
        waits.waiting.push_back((ticket, rows, now));
        if !waits.in_line {
            waits.in_line = true;
            self.line.push_back(writer);
        }
    }

    /// The next transaction, if none is under way: how long it takes, and who will have been served.
    pub fn begin(&mut self, now: Micros) -> Option<(Micros, Vec<Ticket>)> {
        if self.busy {
            return None;
        }
        let writer = self.line.pop_front()?;
        let waits = &mut self.writers[writer];
        let (mut rows, mut served) = (0_u32, Vec::new());
        while let Some((ticket, more, since)) = waits.waiting.front().copied() {
            if rows > 0 && f64::from(rows + more) > costs::POSTGRES_BATCH.value {
                break;
            }
            rows += more;
            served.push(ticket);
            self.slowest = self.slowest.max(now - since);
            waits.waiting.pop_front();
        }
        waits.in_line = !waits.waiting.is_empty();
        if waits.in_line {
            self.line.push_back(writer);
        }
        self.busy = true;
        self.rows += u64::from(rows);
        self.transactions += 1;
        let span = (costs::POSTGRES_COMMIT.value + f64::from(rows) * costs::POSTGRES_ROW.value) * 1_000.0;
        Some((span as Micros, served))
    }

    pub fn committed(&mut self) {
        self.busy = false;
    }
}
