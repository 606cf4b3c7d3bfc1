//! The Unix socket. Whoever may open the file may use it, so the file's mode is the lock; and who answers there gets keys, so
//! nobody else may take its place.

use super::{BACKLOG, BindError};
use rustix::fs::{FlockOperation, flock};
use socket2::{Domain, SockAddr, Socket, Type};
use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::net::{UnixListener, UnixStream};

/// How long another start that is at the same directory just now is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// Listens for programs of this user alone (0600); gone from the file system when dropped.
#[derive(Debug)]
pub struct LocalSocket {
    pub(crate) listener: UnixListener,
    path: PathBuf,
    /// Device and inode: what is there later under our path may be another's.
    file: (u64, u64),
}

impl LocalSocket {
    /// Listens at `path`. One that a dead process left there is replaced. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// When somebody answers there, something else is there, or others could put something else there.
    pub fn bind(path: &Path) -> Result<Self, BindError> {
        let unusable = |why: String| BindError::Socket { path: path.to_owned(), why };
        let address = SockAddr::unix(path).map_err(|_| unusable("the path is too long for a socket".to_owned()))?;
        let directory = path.parent().filter(|d| !d.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let place = fs::metadata(directory).map_err(|e| unusable(e.to_string()))?;
        if place.permissions().mode() & 0o022 != 0 && place.permissions().mode() & 0o1000 == 0 {
            return Err(unusable(format!(
                "others could put their own in its place, because they may write to {}",
                directory.display()
            )));
        }
        // Of two that start at once one looks first. The lock goes with the file.
        let _turn = turn(directory).map_err(|e| unusable(e.to_string()))?;
        vacate(path, &address)?;
        let listener = listen(path, &address).map_err(|e| unusable(e.to_string()))?;
        let about = fs::symlink_metadata(path).map_err(|e| unusable(e.to_string()))?;
        Ok(LocalSocket { listener, path: path.to_owned(), file: (about.dev(), about.ino()) })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for LocalSocket {
    fn drop(&mut self) {
        if fs::symlink_metadata(&self.path).is_ok_and(|about| (about.dev(), about.ino()) == self.file)
            && let Err(error) = fs::remove_file(&self.path)
        {
            tracing::warn!(%error, "the API's socket stays behind; the next start replaces it");
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the lock of a directory tells nobody when it is free; this is a start, and short"
)]
fn turn(directory: &Path) -> io::Result<File> {
    let file = File::open(directory)?;
    let until = Instant::now() + PATIENCE;
    loop {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(file),
            // Some file systems have no locks; the worst is that of two starts at once one is not reached by its path.
            Err(rustix::io::Errno::NOLCK | rustix::io::Errno::NOTSUP) => return Ok(file),
            Err(error) if error == rustix::io::Errno::WOULDBLOCK && Instant::now() < until => {
                std::thread::sleep(Duration::from_millis(20));
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Removes what a dead process left at `path`. Nothing else is ever removed.
fn vacate(path: &Path, address: &SockAddr) -> Result<(), BindError> {
    let unusable = |why: String| BindError::Socket { path: path.to_owned(), why };
    let there = match fs::symlink_metadata(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(unusable(e.to_string())),
        Ok(there) => there,
    };
    if !there.file_type().is_socket() {
        return Err(unusable("there is something else at this path, which is left alone".to_owned()));
    }
    if there.uid() != rustix::process::geteuid().as_raw() {
        return Err(unusable("another user's socket is at this path".to_owned()));
    }
    match knock(address) {
        Err(e) if e.kind() == ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map_err(|e| unusable(e.to_string()))?;
            tracing::info!(path = %path.display(), "the socket of a process that is gone was replaced");
            Ok(())
        }
        // Somebody lives there, also when too many wait at the door.
        Err(e) if e.kind() == ErrorKind::WouldBlock => Err(BindError::SocketTaken { path: path.to_owned(), pid: None }),
        Err(e) => Err(unusable(e.to_string())),
        Ok(pid) => Err(BindError::SocketTaken { path: path.to_owned(), pid }),
    }
}

/// Which process answers at the socket, where the system tells.
fn knock(address: &SockAddr) -> io::Result<Option<u32>> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.connect(address)?;
    let stream = UnixStream::from_std(socket.into())?;
    Ok(stream.peer_cred()?.pid().and_then(|pid| u32::try_from(pid).ok()))
}

/// The mode is set before anybody can connect.
fn listen(path: &Path, address: &SockAddr) -> io::Result<UnixListener> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.bind(address)?;
    let made = fs::set_permissions(path, Permissions::from_mode(0o600))
        .and_then(|()| socket.listen(BACKLOG.cast_signed()))
        .and_then(|()| socket.set_nonblocking(true))
        .and_then(|()| UnixListener::from_std(socket.into()));
    if made.is_err() {
        fs::remove_file(path)?;
    }
    made
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn refused(path: &Path) -> String {
        LocalSocket::bind(path).unwrap_err().sentence()
    }

    #[tokio::test]
    async fn the_socket_is_for_its_owner_and_goes_with_its_process() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("api.sock");
        let socket = LocalSocket::bind(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        drop(socket);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn what_a_dead_process_left_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("api.sock");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        let socket = LocalSocket::bind(&path).unwrap();
        assert!(std::os::unix::net::UnixStream::connect(&path).is_ok());
        drop(socket);
    }

    #[tokio::test]
    async fn a_living_one_is_left_alone_and_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("api.sock");
        let first = LocalSocket::bind(&path).unwrap();
        let told = refused(&path);
        assert!(told.contains(&format!("process {}", std::process::id())) && told.contains("api.socket_path"), "{told}");
        assert!(std::os::unix::net::UnixStream::connect(&path).is_ok());
        drop(first);
    }

    #[tokio::test]
    async fn anything_else_at_the_path_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("api.sock");
        fs::write(&path, "a letter").unwrap();
        assert!(refused(&path).contains("something else"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "a letter");
        let link = dir.path().join("link.sock");
        std::os::unix::fs::symlink("/nowhere", &link).unwrap();
        assert!(refused(&link).contains("something else"));
    }

    #[tokio::test]
    async fn another_ones_successor_is_not_removed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("api.sock");
        let first = LocalSocket::bind(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let second = LocalSocket::bind(&path).unwrap();
        drop(first);
        assert!(path.exists());
        drop(second);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_place_where_others_could_put_their_own_and_a_path_too_long_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let open = dir.path().join("open");
        fs::create_dir(&open).unwrap();
        fs::set_permissions(&open, Permissions::from_mode(0o777)).unwrap();
        assert!(refused(&open.join("api.sock")).contains("others could put"));
        fs::set_permissions(&open, Permissions::from_mode(0o1777)).unwrap();
        drop(LocalSocket::bind(&open.join("api.sock")).unwrap());
        assert!(refused(&dir.path().join("x".repeat(120))).contains("too long"));
        assert!(refused(&dir.path().join("absent/api.sock")).contains("cannot be made"));
    }
}
