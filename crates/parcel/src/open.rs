use crate::{FIRST_ROOM, FORMAT, LARGEST, LONGEST_LABEL, Label, MAGIC, Passphrase, Work};
use age::{DecryptError, Decryptor};
use flate2::read::GzDecoder;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::io::{self, BufRead, BufReader, Read as _};
use std::iter;
use zeroize::Zeroizing;

/// What every age file begins with.
const AGE: &[u8] = b"age-encryption.org/";

/// Why a file was not opened. Whether the passphrase is wrong or its check in the file was changed cannot be told apart.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unopened {
    #[error("this is not an export")]
    NotAnExport,
    #[error("the passphrase does not open this file")]
    WrongPassphrase,
    #[error("the file is damaged or was cut short")]
    Damaged,
    #[error("the file was cut short")]
    Truncated,
    #[error("the file has format {found}; this program reads up to {FORMAT}")]
    Newer { found: u32 },
    #[error("opening the file would take far too long: it asks for work factor {asked}, at most {} is done", Work::MOST.power())]
    TooMuchWork { asked: u8 },
    #[error("the session in the file is larger than any can be")]
    TooLarge,
}

#[derive(Deserialize)]
struct Numbered {
    format: u32,
}

/// Opens what [`wrap`](crate::wrap) made. Takes about a second and much memory: not for a thread that must answer, and not
/// for many at once.
///
/// # Errors
/// See [`Unopened`]. Nothing of the session is given with an error.
pub fn open(file: &[u8], passphrase: &Passphrase) -> Result<(Label, Zeroizing<Vec<u8>>), Unopened> {
    if !file.starts_with(AGE) {
        return Err(if !file.is_empty() && AGE.starts_with(file) { Unopened::Truncated } else { Unopened::NotAnExport });
    }
    let decryptor = Decryptor::new_buffered(file).map_err(outside)?;
    if !decryptor.is_scrypt() {
        return Err(Unopened::NotAnExport);
    }
    let mut identity = age::scrypt::Identity::new(passphrase.secret());
    identity.set_max_work_factor(Work::MOST.power());
    let inside = decryptor.decrypt(iter::once(&identity as &dyn age::Identity)).map_err(outside)?;
    read(BufReader::new(inside))
}

/// What is inside, once it is unsealed.
pub(crate) fn read(mut inside: impl BufRead) -> Result<(Label, Zeroizing<Vec<u8>>), Unopened> {
    let mut magic = [0; MAGIC.len()];
    inside
        .read_exact(&mut magic)
        .map_err(|e| if e.kind() == io::ErrorKind::UnexpectedEof { Unopened::NotAnExport } else { damage(e) })?;
    if magic != *MAGIC {
        return Err(Unopened::NotAnExport);
    }
    let label = label(&mut inside)?;
    if label.length > LARGEST {
        return Err(Unopened::TooLarge);
    }
    let session = session(inside, label.length)?;
    if session.len() as u64 != label.length || hex::encode(Sha256::digest(&*session)) != label.sha256 {
        return Err(Unopened::Damaged);
    }
    Ok((label, session))
}

fn label(inside: &mut impl BufRead) -> Result<Label, Unopened> {
    let mut line = Vec::new();
    inside.take(LONGEST_LABEL).read_until(b'\n', &mut line).map_err(damage)?;
    let Numbered { format } = serde_json::from_slice(&line).map_err(|_| Unopened::Damaged)?;
    if format > FORMAT {
        return Err(Unopened::Newer { found: format });
    }
    serde_json::from_slice(&line).map_err(|_| Unopened::Damaged)
}

/// One byte more than there should be is read, so that more is noticed; and everything that is sealed, so that its end is.
fn session(mut inside: impl BufRead, length: u64) -> Result<Zeroizing<Vec<u8>>, Unopened> {
    let room = usize::try_from(length).map_err(|_| Unopened::TooLarge)?;
    let mut session = Zeroizing::new(Vec::with_capacity(room.saturating_add(1).min(FIRST_ROOM)));
    GzDecoder::new(&mut inside).take(length.saturating_add(1)).read_to_end(&mut session).map_err(damage)?;
    match inside.fill_buf() {
        Ok([]) => Ok(session),
        Ok(_) => Err(Unopened::Damaged),
        Err(error) => Err(damage(error)),
    }
}

fn outside(error: DecryptError) -> Unopened {
    match error {
        DecryptError::ExcessiveWork { required, .. } => Unopened::TooMuchWork { asked: required },
        DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed | DecryptError::NoMatchingKeys => {
            Unopened::WrongPassphrase
        }
        DecryptError::InvalidHeader | DecryptError::InvalidMac => Unopened::Damaged,
        DecryptError::Io(error) => damage(error),
        DecryptError::UnknownFormat => Unopened::NotAnExport,
        // Added by a later age, to a file that is none of ours then.
        _ => Unopened::NotAnExport,
    }
}

fn damage(error: io::Error) -> Unopened {
    if error.kind() == io::ErrorKind::UnexpectedEof { Unopened::Truncated } else { Unopened::Damaged }
}
