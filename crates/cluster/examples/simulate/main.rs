//! The machine of the leases at sizes that no test machine has: the real placement and the real `Holder`, once per worker, over
//! simulated time, sockets and stores.
//!
//! `simulate [--channels N]… [--seed N] [--write FILE]` tells the story of each size and works out what it needs. With `--write`
//! the tables go between the marks of that page. Ends with 1 when a channel was ever run by two workers.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints")]

mod costs;
mod figures;
mod postgres;
mod redis;
mod report;
mod sizing;
mod story;
mod world;

use std::process::ExitCode;
use std::sync::Mutex;
use story::{Plot, Told, tell};

const SIZES: [usize; 3] = [10_000, 100_000, 1_000_000];

struct Wishes {
    sizes: Vec<usize>,
    seed: u64,
    write: Option<String>,
}

fn main() -> ExitCode {
    let wishes = match wishes(std::env::args().skip(1)) {
        Ok(wishes) => wishes,
        Err(error) => {
            eprintln!("{error}; simulate [--channels N]… [--seed N] [--write FILE]");
            return ExitCode::from(2);
        }
    };
    let stories = all(&wishes.sizes, wishes.seed);
    let pairs: Vec<(&Told, &Told)> = stories.chunks(2).filter_map(|pair| Some((pair.first()?, pair.get(1)?))).collect();
    let simulated = pairs.iter().map(|(told, herd)| report::table(told, Some(herd))).collect::<Vec<_>>().join("\n");
    let parts = [("sizes", sizing::table(&wishes.sizes)), ("simulated", simulated), ("inputs", sizing::inputs())];
    for (_, part) in &parts {
        println!("{part}");
    }
    if let Some(page) = wishes.write
        && let Err(error) = write(&page, &parts)
    {
        eprintln!("{page}: {error}");
        return ExitCode::FAILURE;
    }
    let fights: Vec<&String> = stories.iter().flat_map(|told| &told.violations).collect();
    fights.iter().take(10).for_each(|fight| eprintln!("{fight}"));
    if fights.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn wishes(mut words: impl Iterator<Item = String>) -> Result<Wishes, String> {
    let mut wishes = Wishes { sizes: Vec::new(), seed: 1, write: None };
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} wants a value"));
        let number = |text: String| text.replace(['_', ','], "").parse::<u64>().map_err(|_| format!("{text} is no number"));
        match word.as_str() {
            "--channels" => wishes.sizes.push(usize::try_from(number(value()?)?).map_err(|e| e.to_string())?),
            "--seed" => wishes.seed = number(value()?)?,
            "--write" => wishes.write = Some(value()?),
            _ => return Err(format!("{word} is not known")),
        }
    }
    if wishes.sizes.is_empty() {
        wishes.sizes = SIZES.to_vec();
    }
    Ok(wishes)
}

/// Two stories per size, the larger ones first, on as many threads as there are processors.
fn all(sizes: &[usize], seed: u64) -> Vec<Told> {
    let jobs: Vec<(usize, Plot)> = sizes.iter().flat_map(|size| [(*size, Plot::Whole), (*size, Plot::Herd)]).collect();
    let mut told: Vec<Option<Told>> = jobs.iter().map(|_| None).collect();
    let mut order: Vec<usize> = (0..jobs.len()).collect();
    order.sort_by_key(|job| jobs[*job].0);
    let (left, done) = (Mutex::new(order), Mutex::new(&mut told));
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(jobs.len());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let Some(job) = left.lock().ok().and_then(|mut left| left.pop()) else { return };
                    let (size, plot) = jobs[job];
                    let story = tell(size, plot, seed);
                    if let Ok(mut done) = done.lock() {
                        done[job] = Some(story);
                    }
                }
            });
        }
    });
    told.into_iter().flatten().collect()
}

/// Puts each part between `<!-- begin: name -->` and `<!-- end: name -->`.
fn write(page: &str, parts: &[(&str, String)]) -> std::io::Result<()> {
    let mut text = std::fs::read_to_string(page)?;
    for (name, part) in parts {
        let (begin, end) = (format!("<!-- begin: {name} -->\n"), format!("<!-- end: {name} -->"));
        let found = text.split_once(&begin).and_then(|(before, rest)| Some((before, rest.split_once(&end)?.1)));
        let Some((before, after)) = found else {
            return Err(std::io::Error::other(format!("it has no place for {name}")));
        };
        text = format!("{before}{begin}\n{part}\n{end}{after}");
    }
    std::fs::write(page, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_cluster_comes_through_everything_without_a_fight() {
        let told = tell(2_000, Plot::Whole, 7);
        assert_eq!(told.violations, [] as [String; 0]);
        for phase in &told.phases {
            assert_eq!(phase.down, 0, "{}", phase.phase);
        }
        let [quiet, rolling, lost, back, outage] = told.phases.as_slice() else { panic!("a phase is missing") };
        assert_eq!((quiet.downtimes.number, quiet.logins), (0, 0), "nothing happens when nothing happens");
        assert!(rolling.downtimes.quantile(0.99) < 5.0, "a channel that is handed over is down for a login");
        assert!(lost.downtimes.longest < 40_000_000, "{}", lost.downtimes.longest);
        assert!(back.downtimes.quantile(0.99) < 5.0);
        assert_eq!(outage.downtimes.number, 2_000);
    }

    #[test]
    fn the_same_seed_tells_the_same_story() {
        let brief = |told: Told| told.phases.iter().map(|p| (p.logins, p.downtimes.longest, p.peak_redis)).collect::<Vec<_>>();
        let told = || brief(tell(500, Plot::Herd, 3));
        assert_eq!(told(), told());
    }

    #[test]
    fn numbers_are_written_as_people_read_them() {
        assert_eq!([0.0, 999.0, 1000.0, 1234567.0].map(sizing::thousands), ["0", "999", "1,000", "1,234,567"]);
    }
}
