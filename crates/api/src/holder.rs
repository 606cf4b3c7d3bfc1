use std::fmt;
use std::net::SocketAddr;

/// The process that has a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    pub pid: u32,
    pub program: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (process {})", self.program, self.pid)
    }
}

impl Holder {
    /// Who listens on `address`, when the system tells: Linux does for processes of the same user.
    #[cfg(target_os = "linux")]
    pub fn of(address: SocketAddr) -> Option<Self> {
        let inodes: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
            .iter()
            .filter_map(|table| std::fs::read_to_string(table).ok())
            .flat_map(|table| listening(&table, address.port()))
            .collect();
        let wanted: Vec<String> = inodes.iter().map(|inode| format!("socket:[{inode}]")).collect();
        let pids =
            std::fs::read_dir("/proc").ok()?.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        pids.into_iter().find(|pid| has_open(*pid, &wanted)).map(|pid| Holder { pid, program: program(pid) })
    }

    #[cfg(not(target_os = "linux"))]
    pub fn of(_: SocketAddr) -> Option<Self> {
        None
    }
}

/// The inodes of sockets that listen on `port`, from one of the kernel's tables.
#[cfg(target_os = "linux")]
fn listening(table: &str, port: u16) -> Vec<String> {
    const LISTEN: &str = "0A";
    let local_port = format!(":{port:04X}");
    table
        .lines()
        .skip(1)
        .filter_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let (local, state, inode) = (fields.get(1)?, fields.get(3)?, fields.get(9)?);
            (local.ends_with(&local_port) && *state == LISTEN).then(|| (*inode).to_owned())
        })
        .collect()
}

#[cfg(target_os = "linux")]
fn has_open(pid: u32, sockets: &[String]) -> bool {
    let Ok(open) = std::fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
    open.flatten()
        .filter_map(|fd| std::fs::read_link(fd.path()).ok())
        .any(|to| sockets.iter().any(|s| to.as_os_str() == s.as_str()))
}

#[cfg(target_os = "linux")]
fn program(pid: u32) -> String {
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "another program".to_owned() } else { name.to_owned() }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn only_listening_sockets_of_the_port_count() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
             0: 0100007F:250F 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0 100 0 0 10 0\n\
             1: 0100007F:250F 0100007F:A001 01 00000000:00000000 00:00000000 00000000  1000        0 4712 1 0 100 0 0 10 0\n\
             2: 0100007F:2510 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4713 1 0 100 0 0 10 0\n";
        assert_eq!(listening(table, 9487), ["4711"]);
    }
}
