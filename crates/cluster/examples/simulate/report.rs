//! Tables of what happened.

use crate::costs;
use crate::figures::Figures;
use crate::sizing::thousands;
use crate::story::Told;

pub fn table(told: &Told, herd: Option<&Told>) -> String {
    let mut text = format!(
        "### {} channels on {} workers, {} Redis {}\n\n",
        thousands(told.channels as f64),
        thousands(told.places as f64),
        told.nodes,
        if told.nodes == 1 { "master" } else { "masters" }
    );
    text += "| what happens | took | channels that went down | down for, p50 / p99 / longest | logins/s, in all / one worker | Redis op/s | Postgres rows/s | slowest write | fullest worker |\n";
    text += "|---|---:|---:|---:|---:|---:|---:|---:|---:|\n";
    for figures in told.phases.iter().chain(herd.iter().flat_map(|herd| &herd.phases)) {
        text += &row(figures);
    }
    let fights = told.violations.len() + herd.map_or(0, |herd| herd.violations.len());
    text += &format!("\nChannels run by two workers at any moment: **{fights}**.\n");
    text
}

fn row(figures: &Figures) -> String {
    let down = &figures.downtimes;
    let spans = match down.number {
        0 => "-".to_owned(),
        _ => format!("{:.1} / {:.1} / {:.1} s", down.quantile(0.5), down.quantile(0.99), down.longest as f64 / 1e6),
    };
    let mut what = figures.phase.to_owned();
    if figures.failed > 0 {
        what += &format!("; {} starts failed", thousands(figures.failed as f64));
    }
    // A few are always between two workers while many move.
    if figures.down > 0 && figures.down as u64 * 100 > figures.logins {
        what += &format!("; **{} channels were still down at the end**", thousands(figures.down as f64));
    }
    let memory = costs::WORKER_BASE.value + figures.most_on_a_worker as f64 * costs::CHANNEL_MEMORY.value;
    format!(
        "| {what} | {:.0} s | {} | {spans} | {} / {} | {} | {} | {:.1} s | {} channels, {:.1} GiB |\n",
        figures.seconds,
        thousands(down.number as f64 + figures.down as f64),
        thousands(figures.peak_logins as f64),
        figures.peak_worker_logins,
        thousands(figures.peak_redis as f64),
        thousands(figures.peak_rows as f64),
        figures.slowest_write,
        thousands(figures.most_on_a_worker as f64),
        memory / 1024.0,
    )
}
