//! Which processes have a socket open. The system tells of those of the same user.

/// The processes that have the socket with this inode, lowest id first.
pub(super) fn holders(inodes: &[u64]) -> Vec<u32> {
    let wanted: Vec<String> = inodes.iter().map(|inode| format!("socket:[{inode}]")).collect();
    if wanted.is_empty() {
        return Vec::new();
    }
    let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
    let pids = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let mut holders: Vec<u32> = pids.filter(|pid| has_open(*pid, &wanted)).collect();
    holders.sort_unstable();
    holders
}

fn has_open(pid: u32, sockets: &[String]) -> bool {
    let Ok(open) = std::fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
    open.flatten()
        .filter_map(|fd| std::fs::read_link(fd.path()).ok())
        .any(|to| sockets.iter().any(|s| to.as_os_str() == s.as_str()))
}
