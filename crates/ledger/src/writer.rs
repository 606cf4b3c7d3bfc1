//! The one writer: gathers queued writes into a transaction, commits, and only then answers them.

use crate::accept::{self, Offer};
use crate::batch::{Batch, Heads};
use crate::dialect::Place;
use crate::inbound::{self, Arrival};
use crate::postgres::raise;
use crate::sealing::Sealing;
use crate::sql::Connection;
use crate::told::Told;
use crate::{Accepted, Inbound, LedgerError};
use futures::future::BoxFuture;
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
    /// Those that follow each other in the queue are written with the same few statements.
    Accept(Box<Asked<Offer, Accepted>>),
    Take(Asked<Arrival, Vec<Inbound>>),
    Stop,
}

/// What is to be written, with the place for its answer.
pub(crate) struct Asked<Q, A> {
    what: Q,
    answer: oneshot::Sender<Result<A, LedgerError>>,
}

/// A write with the place for its answer.
trait Work: Send {
    /// Carries it out. `Ok` holds the answer back until the commit; `Err` hands the error back with the place for it.
    fn run<'a>(self: Box<Self>, batch: &'a mut Batch) -> BoxFuture<'a, Result<Answer, (LedgerError, Answer)>>;

    fn refuse(self: Box<Self>, error: LedgerError);

    /// Whether it may fail without harm to what is written with it, which takes a savepoint.
    fn may_fail_alone(&self) -> bool;
}

/// Tells the caller, once it is known whether the transaction stands.
type Answer = Box<dyn FnOnce(Result<(), LedgerError>) + Send>;

struct Write<T, F> {
    act: F,
    may_fail_alone: bool,
    answer: oneshot::Sender<Result<T, LedgerError>>,
}

