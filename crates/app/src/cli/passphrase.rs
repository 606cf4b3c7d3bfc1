//! A passphrase from whoever types, or from a file. Never from the command line: other users can read that.

use anyhow::{Context, Result, bail};
use secrecy::{ExposeSecret as _, SecretString};
use std::io::IsTerminal as _;
use std::path::PathBuf;
use zeroize::Zeroizing;

#[derive(Debug, clap::Args)]
pub struct PassphraseArgs {
    /// Take the passphrase from the first line of this file instead of asking for it.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl PassphraseArgs {
    /// One to seal with: asked for twice, because what is sealed with a slip of the pen is lost.
    pub fn chosen(&self) -> Result<SecretString> {
        if let Some(given) = self.read()? {
            return Ok(given);
        }
        let first = ask("Passphrase to seal the file with (at least 12 characters): ")?;
        let second = ask("Once more: ")?;
        if first.expose_secret() != second.expose_secret() {
            bail!("the two are not the same");
        }
        Ok(first)
    }

    /// One to open with.
    pub fn given(&self) -> Result<SecretString> {
        match self.read()? {
            Some(given) => Ok(given),
            None => ask("Passphrase of the file: "),
        }
    }

    fn read(&self) -> Result<Option<SecretString>> {
        let Some(path) = &self.passphrase_file else { return Ok(None) };
        let text = Zeroizing::new(std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?);
        let line = text.lines().next().unwrap_or_default();
        if line.is_empty() {
            bail!("{} has no passphrase in its first line", path.display());
        }
        Ok(Some(SecretString::from(line)))
    }
}

fn ask(question: &str) -> Result<SecretString> {
    if !std::io::stdin().is_terminal() {
        bail!("there is no terminal to ask for the passphrase; give it with --passphrase-file FILE");
    }
    let typed = rpassword::prompt_password(question).context("the passphrase cannot be read")?;
    Ok(SecretString::from(typed))
}
