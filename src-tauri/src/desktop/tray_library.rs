//! Looks for the tray's library where the dynamic linker would, without loading it.

use std::ffi::OsStr;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The names that the tray loads, either will do.
const NAMES: [&str; 2] = ["libayatana-appindicator3.so.1", "libappindicator3.so.1"];
const CACHE: &str = "/etc/ld.so.cache";
/// Where linkers without a cache look.
const FOLDERS: [&str; 6] = ["/lib", "/usr/lib", "/lib64", "/usr/lib64", "/usr/local/lib", "/usr/lib/x86_64-linux-gnu"];

pub fn present() -> bool {
    let cache = std::fs::read(CACHE).unwrap_or_default();
    let chosen = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&chosen).chain(FOLDERS.iter().map(PathBuf::from)).collect();
    NAMES.iter().any(|name| {
        let in_cache = paths_in_cache(&cache, name);
        in_cache.into_iter().chain(folders.iter().map(|folder| folder.join(name))).any(|path| is_library(&path))
    })
}

/// The paths of a library in the linker's cache: it holds them as zero-ended strings.
fn paths_in_cache(cache: &[u8], name: &str) -> Vec<PathBuf> {
    let ending = [b"/", name.as_bytes()].concat();
    cache
        .split(|&byte| byte == 0)
        .filter(|text| text.starts_with(b"/") && text.ends_with(&ending))
        .map(|text| PathBuf::from(OsStr::from_bytes(text)))
        .collect()
}

/// A cache can be older than the removal of what it lists.
fn is_library(path: &Path) -> bool {
    let mut magic = [0; 4];
    std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut magic)).is_ok() && magic == *b"\x7fELF"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_paths_out_of_the_linkers_cache() {
        let cache = b"glibc-ld.so.cache1.1\0\x03\0\0libz.so.1\0/lib/libz.so.1\0libappindicator3.so.1\0/usr/lib/a/libappindicator3.so.1\0";
        assert_eq!(paths_in_cache(cache, "libappindicator3.so.1"), [PathBuf::from("/usr/lib/a/libappindicator3.so.1")]);
        assert!(paths_in_cache(cache, "libayatana-appindicator3.so.1").is_empty());
    }

    #[test]
    fn a_file_that_is_no_library_does_not_count() {
        assert!(!is_library(Path::new("/etc/hostname")));
        assert!(!is_library(Path::new("/nowhere/libappindicator3.so.1")));
        assert!(is_library(&std::env::current_exe().expect("a test has a path")));
    }
}
