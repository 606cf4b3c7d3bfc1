//! Windows: a named pipe in the place of the Unix socket. The system's default protection of a pipe lets its maker, the
//! system and administrators write to it, and nobody who comes over the network is let in.

use super::BindError;
use sha2::{Digest as _, Sha256};
use std::io;
use std::path::{Path, PathBuf};
use tokio::net::windows::named_pipe::{NamedPipeServer, ServerOptions};

/// What `ERROR_ACCESS_DENIED` is called: the first instance of the pipe is another's.
const ACCESS_DENIED: i32 = 5;

/// Waits for somebody to open it; the pipe goes with its last instance.
#[derive(Debug)]
pub struct LocalSocket {
    path: PathBuf,
    next: NamedPipeServer,
}

impl LocalSocket {
    /// Makes the pipe that `path` names. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// When another process has it, or the system refuses.
    pub fn bind(path: &Path) -> Result<Self, BindError> {
        let path = name(path);
        match instance(&path, true) {
            Ok(next) => Ok(LocalSocket { path, next }),
            Err(error) if error.raw_os_error() == Some(ACCESS_DENIED) => Err(BindError::SocketTaken { path, pid: None }),
            Err(error) => Err(BindError::Socket { path, why: error.to_string() }),
        }
    }

    /// Its name.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The next one who opens it. There is always an instance that waits, so nobody else can become its maker meanwhile.
    pub async fn accept(&mut self) -> io::Result<NamedPipeServer> {
        self.next.connect().await?;
        let next = instance(&self.path, false)?;
        Ok(std::mem::replace(&mut self.next, next))
    }
}

fn instance(path: &Path, first: bool) -> io::Result<NamedPipeServer> {
    ServerOptions::new().first_pipe_instance(first).reject_remote_clients(true).create(path)
}

/// A name of its own for each path; what is a pipe's name already is taken as it is.
fn name(path: &Path) -> PathBuf {
    const PIPES: &str = r"\\.\pipe\";
    if path.as_os_str().to_string_lossy().starts_with(PIPES) {
        return path.to_owned();
    }
    let hash = Sha256::digest(path.as_os_str().as_encoded_bytes());
    PathBuf::from(format!("{PIPES}whatisup-{:016x}", u64::from_be_bytes(std::array::from_fn(|n| hash[n]))))
}
