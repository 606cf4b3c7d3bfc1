//! The one writer: gathers queued writes into a transaction, commits, and only then answers them.

use crate::dialect::{self, Connection};
use crate::{LedgerError, events};
use domain::{Event, Timestamp};
use futures::future::BoxFuture;
use std::path::PathBuf;
use std::sync::Mutex;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

/// Writes that may wait. When it is full, callers wait for room: the disk is slower than what comes in.
const WAITING: usize = 256;
/// Writes of one transaction. More share an fsync, but all of them wait for the slowest.
const TOGETHER: usize = 128;

pub(crate) struct Writer {
    queue: mpsc::Sender<Todo>,
    /// Taken by the first `stop`.
    task: Mutex<Option<JoinHandle<Option<Connection>>>>,
}

enum Todo {
    Write(Box<dyn Work>),
    Stop,
}

/// A write with the place for its answer.
trait Work: Send {
    /// Carries it out. `Ok` holds the answer back until the commit; `Err` hands the error back with the place for it.
    fn run<'a>(self: Box<Self>, batch: &'a mut Batch) -> BoxFuture<'a, Result<Answer, (LedgerError, Answer)>>;

    fn refuse(self: Box<Self>, error: LedgerError);
}

/// Tells the caller, once it is known whether the transaction stands.
type Answer = Box<dyn FnOnce(Result<(), LedgerError>) + Send>;

struct Write<T, F> {
    act: F,
    answer: oneshot::Sender<Result<T, LedgerError>>,
}

impl<T, F> Work for Write<T, F>
where
    T: Send + 'static,
    F: for<'a> FnOnce(&'a mut Batch) -> BoxFuture<'a, Result<T, LedgerError>> + Send + 'static,
{
    fn run<'a>(self: Box<Self>, batch: &'a mut Batch) -> BoxFuture<'a, Result<Answer, (LedgerError, Answer)>> {
        Box::pin(async move {
            let Write { act, answer } = *self;
            // A caller that has gone away needs no answer.
            match act(batch).await {
                Ok(value) => {
                    Ok(Box::new(move |committed: Result<(), LedgerError>| drop(answer.send(committed.map(|()| value))))
                        as Answer)
                }
                Err(error) => {
                    let answer: Answer = Box::new(move |outcome| {
                        if let Err(error) = outcome {
                            drop(answer.send(Err(error)));
                        }
                    });
                    Err((error, answer))
                }
            }
        })
    }

    fn refuse(self: Box<Self>, error: LedgerError) {
        drop(self.answer.send(Err(error)));
    }
}

/// The transaction under way.
pub(crate) struct Batch {
    pub connection: Connection,
    /// The newest `seq` of the log as this transaction sees it.
    head: u64,
    dir: PathBuf,
}

impl Batch {
    /// Appends an event; its `seq`.
    pub async fn log(&mut self, event: &Event, at: Timestamp) -> Result<u64, LedgerError> {
        let seq = self.head + 1;
        events::insert(self, seq, event, at).await?;
        self.head = seq;
        Ok(seq)
    }

    /// Appends events in order; the newest `seq` afterwards.
    pub async fn log_all(&mut self, events: &[Event], at: Timestamp) -> Result<u64, LedgerError> {
        for event in events {
            self.log(event, at).await?;
        }
        Ok(self.head)
    }

    pub fn explain(&self, error: &sqlx::Error) -> LedgerError {
        dialect::explain(error, &self.dir)
    }

    async fn command(&mut self, sql: &'static str) -> Result<(), LedgerError> {
        match sqlx::query(sql).execute(&mut self.connection).await {
            Ok(_) => Ok(()),
            Err(e) => Err(self.explain(&e)),
        }
    }
}

impl Writer {
    /// Its task ends with [`stop`](Writer::stop), or when the last handle is dropped.
    pub fn start(connection: Connection, last_seq: u64, tip: watch::Sender<u64>, dir: PathBuf) -> Self {
        let (queue, todo) = mpsc::channel(WAITING);
        let task = tokio::spawn(run(Batch { connection, head: last_seq, dir }, todo, tip));
        Writer { queue, task: Mutex::new(Some(task)) }
    }

    pub async fn write<T, F>(&self, act: F) -> Result<T, LedgerError>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a mut Batch) -> BoxFuture<'a, Result<T, LedgerError>> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let work = Todo::Write(Box::new(Write { act, answer }));
        self.queue.send(work).await.map_err(|_| LedgerError::Closed)?;
        answered.await.map_err(|_| LedgerError::Closed)?
    }

    /// Ends the writer after what is queued, and gives its connection back; `None` when somebody did so before.
    pub async fn stop(&self) -> Option<Connection> {
        let task = self.task.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take()?;
        // An error means that the writer has ended already, which is what is wanted.
        let _ = self.queue.send(Todo::Stop).await;
        task.await.ok().flatten()
    }
}

async fn run(mut batch: Batch, mut todo: mpsc::Receiver<Todo>, tip: watch::Sender<u64>) -> Option<Connection> {
    while let Some(Todo::Write(first)) = todo.recv().await {
        if transact(&mut batch, first, &mut todo, &tip).await {
            break;
        }
    }
    // Whoever queued something after the stop learns that it was not done.
    todo.close();
    while let Some(late) = todo.recv().await {
        if let Todo::Write(work) = late {
            work.refuse(LedgerError::Closed);
        }
    }
    Some(batch.connection)
}

