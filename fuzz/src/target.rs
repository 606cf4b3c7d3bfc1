use crate::chance::Chance;
use crate::coverage::Coverage;
use crate::mutation::mutate;
use crate::pool::Pool;
use crate::{kept, smaller::smaller};
use std::hash::Hash;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// For how long a target runs when nobody says otherwise.
const SECONDS: u64 = 4;
/// An input that takes longer is a defect: bytes from outside must not hold up everything.
const SLOW: Duration = Duration::from_secs(2);
/// After this it is taken to hang: the input is told and the process ended.
const HANGS: Duration = Duration::from_secs(30);
/// How long a failing input may take to become smaller.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes of an input, unless the target says otherwise.
const LONGEST: usize = 4096;

/// A parser of bytes from outside, and what is known about what it takes.
#[derive(Debug)]
pub struct Target {
    name: &'static str,
    /// Of the crate.
    folder: PathBuf,
    seeds: Vec<Vec<u8>>,
    words: Vec<Vec<u8>>,
    longest: usize,
}

impl Target {
    /// Use [`target!`](crate::target).
    pub fn new(name: &'static str, folder: &str) -> Self {
        Target { name, folder: PathBuf::from(folder), seeds: Vec::new(), words: Vec::new(), longest: LONGEST }
    }

    /// Inputs to begin with: at least one that the parser takes.
    #[must_use]
    pub fn seeds<T: AsRef<[u8]>>(mut self, seeds: impl IntoIterator<Item = T>) -> Self {
        self.seeds.extend(seeds.into_iter().map(|seed| seed.as_ref().to_vec()));
        self
    }

    /// Pieces that mean something to the parser.
    #[must_use]
    pub fn words<T: AsRef<[u8]>>(mut self, words: impl IntoIterator<Item = T>) -> Self {
        self.words.extend(words.into_iter().map(|word| word.as_ref().to_vec()));
        self
    }

    /// The longest input, in bytes.
    #[must_use]
    pub fn longest(mut self, bytes: usize) -> Self {
        self.longest = bytes;
        self
    }

    /// Throws bytes at `parse` until the time is over. What it returns tells inputs apart that led elsewhere.
    ///
    /// # Panics
    /// When `parse` does, or takes too long: with the input.
    pub fn run<T: Hash>(self, parse: impl Fn(&[u8]) -> T) {
        let seconds = number("FUZZ_SECONDS").unwrap_or(SECONDS);
        let seed = number("FUZZ_SEED").unwrap_or_else(|| kept::hash(&(Instant::now(), std::process::id())));
        let end = Instant::now() + Duration::from_secs(seconds);
        let watched = Watched::start(self.name);
        let (mut chance, mut pool, mut coverage) = (Chance::new(seed), Pool::default(), Coverage::default());
        let mut tries = 0_u64;

        let beside = kept::of(&self.folder.join("fuzz").join(self.name));
        for input in beside.iter().chain(&self.seeds) {
            Coverage::clear();
            let outcome = self.once(input, &parse, &watched);
            pool.is_new(outcome);
            coverage.grows();
            // All of them are parents, whatever came of them.
            pool.keep(input.clone(), &mut chance);
        }
        while Instant::now() < end {
            let mut input = pool.pick(&mut chance).to_vec();
            let other = pool.pick(&mut chance);
            mutate(&mut input, other, &self.words, self.longest, &mut chance);
            Coverage::clear();
            let outcome = self.once(&input, &parse, &watched);
            if pool.is_new(outcome) | coverage.grows() {
                pool.keep(input, &mut chance);
            }
            tries += 1;
        }
        let (reached, places) = coverage.reached();
        let lines = if places == 0 { String::new() } else { format!(", {reached} of {places} places reached") };
        println!("{}: {tries} inputs in {seconds} s, {} kept{lines} (FUZZ_SEED={seed})", self.name, pool.len());
        assert!(tries > 0 || seconds == 0, "{}: not one input was tried in {seconds} s", self.name);
    }

    fn once<T: Hash>(&self, input: &[u8], parse: &impl Fn(&[u8]) -> T, watched: &Watched) -> u64 {
        let began = Instant::now();
        watched.begin(input);
        let parsed = catch_unwind(AssertUnwindSafe(|| kept::hash(&parse(input))));
        watched.end();
        match parsed {
            Ok(outcome) if began.elapsed() <= SLOW => outcome,
            Ok(_) => self.fail(input, &format!("took {:?}, more than {SLOW:?}", began.elapsed())),
            Err(_) => {
                let quiet = std::panic::take_hook();
                std::panic::set_hook(Box::new(|_| {}));
                let least = smaller(input, PATIENCE, |bytes| catch_unwind(AssertUnwindSafe(|| drop(parse(bytes)))).is_err());
                std::panic::set_hook(quiet);
                self.fail(&least, "panicked, as told above")
            }
        }
    }

    fn fail(&self, input: &[u8], what: &str) -> ! {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/fuzz").join(self.name);
        let place = match kept::keep(&directory, input) {
            Ok(path) => path.display().to_string(),
            Err(error) => format!("nowhere: {error}"),
        };
        panic!(
            "{} {what}. The input is kept in {place}; copy it into {} when it is mended:\n{}",
            self.name,
            self.folder.join("fuzz").join(self.name).display(),
            input.escape_ascii()
        )
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.trim().parse().ok()
}

/// What is being tried, and since when.
type Current = Mutex<Option<(Instant, Vec<u8>)>>;

/// Ends a process that hangs, with the input at which it does.
struct Watched(Arc<Current>);

impl Watched {
    #[allow(clippy::disallowed_methods, reason = "there is no event to wait for: nothing happens any more")]
    fn start(name: &'static str) -> Self {
        let watched = Watched(Arc::default());
        let (weak, pause) = (Arc::downgrade(&watched.0), Duration::from_secs(1));
        std::thread::spawn(move || {
            while let Some(current) = weak.upgrade() {
                let stuck = match &*current.lock().unwrap_or_else(PoisonError::into_inner) {
                    Some((since, input)) if since.elapsed() > HANGS => Some(input.escape_ascii().to_string()),
                    Some(_) | None => None,
                };
                if let Some(input) = stuck {
                    eprintln!("{name} hangs since {HANGS:?} at this input:\n{input}");
                    std::process::abort();
                }
                drop(current);
                std::thread::sleep(pause);
            }
        });
        watched
    }

    fn begin(&self, input: &[u8]) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), input.to_vec()));
    }

    fn end(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_defect_behind_four_bytes_is_found_by_what_came_of_the_ones_before() {
        let found = catch_unwind(|| {
            crate::target!("example").seeds(["...."]).run(|bytes| {
                let right = bytes.iter().zip(b"FUZZ").take_while(|(a, b)| a == b).count();
                assert!(right < 4, "the defect");
                right
            });
        });
        let told = found.expect_err("the defect is not found").downcast::<String>().expect("a panic with words");
        assert!(told.contains("panicked") && told.ends_with("FUZZ"), "{told}");
    }

    #[test]
    #[allow(clippy::disallowed_methods, reason = "taking long is what is tested")]
    fn an_input_that_takes_long_is_told() {
        let found = catch_unwind(|| {
            crate::target!("slow").seeds(["a"]).run(|bytes| {
                if bytes.is_empty() || bytes.len() > 3 {
                    std::thread::sleep(SLOW + Duration::from_millis(10));
                }
            });
        });
        assert!(found.expect_err("it is not noticed").downcast::<String>().expect("words").contains("took"));
    }
}
