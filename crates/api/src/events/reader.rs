use super::feed::PAGE;
use super::frame::{self, HEARTBEAT, RETRY};
use super::query::Filter;
use super::ring::{Line, Recent};
use super::subject;
use crate::api::Api;
use crate::guard::Caller;
use axum::body::Body;
use bytes::{Bytes, BytesMut};
use domain::Scope;
use futures::stream;
use ledger::LedgerError;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use wire::{ChannelOut, GapOut, SnapshotOut};

/// How often a silent stream says that it lives.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(15);
/// How many events go out in one write at most, and how many bytes of them: the most that is held for a reader that takes
/// nothing, besides what its connection holds. One event that is larger goes alone.
const BATCH: usize = 128;
const BATCH_BYTES: usize = 32 * 1024;
/// How many are read from the ledger before it is known how large they are.
const FIRST_PAGE: u32 = 8;

/// One open stream: where it stands in the log, and nothing else. What it has not been able to write is not read ahead,
/// so a slow one costs no more than a fast one until the connection's write deadline ends it.
pub(super) struct Reader {
    api: Api,
    /// Who listens: hears only what is for its ears, and until its key ends.
    caller: Caller,
    filter: Filter,
    /// The last `seq` that was looked at.
    position: u64,
    head: watch::Receiver<u64>,
    opening: Option<Bytes>,
    /// How many events of the ledger make one write, as far as we know by now.
    page: u32,
    /// Whether the log may begin after our position.
    may_lag: bool,
    /// When something was last handed out.
    spoke_at: Instant,
}

impl Reader {
    /// A stream that begins after `after`, or now.
    pub async fn open(api: Api, caller: Caller, filter: Filter, after: Option<u64>) -> Result<Self, LedgerError> {
        // Subscribed before the snapshot, so that nothing falls between the two.
        let head = api.feed.head();
        let snapshot = api.feed.snapshots.take(&api).await?;
        let reach = caller.channels(Scope::EventsRead);
        let wanted = |id| filter.channel().is_none_or(|wanted| wanted == id) && reach.contains(&id);
        let channels = snapshot.channels.iter().filter(|c| wanted(c.id));
        let out = SnapshotOut { seq: snapshot.seq, channels: channels.map(ChannelOut::from).collect() };
        let mut opening = BytesMut::from(&RETRY[..]);
        let mut position = after.unwrap_or(snapshot.seq);
        // Who resumes has not seen what lies before the snapshot, so only a new stream may take its position from it.
        opening.extend_from_slice(&frame::named("snapshot", after.is_none().then_some(snapshot.seq), &out));
        if position > snapshot.seq {
            // A position that this log never reached: it is another log's (a restored backup, a new data directory).
            opening.extend_from_slice(&gap(position, api.ledger.oldest_seq().await?));
            position = snapshot.seq;
        }
        Ok(Reader {
            api,
            caller,
            filter,
            position,
            head,
            opening: Some(opening.freeze()),
            page: FIRST_PAGE,
            may_lag: true,
            spoke_at: Instant::now(),
        })
    }

    pub fn into_body(self) -> Body {
        Body::from_stream(stream::unfold(self, |mut reader| async move {
            let chunk = reader.next().await?;
            reader.spoke_at = Instant::now();
            Some((Ok::<_, Infallible>(chunk), reader))
        }))
    }

    /// The next bytes; `None` ends the stream.
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(opening) = self.opening.take() {
            return Some(opening);
        }
        loop {
            if self.api.shutdown.is_cancelled() || self.caller.is_gone() {
                return None;
            }
            self.head.mark_unchanged();
            let chunk = match self.api.feed.after(self.position, BATCH, BATCH_BYTES) {
                Recent::UpToDate => Some(self.wait().await?),
                Recent::Next(lines) => {
                    self.position = lines.last().map_or(self.position, |l| l.seq);
                    self.may_lag = false;
                    gather(lines.iter().filter(|l| self.takes(l)).map(|l| l.frame.clone()))
                }
                Recent::Older => match self.replay().await {
                    Ok(chunk) => chunk,
                    Err(error) => {
                        tracing::warn!(%error, "an event stream ends: the log could not be read");
                        return None;
                    }
                },
            };
            if let Some(chunk) = chunk.filter(|c| !c.is_empty()) {
                return Some(chunk);
            }
        }
    }

    fn takes(&self, line: &Line) -> bool {
        self.filter.takes(&line.kind, &line.about) && self.caller.sees(&line.kind, &line.about)
    }

    /// Waits for more; a heartbeat when nothing comes, nothing when there is more, `None` at the end.
    async fn wait(&mut self) -> Option<Bytes> {
        tokio::select! {
            () = self.api.shutdown.cancelled() => None,
            () = self.caller.gone() => None,
            changed = self.head.changed() => changed.ok().map(|()| Bytes::new()),
            () = tokio::time::sleep_until(self.spoke_at + HEARTBEAT_EVERY) => Some(HEARTBEAT),
        }
    }

    /// Reads a page of what is older than the ring from the ledger.
    async fn replay(&mut self) -> Result<Option<Bytes>, LedgerError> {
        if self.may_lag {
            self.may_lag = false;
            let oldest = self.api.ledger.oldest_seq().await?;
            if oldest > self.position + 1 {
                let told = gap(self.position, oldest);
                self.position = oldest - 1;
                return Ok(Some(told));
            }
        }
        // Never closed, so a turn always comes.
        let _turn = self.api.feed.replays.acquire().await;
        let seen = *self.api.ledger.tip().borrow();
        let events = self.api.ledger.events(&self.filter.query(self.position, self.page)).await?;
        let frames: Vec<Bytes> = events.iter().map(frame::event).collect();
        let mut bytes = 0;
        let fits = |frame: &&Bytes| {
            let first = bytes == 0;
            bytes += frame.len();
            first || bytes <= BATCH_BYTES
        };
        let fitting = frames.iter().take_while(fits).count();
        if fitting < events.len() || events.len() == self.page as usize {
            self.position = events[..fitting].last().map_or(self.position, |e| e.seq);
        } else {
            // A page that is not full means that all up to `seen` was looked at.
            self.position = events.last().map_or(seen, |e| e.seq.max(seen));
        }
        self.page = page(&frames);
        if self.caller.is_person() {
            return Ok(gather(frames.into_iter().take(fitting)));
        }
        let mut heard = Vec::with_capacity(fitting);
        for (event, frame) in events.iter().zip(frames).take(fitting) {
            if self.caller.sees(&event.kind, &subject::of(&self.api.ledger, event).await?) {
                heard.push(frame);
            }
        }
        Ok(gather(heard.into_iter()))
    }
}

/// How many events to read next, when they are as large as these: no more than go out in one write.
fn page(frames: &[Bytes]) -> u32 {
    let average = frames.iter().map(Bytes::len).sum::<usize>() / frames.len().max(1);
    let fitting = BATCH_BYTES.checked_div(average).unwrap_or(PAGE as usize);
    u32::try_from(fitting).unwrap_or(PAGE).clamp(1, PAGE)
}

fn gap(after: u64, oldest: u64) -> Bytes {
    frame::named("gap", None, &GapOut { after, oldest })
}

/// Several frames as one write.
fn gather(frames: impl Iterator<Item = Bytes>) -> Option<Bytes> {
    let frames: Vec<Bytes> = frames.collect();
    match frames.as_slice() {
        [] => None,
        [one] => Some(one.clone()),
        many => {
            let mut all = BytesMut::with_capacity(many.iter().map(Bytes::len).sum());
            for frame in many {
                all.extend_from_slice(frame);
            }
            Some(all.freeze())
        }
    }
}
