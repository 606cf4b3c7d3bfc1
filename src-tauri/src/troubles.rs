//! A failed start in the words and with the buttons of the setup page.

use crate::stage::{Offer, Problem, Remedy};
use app::{ConfigError, StartAction, StartError};

pub fn of_config(error: &ConfigError) -> Problem {
    problem("configuration", "A setting cannot be used", sentence(&error.to_string()), &[Remedy::TryAgain])
}

pub fn of_start(error: &StartError) -> Problem {
    let remedies: Vec<Remedy> = error.actions().into_iter().map(remedy).collect();
    problem(error.code(), error.title(), sentence(&error.to_string()), &remedies)
}

/// A change to the data directory that a person asked for could not be made.
pub fn of_disk(error: &std::io::Error) -> Problem {
    problem("data_dir_unusable", "The data directory cannot be changed", sentence(&error.to_string()), &[Remedy::TryAgain])
}

fn remedy(action: StartAction) -> Remedy {
    match action {
        StartAction::TryAgain => Remedy::TryAgain,
        StartAction::UseKeyFile => Remedy::UseKeyFile,
        StartAction::StartFresh => Remedy::StartFresh,
    }
}

fn problem(code: &str, title: &str, detail: String, remedies: &[Remedy]) -> Problem {
    let actions: Vec<Offer> = remedies.iter().chain([&Remedy::Quit]).map(|remedy| remedy.offer()).collect();
    Problem { code: code.to_owned(), title: title.to_owned(), detail, actions }
}

/// An error's text as people write: a capital first and a full stop last.
fn sentence(text: &str) -> String {
    let mut letters = text.trim().chars();
    let mut sentence: String = letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default();
    if !sentence.ends_with(['.', '!', '?']) {
        sentence.push('.');
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_start_says_what_happened_and_offers_what_helps() {
        let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
        let problem = of_start(&StartError::DataDir { path: "/data".into(), source: full });
        assert_eq!(problem.title, "The data directory cannot be used");
        assert!(problem.detail.starts_with("The data directory /data cannot be used: "), "{}", problem.detail);
        let ids: Vec<Remedy> = problem.actions.iter().map(|offer| offer.id).collect();
        assert_eq!(ids, [Remedy::TryAgain, Remedy::Quit]);
    }

    #[test]
    fn starting_fresh_says_what_is_lost_first() {
        let offer = Remedy::StartFresh.offer();
        assert!(offer.danger && offer.loses.is_some());
    }

    #[test]
    fn an_error_becomes_a_sentence() {
        assert_eq!(sentence("cannot read /x: no such file"), "Cannot read /x: no such file.");
        assert_eq!(sentence("Locked."), "Locked.");
    }
}
