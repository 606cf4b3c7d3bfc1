use super::{Unreadable, from_json, phone, to_json};
use domain::{Lid, Person, Reaction, Timestamp};
use serde::{Deserialize, Serialize};

/// The column `reactions`. One that was taken back stays as an empty one, so that what comes late cannot bring an older
/// one up again.
#[derive(Clone, Default)]
pub(crate) struct Reactions(Vec<StoredReaction>);

#[derive(Clone, Serialize, Deserialize)]
struct StoredReaction {
    phone: Option<String>,
    lid: Option<String>,
    name: Option<String>,
    /// By the channel's own account.
    ours: bool,
    emoji: String,
    at: i64,
}

impl Reactions {
    pub fn from(column: Option<&str>) -> Result<Self, Unreadable> {
        column.map_or(Ok(Reactions::default()), |text| Ok(Reactions(from_json(text, "a message's reactions")?)))
    }

    pub fn to_column(&self) -> Option<String> {
        (!self.0.is_empty()).then(|| to_json(&self.0))
    }

    /// Those that were not taken back.
    pub fn shown(&self) -> Result<Vec<Reaction>, Unreadable> {
        let shown = self.0.iter().filter(|r| !r.emoji.is_empty());
        shown
            .map(|r| {
                let by =
                    Person { phone: phone(r.phone.clone())?, lid: r.lid.clone().map(Lid::from_user), name: r.name.clone() };
                Ok(Reaction { by, emoji: r.emoji.clone(), at: Timestamp::from_millis(r.at) })
            })
            .collect()
    }

    /// Notes what a person reacted at `at`. Whether that changed something: it does not when a later one is known.
    pub fn set(&mut self, by: &Person, ours: bool, emoji: &str, at: Timestamp) -> bool {
        let digits = by.phone.as_ref().map(|p| p.digits().to_owned());
        let lid = by.lid.as_ref().map(|l| l.user().to_owned());
        let same = |r: &StoredReaction| {
            if ours || r.ours {
                return ours == r.ours;
            }
            match (&r.lid, &lid) {
                (Some(a), Some(b)) => a == b,
                _ => r.phone.is_some() && r.phone == digits,
            }
        };
        let new = StoredReaction {
            phone: digits.clone(),
            lid: lid.clone(),
            name: by.name.clone(),
            ours,
            emoji: emoji.to_owned(),
            at: at.as_millis(),
        };
        match self.0.iter_mut().find(|r| same(r)) {
            Some(known) if known.at > new.at || (known.emoji == new.emoji) => false,
            Some(known) => {
                *known = new;
                true
            }
            None => {
                let taken_back = emoji.is_empty();
                self.0.push(new);
                !taken_back
            }
        }
    }
}
