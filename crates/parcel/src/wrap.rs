use crate::{Label, MAGIC, Passphrase, Work};
use age::Encryptor;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use std::io::{self, Write};
use std::iter;

/// The file could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the export could not be sealed: {0}")]
pub struct WrapError(String);

/// Seals `session` into a file. `label` says what it is; its format, length and SHA-256 are set here. Takes as long as
/// `work` does: not for a thread that must answer.
///
/// # Errors
/// None that is known of but for a lack of memory.
pub fn wrap(mut label: Label, session: &[u8], passphrase: &Passphrase, work: Work) -> Result<Vec<u8>, WrapError> {
    label.format = crate::FORMAT;
    label.length = session.len() as u64;
    label.sha256 = hex::encode(Sha256::digest(session));
    let mut recipient = age::scrypt::Recipient::new(passphrase.secret());
    recipient.set_work_factor(work.power());
    let encryptor =
        Encryptor::with_recipients(iter::once(&recipient as &dyn age::Recipient)).map_err(|e| WrapError(e.to_string()))?;
    written(encryptor, &label, session).map_err(|e| WrapError(e.to_string()))
}

fn written(encryptor: Encryptor, label: &Label, session: &[u8]) -> io::Result<Vec<u8>> {
    let mut sealed = encryptor.wrap_output(Vec::new())?;
    sealed.write_all(MAGIC)?;
    serde_json::to_writer(&mut sealed, label)?;
    sealed.write_all(b"\n")?;
    let mut compressed = GzEncoder::new(sealed, Compression::default());
    compressed.write_all(session)?;
    compressed.finish()?.finish()
}
