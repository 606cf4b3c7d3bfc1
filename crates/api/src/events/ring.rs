use crate::guard::Subject;
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::Arc;

/// How many recent events are kept ready, and how many bytes of them: what is older is read from the ledger.
const MOST: usize = 1024;
const MOST_BYTES: usize = 2 << 20;

/// An event as it goes out to every reader that wants it.
#[derive(Debug)]
pub(super) struct Line {
    pub seq: u64,
    pub kind: String,
    pub about: Subject,
    pub frame: Bytes,
}

/// The newest events, without a hole, up to `head`.
#[derive(Debug)]
pub(super) struct Ring {
    lines: VecDeque<Arc<Line>>,
    bytes: usize,
    head: u64,
}

/// What the ring knows about the events after a position.
#[derive(Debug)]
pub(super) enum Recent {
    /// There is none yet.
    UpToDate,
    /// The next ones, no more than were asked for but at least one.
    Next(Vec<Arc<Line>>),
    /// They are older than what the ring holds.
    Older,
}

impl Ring {
    /// Empty, for a log whose newest event is `head`.
    pub fn new(head: u64) -> Self {
        Ring { lines: VecDeque::new(), bytes: 0, head }
    }

    pub fn head(&self) -> u64 {
        self.head
    }

    /// Takes the events that follow on `head`.
    pub fn extend(&mut self, lines: impl IntoIterator<Item = Line>) {
        for line in lines {
            self.head = line.seq;
            self.bytes += line.frame.len();
            self.lines.push_back(Arc::new(line));
        }
        while self.lines.len() > MOST || self.bytes > MOST_BYTES {
            let Some(oldest) = self.lines.pop_front() else { return };
            self.bytes -= oldest.frame.len();
        }
    }

    /// What follows on `position`: at most this many, and no more bytes than this unless the first alone has more.
    pub fn after(&self, position: u64, most: usize, most_bytes: usize) -> Recent {
        if position >= self.head {
            return Recent::UpToDate;
        }
        match self.lines.front() {
            Some(oldest) if oldest.seq <= position + 1 => {
                let skip = self.lines.partition_point(|line| line.seq <= position);
                let mut bytes = 0;
                let fits = |line: &&Arc<Line>| {
                    let first = bytes == 0;
                    bytes += line.frame.len();
                    first || bytes <= most_bytes
                };
                Recent::Next(self.lines.iter().skip(skip).take(most).take_while(fits).cloned().collect())
            }
            Some(_) | None => Recent::Older,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(seq: u64, bytes: usize) -> Line {
        Line { seq, kind: "channel.created".into(), about: Subject::default(), frame: Bytes::from(vec![b'x'; bytes]) }
    }

    fn seqs(ring: &Ring, after: u64) -> Option<Vec<u64>> {
        match ring.after(after, 3, 100) {
            Recent::UpToDate => Some(Vec::new()),
            Recent::Next(lines) => Some(lines.iter().map(|l| l.seq).collect()),
            Recent::Older => None,
        }
    }

    #[test]
    fn a_position_gets_what_follows_it_or_is_sent_to_the_ledger() {
        let mut ring = Ring::new(10);
        assert_eq!(seqs(&ring, 10), Some(vec![]));
        assert_eq!(seqs(&ring, 9), None, "it never held event 10");
        ring.extend((11..=15).map(|seq| line(seq, 10)));
        assert_eq!(seqs(&ring, 10), Some(vec![11, 12, 13]));
        assert_eq!(seqs(&ring, 13), Some(vec![14, 15]));
        assert_eq!(seqs(&ring, 15), Some(vec![]));
        assert_eq!(seqs(&ring, 99), Some(vec![]));
        assert_eq!(seqs(&ring, 9), None);
    }

    #[test]
    fn no_more_bytes_are_handed_out_than_were_asked_for() {
        let mut ring = Ring::new(0);
        ring.extend([line(1, 60), line(2, 40), line(3, 1), line(4, 5000), line(5, 1)]);
        assert_eq!(seqs(&ring, 0), Some(vec![1, 2]));
        assert_eq!(seqs(&ring, 2), Some(vec![3]));
        assert_eq!(seqs(&ring, 3), Some(vec![4]), "one that is too large goes alone");
        assert_eq!(seqs(&ring, 4), Some(vec![5]));
    }

    #[test]
    fn it_holds_no_more_than_its_bounds() {
        let mut ring = Ring::new(0);
        ring.extend((1..=5000).map(|seq| line(seq, 10)));
        assert_eq!((ring.lines.len(), ring.head()), (MOST, 5000));
        ring.extend((5001..=5010).map(|seq| line(seq, MOST_BYTES / 4)));
        assert!(ring.bytes <= MOST_BYTES && ring.lines.len() <= 4);
        assert_eq!(seqs(&ring, 5008), Some(vec![5009]));
    }
}