impl<T, F> Work for Write<T, F>
where
    T: Send + 'static,
    F: for<'a> FnOnce(&'a mut Batch) -> BoxFuture<'a, Result<T, LedgerError>> + Send + 'static,
{
    fn run<'a>(self: Box<Self>, batch: &'a mut Batch) -> BoxFuture<'a, Result<Answer, (LedgerError, Answer)>> {
        Box::pin(async move {
            let Write { act, may_fail_alone: _, answer } = *self;
            match act(batch).await {
                Ok(value) => Ok(after_commit(answer, Ok(value))),
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

    fn may_fail_alone(&self) -> bool {
        self.may_fail_alone
    }
}

/// A caller that has gone away needs no answer.
fn after_commit<T: Send + 'static>(answer: oneshot::Sender<Result<T, LedgerError>>, outcome: Result<T, LedgerError>) -> Answer {
    Box::new(move |committed| drop(answer.send(committed.and(outcome))))
}

/// What is told after a commit.
pub(crate) struct Tips {
    pub tip: watch::Sender<u64>,
    /// How often endpoints or deliveries were changed other than by a try.
    pub deliveries: watch::Sender<u64>,
}

impl Writer {
    /// Its task ends with [`stop`](Writer::stop), or when the last handle is dropped.
    pub fn start(connection: Connection, heads: Heads, told: Tips, place: Place, sealing: Sealing) -> Self {
        let (queue, todo) = mpsc::channel(WAITING);
        let task = tokio::spawn(run(Batch::new(connection, heads, place, sealing), todo, told));
        Writer { queue, task: Mutex::new(Some(task)) }
    }

    pub async fn write<T, F>(&self, may_fail_alone: bool, act: F) -> Result<T, LedgerError>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a mut Batch) -> BoxFuture<'a, Result<T, LedgerError>> + Send + 'static,
    {
        self.ask(|answer| Todo::Write(Box::new(Write { act, may_fail_alone, answer }))).await
    }

    pub async fn accept(&self, what: Offer) -> Result<Accepted, LedgerError> {
        self.ask(|answer| Todo::Accept(Box::new(Asked { what, answer }))).await
    }

    pub async fn take(&self, what: Arrival) -> Result<Vec<Inbound>, LedgerError> {
        self.ask(|answer| Todo::Take(Asked { what, answer })).await
    }

    async fn ask<T>(&self, todo: impl FnOnce(oneshot::Sender<Result<T, LedgerError>>) -> Todo) -> Result<T, LedgerError> {
        let (answer, answered) = oneshot::channel();
        self.queue.send(todo(answer)).await.map_err(|_| LedgerError::Closed)?;
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

async fn run(mut batch: Batch, mut todo: mpsc::Receiver<Todo>, told: Tips) -> Option<Connection> {
    while let Some(first) = todo.recv().await {
        if matches!(first, Todo::Stop) || transact(&mut batch, first, &mut todo, &told).await {
            break;
        }
    }
    // Whoever queued something after the stop learns that it was not done.
    todo.close();
    while let Some(late) = todo.recv().await {
        refuse(late, LedgerError::Closed);
    }
    Some(batch.connection)
}

fn refuse(todo: Todo, error: LedgerError) {
    match todo {
        Todo::Write(work) => work.refuse(error),
        Todo::Accept(asked) => drop(asked.answer.send(Err(error))),
        Todo::Take(asked) => drop(asked.answer.send(Err(error))),
        Todo::Stop => {}
    }
}

/// One transaction of `first` and of what else is queued. Whether a stop was among it.
async fn transact(batch: &mut Batch, first: Todo, todo: &mut mpsc::Receiver<Todo>, told: &Tips) -> bool {
    if let Err(error) = batch.begin().await {
        let stop = matches!(first, Todo::Stop);
        refuse(first, error);
        return stop;
    }
    let before = batch.mark();
    let seq_before = batch.heads.seq;
    let mut answers = Vec::new();
    let mut group = Queue { todo, next: Some(first), taken: 0 };
    let mut stop = false;
    let mut doomed = None;
    while let Some(next) = group.pop() {
        let done = match next {
            Todo::Write(work) => attempt(batch, work, &mut answers).await,
            Todo::Accept(first) => {
                let asked = group.run_of(first, |todo| if let Todo::Accept(asked) = todo { Ok(asked) } else { Err(todo) });
                let asked = asked.into_iter().map(|asked| *asked).collect();
                together(batch, asked, &mut answers, |batch, offers| Box::pin(accept::all(batch, offers))).await
            }
            Todo::Take(first) => {
                let asked = group.run_of(first, |todo| if let Todo::Take(asked) = todo { Ok(asked) } else { Err(todo) });
                together(batch, asked, &mut answers, |batch, arrivals| Box::pin(inbound::all(batch, arrivals))).await
            }
            Todo::Stop => {
                stop = true;
                break;
            }
        };
        if let Err(error) = done {
            doomed = Some(error);
            break;
        }
    }
    let unasked = group.next.take();
    let outcome = match doomed {
        Some(error) => Err(error),
        None => batch.commit().await,
    };
    if let Err(error) = &outcome {
        batch.roll_back(error).await;
        batch.forget_since(&before);
        batch.told = Told::default();
    } else {
        if batch.heads.seq != seq_before {
            raise(&told.tip, batch.heads.seq);
        }
        if std::mem::take(&mut batch.endpoints_changed) {
            told.deliveries.send_modify(|n| *n += 1);
        }
    }
    for answer in answers {
        answer(outcome.clone());
    }
    // Looked at and not begun, because what came before it failed.
    match (unasked, &outcome) {
        (Some(Todo::Stop), _) => stop = true,
        (Some(left), Err(error)) => refuse(left, error.clone()),
        (Some(left), Ok(())) => refuse(left, LedgerError::Closed),
        (None, _) => {}
    }
    stop
}

/// What a transaction takes of the queue.
struct Queue<'a> {
    todo: &'a mut mpsc::Receiver<Todo>,
    next: Option<Todo>,
    taken: usize,
}

impl Queue<'_> {
    fn pop(&mut self) -> Option<Todo> {
        let next = match self.next.take() {
            Some(next) => next,
            None if self.taken >= TOGETHER => return None,
            None => self.todo.try_recv().ok()?,
        };
        self.taken += 1;
        Some(next)
    }

    /// `first` and what follows it and is of its kind.
    fn run_of<T>(&mut self, first: T, kind: impl Fn(Todo) -> Result<T, Todo>) -> Vec<T> {
        let mut run = vec![first];
        while let Some(next) = self.pop() {
            match kind(next) {
                Ok(same) => run.push(same),
                Err(other) => {
                    self.taken -= 1;
                    self.next = Some(other);
                    break;
                }
            }
        }
        run
    }
}