/// One transaction of `first` and of what else is queued. Whether a stop was among it.
async fn transact(batch: &mut Batch, first: Box<dyn Work>, todo: &mut mpsc::Receiver<Todo>, tip: &watch::Sender<u64>) -> bool {
    let head_before = batch.head;
    if let Err(error) = batch.command(dialect::BEGIN).await {
        first.refuse(error);
        return false;
    }
    let mut answers = Vec::new();
    let mut tried = 0;
    let mut next = Some(first);
    let mut stop = false;
    let mut doomed = None;
    while let Some(work) = next.take() {
        match attempt(batch, work).await {
            Ok(answer) => answers.push(answer),
            Err(Failed::Alone) => {}
            Err(Failed::WithAll(error, answer)) => {
                answers.push(answer);
                doomed = Some(error);
                break;
            }
        }
        tried += 1;
        if tried < TOGETHER {
            match todo.try_recv() {
                Ok(Todo::Write(work)) => next = Some(work),
                Ok(Todo::Stop) => stop = true,
                Err(_) => {}
            }
        }
    }
    let outcome = match doomed {
        Some(error) => Err(error),
        None => commit(batch, head_before).await,
    };
    if outcome.is_err() {
        // Fails when SQLite has rolled back by itself, as it does on a full disk.
        let _ = batch.command("ROLLBACK").await;
        batch.head = head_before;
    } else if batch.head != head_before {
        tip.send_replace(batch.head);
    }
    for answer in answers {
        answer(outcome.clone());
    }
    stop
}

enum Failed {
    /// This write was undone and answered; the transaction goes on without it.
    Alone,
    /// The transaction cannot go on.
    WithAll(LedgerError, Answer),
}

async fn attempt(batch: &mut Batch, work: Box<dyn Work>) -> Result<Answer, Failed> {
    let head_before = batch.head;
    if let Err(error) = batch.command("SAVEPOINT one").await {
        work.refuse(error.clone());
        return Err(Failed::WithAll(error, Box::new(|_| ())));
    }
    match work.run(batch).await {
        Ok(answer) => match batch.command("RELEASE one").await {
            Ok(()) => Ok(answer),
            Err(error) => Err(Failed::WithAll(error, answer)),
        },
        Err((error, answer)) => {
            let undone = match error {
                LedgerError::NoSuchChannel
                | LedgerError::AlreadyThere
                | LedgerError::QueueFull
                | LedgerError::NoSuchEndpoint
                | LedgerError::NoSuchDelivery
                | LedgerError::EventPruned => match batch.command("ROLLBACK TO one").await {
                    Ok(()) => batch.command("RELEASE one").await,
                    Err(e) => Err(e),
                },
                // After these SQLite may have rolled everything back.
                LedgerError::Full | LedgerError::Damaged(_) | LedgerError::Closed | LedgerError::Io(_) => Err(error.clone()),
            };
            batch.head = head_before;
            match undone {
                Ok(()) => {
                    answer(Err(error));
                    Err(Failed::Alone)
                }
                Err(why) => Err(Failed::WithAll(why, answer)),
            }
        }
    }
}

async fn commit(batch: &mut Batch, head_before: u64) -> Result<(), LedgerError> {
    if batch.head != head_before {
        events::set_head(batch, batch.head).await?;
    }
    batch.command("COMMIT").await
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crate::{Ledger, LedgerError, OpenOptions};
    use domain::{Event, Timestamp};

    fn deleted(n: u128) -> Event {
        Event::ChannelDeleted { channel: domain::ChannelId::new(Timestamp::EPOCH, n), name: "x".repeat(2000) }
    }

    async fn pragma(ledger: &Ledger, sql: &'static str) -> i64 {
        ledger
            .write(move |batch| {
                Box::pin(async move {
                    sqlx::query_scalar(sql).fetch_one(&mut batch.connection).await.map_err(|e| batch.explain(&e))
                })
            })
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn a_group_that_finds_no_room_is_refused_whole_and_leaves_no_hole() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(dir.path(), &[3; 32], OpenOptions::default()).await.unwrap();
        let pages = pragma(&ledger, "PRAGMA page_count").await;
        assert!(pages > 10);
        pragma(&ledger, "PRAGMA max_page_count = 60").await;

        let writes = (0..200).map(|n| ledger.append(vec![deleted(n)], Timestamp::EPOCH));
        let outcomes = futures::future::join_all(writes).await;
        let stored: Vec<u64> = outcomes.iter().filter_map(|o| o.as_ref().ok().copied()).collect();
        let refused = outcomes.iter().filter(|o| **o == Err(LedgerError::Full)).count();
        assert_eq!(stored.len() + refused, 200);
        assert!(refused > 0);
        assert_eq!(*ledger.tip().borrow(), stored.len() as u64, "the tip counts what was stored");

        pragma(&ledger, "PRAGMA max_page_count = 100000").await;
        assert_eq!(
            ledger.append(vec![deleted(999)], Timestamp::EPOCH).await,
            Ok(stored.len() as u64 + 1),
            "and the next one follows"
        );
        let events = ledger.events(&crate::EventQuery { limit: 1000, ..Default::default() }).await.unwrap();
        assert_eq!(events.iter().map(|e| e.seq).collect::<Vec<_>>(), (1..=stored.len() as u64 + 1).collect::<Vec<_>>());
        ledger.close().await;
    }
}
