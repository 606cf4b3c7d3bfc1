//! WhatsApp's framing inside the WebSocket: an intro once, then three bytes of length before every frame. A WebSocket
//! message may hold part of a frame or several.

use super::noise::PROLOGUE;

/// No frame can be longer: its length has 24 bits.
const MAX: usize = 1 << 24;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    #[error("the connection does not begin with the WhatsApp intro")]
    Intro,
    #[error("a frame of {0} bytes is too long")]
    TooLong(usize),
}

/// Puts frames together again.
#[derive(Debug, Default)]
pub struct Deframer {
    buffer: Vec<u8>,
    introduced: bool,
}

impl Deframer {
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole frame, if there is one.
    pub fn next_frame(&mut self) -> Result<Option<Vec<u8>>, FrameError> {
        if !self.introduced && !self.skip_intro()? {
            return Ok(None);
        }
        let Some((length, rest)) = split_length(&self.buffer) else { return Ok(None) };
        if rest.len() < length {
            return Ok(None);
        }
        let frame = rest[..length].to_vec();
        self.buffer.drain(..3 + length);
        if self.buffer.is_empty() {
            // Idle connections are many: give the room back.
            self.buffer = Vec::new();
        }
        Ok(Some(frame))
    }

    /// `ED 00 01`, a length and routing data may come before `WA 06 03`; both only once.
    fn skip_intro(&mut self) -> Result<bool, FrameError> {
        let skip = if self.buffer.starts_with(b"ED") {
            match self.buffer.get(4..).and_then(split_length) {
                Some((length, _)) => 7 + length,
                None => return Ok(false),
            }
        } else {
            0
        };
        let Some(intro) = self.buffer.get(skip..skip + PROLOGUE.len()) else { return Ok(false) };
        if intro != PROLOGUE {
            return Err(FrameError::Intro);
        }
        self.buffer.drain(..skip + PROLOGUE.len());
        self.introduced = true;
        Ok(true)
    }
}

/// The payload with its length in front.
pub fn frame(payload: &[u8]) -> Result<Vec<u8>, FrameError> {
    if payload.len() >= MAX {
        return Err(FrameError::TooLong(payload.len()));
    }
    let mut framed = Vec::with_capacity(3 + payload.len());
    framed.extend_from_slice(&(payload.len() as u32).to_be_bytes()[1..]);
    framed.extend_from_slice(payload);
    Ok(framed)
}

fn split_length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (length, rest) = bytes.split_at_checked(3)?;
    let length = length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
    Some((length, rest))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn frames_survive_being_cut_anywhere() {
        let mut stream = PROLOGUE.to_vec();
        stream.extend(frame(b"hello").unwrap());
        stream.extend(frame(&[]).unwrap());
        stream.extend(frame(&[7; 300]).unwrap());
        for cut in 0..stream.len() {
            let mut deframer = Deframer::default();
            let mut frames = Vec::new();
            for part in [&stream[..cut], &stream[cut..]] {
                deframer.push(part);
                while let Some(frame) = deframer.next_frame().unwrap() {
                    frames.push(frame);
                }
            }
            assert_eq!(frames, [b"hello".to_vec(), vec![], vec![7; 300]], "cut at {cut}");
        }
    }

    #[test]
    fn routing_data_before_the_intro_is_skipped() {
        let mut deframer = Deframer::default();
        deframer.push(b"ED\x00\x01\x00\x00\x02\xaa\xbbWA\x06\x03\x00\x00\x01x");
        assert_eq!(deframer.next_frame().unwrap(), Some(b"x".to_vec()));
    }

    #[test]
    fn something_else_than_whatsapp_is_refused() {
        let mut deframer = Deframer::default();
        deframer.push(b"GET / HTTP/1.1\r\n");
        assert_eq!(deframer.next_frame(), Err(FrameError::Intro));
    }

    #[test]
    fn a_frame_longer_than_its_length_field_is_refused() {
        assert_eq!(frame(&vec![0; MAX]), Err(FrameError::TooLong(MAX)));
    }
}