/// Carries out writes of one kind. What fails alone is found out before anything of it is written.
async fn together<Q, A: Send + 'static>(
    batch: &mut Batch,
    asked: Vec<Asked<Q, A>>,
    answers: &mut Vec<Answer>,
    act: impl for<'a> FnOnce(&'a mut Batch, Vec<Q>) -> BoxFuture<'a, Result<Vec<Result<A, LedgerError>>, LedgerError>>,
) -> Result<(), LedgerError> {
    let (what, waiting): (Vec<Q>, Vec<_>) = asked.into_iter().map(|asked| (asked.what, asked.answer)).unzip();
    match act(batch, what).await {
        Ok(outcomes) => {
            answers.extend(waiting.into_iter().zip(outcomes).map(|(answer, outcome)| after_commit(answer, outcome)));
            Ok(())
        }
        Err(error) => {
            answers.extend(waiting.into_iter().map(|answer| after_commit(answer, Err(error.clone()))));
            Err(error)
        }
    }
}

/// `Err` when the transaction cannot go on.
async fn attempt(batch: &mut Batch, work: Box<dyn Work>, answers: &mut Vec<Answer>) -> Result<(), LedgerError> {
    if work.may_fail_alone() && answers.is_empty() {
        return attempt_first(batch, work, answers).await;
    }
    if !work.may_fail_alone() {
        return match work.run(batch).await {
            Ok(answer) => {
                answers.push(answer);
                Ok(())
            }
            Err((error, answer)) => {
                answers.push(answer);
                Err(error)
            }
        };
    }
    let before = batch.mark();
    if let Err(error) = batch.command("SAVEPOINT one").await {
        work.refuse(error.clone());
        return Err(error);
    }
    match work.run(batch).await {
        Ok(answer) => {
            answers.push(answer);
            batch.command("RELEASE one").await
        }
        Err((error, answer)) if error.is_about_one_row() => {
            let undone = match batch.command("ROLLBACK TO one").await {
                Ok(()) => batch.command("RELEASE one").await,
                Err(e) => Err(e),
            };
            batch.forget_since(&before);
            match undone {
                Ok(()) => {
                    answer(Err(error));
                    Ok(())
                }
                Err(why) => {
                    answers.push(answer);
                    Err(why)
                }
            }
        }
        // After these SQLite may have rolled everything back.
        Err((error, answer)) => {
            answers.push(answer);
            Err(error)
        }
    }
}

/// As long as nothing else is in the transaction it can be undone as a whole, which saves the savepoint.
async fn attempt_first(batch: &mut Batch, work: Box<dyn Work>, answers: &mut Vec<Answer>) -> Result<(), LedgerError> {
    let before = batch.mark();
    match work.run(batch).await {
        Ok(answer) => {
            answers.push(answer);
            Ok(())
        }
        Err((error, answer)) if error.is_about_one_row() => {
            batch.roll_back(&error).await;
            batch.forget_since(&before);
            answer(Err(error));
            batch.begin().await
        }
        Err((error, answer)) => {
            answers.push(answer);
            Err(error)
        }
    }
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
                    crate::sql::query_scalar(sql).fetch_one(&mut batch.connection).await.map_err(|e| batch.explain(&e))
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
