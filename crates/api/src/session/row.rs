use super::sessions::MOST;
use domain::Timestamp;
use serde::{Deserialize, Serialize};

/// The ledger's name for the list of sessions, one for all workers. It is only changed in one transaction with reading it.
pub(super) const SETTING: &str = "browser_sessions";

/// A session as the ledger keeps it, so that a restart signs nobody out and each worker knows those of the others.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Stored {
    pub hash: String,
    /// Missing in those of before there was one: they are over.
    #[serde(default)]
    pub page: String,
    pub until: i64,
}

/// What one worker knows that the row does not say yet.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub opened: Vec<Stored>,
    /// Hashes of cookies.
    pub closed: Vec<String>,
}

/// The row with these changes, the oldest first.
pub(super) fn merged(mut row: Vec<Stored>, changes: Changes, now: Timestamp) -> Vec<Stored> {
    row.retain(|one| !changes.opened.iter().any(|new| new.hash == one.hash));
    row.extend(changes.opened);
    row.retain(|one| one.until > now.as_millis() && !one.page.is_empty() && !changes.closed.contains(&one.hash));
    row.sort_by_key(|one| one.until);
    row.drain(..row.len().saturating_sub(MOST));
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000);

    #[test]
    fn a_row_holds_who_is_signed_in_and_the_youngest_of_too_many() {
        let one = |name: &str, until| Stored { hash: name.to_owned(), page: "page".to_owned(), until };
        let row = vec![
            one("over", 1_000),
            one("stays", 3_000),
            one("goes", 4_000),
            Stored { page: String::new(), ..one("old", 9_000) },
        ];
        let changes = Changes { opened: vec![one("new", 2_000), one("stays", 3_000)], closed: vec!["goes".to_owned()] };
        let names = |row: &[Stored]| row.iter().map(|one| one.hash.clone()).collect::<Vec<_>>();
        assert_eq!(names(&merged(row, changes, NOW)), ["new", "stays"]);

        let many = (0..100).map(|n| one(&n.to_string(), 2_000 + n)).collect();
        let kept = names(&merged(many, Changes::default(), NOW));
        assert_eq!((kept.len(), kept[0].as_str()), (MOST, "36"));
    }
}
