use std::collections::BTreeSet;

/// The default routes as "interface gateway", where the system tells them in a file.
#[cfg(target_os = "linux")]
pub(crate) fn default_routes() -> Option<BTreeSet<String>> {
    std::fs::read_to_string("/proc/net/route").ok().map(|table| read(&table))
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn default_routes() -> Option<BTreeSet<String>> {
    None
}

/// Reads Linux's table of IPv4 routes: a header, then interface, destination and gateway in hexadecimal, flags …
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
fn read(table: &str) -> BTreeSet<String> {
    table
        .lines()
        .skip(1)
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let (interface, destination, gateway) = (words.next()?, words.next()?, words.next()?);
            let mask = words.nth(4)?;
            (destination == "00000000" && mask == "00000000").then(|| format!("{interface} {gateway}"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_default_routes_of_linux() {
        let table = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n\
            eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0\n\
            eth0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n";
        assert_eq!(read(table), BTreeSet::from(["eth0 010011AC".to_owned()]));
        assert_eq!(read(""), BTreeSet::new());
    }
}
