//! What has to be done to a shown menu so that it says the new thing. Replacing a menu closes it under the pointer of the
//! person who has it open, so as long as its lines are the same ones only their words change.

use super::{Item, Menu};

/// From one menu to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    Nothing,
    /// The same lines; these, by position, say something else.
    Words(Vec<usize>),
    /// Other lines: make it anew.
    Lines,
}

impl Change {
    pub fn between(shown: &Menu, wanted: &Menu) -> Change {
        if shown == wanted {
            return Change::Nothing;
        }
        if shown.items.len() != wanted.items.len() || !shown.items.iter().zip(&wanted.items).all(|(a, b)| same_line(a, b)) {
            return Change::Lines;
        }
        Change::Words((0..wanted.items.len()).filter(|&i| shown.items[i] != wanted.items[i]).collect())
    }
}

fn same_line(a: &Item, b: &Item) -> bool {
    match (a, b) {
        (Item::Note(_), Item::Note(_)) | (Item::Separator, Item::Separator) => true,
        (Item::Button { action: a, .. }, Item::Button { action: b, .. })
        | (Item::Check { action: a, .. }, Item::Check { action: b, .. }) => a == b,
        (Item::Note(_) | Item::Separator | Item::Button { .. } | Item::Check { .. }, _) => false,
    }
}
