//! What is wanted of a window that is on its way out. Between being told to close and being gone it still counts as open, and
//! what is put into it then nobody would see. Pure.

use std::collections::BTreeMap;

/// The windows that were told to close and are not gone yet, by label, each with what is to be opened in its place.
#[derive(Debug)]
pub struct Leaving<Wish>(BTreeMap<String, Option<Wish>>);

impl<Wish> Default for Leaving<Wish> {
    fn default() -> Self {
        Leaving(BTreeMap::new())
    }
}

impl<Wish> Leaving<Wish> {
    /// A window was told to close.
    pub fn begins(&mut self, label: &str) {
        self.0.entry(label.to_owned()).or_insert(None);
    }

    /// Somebody wants a window now. Returns the wish when it can be met now; else it is kept until the window is gone, in the
    /// place of an earlier one that `yields` to it.
    pub fn wants(&mut self, label: &str, wish: Wish, yields: impl FnOnce(&Wish) -> bool) -> Option<Wish> {
        let Some(kept) = self.0.get_mut(label) else { return Some(wish) };
        if kept.as_ref().is_none_or(yields) {
            *kept = Some(wish);
        }
        None
    }

    /// A window is gone. Returns what is to be opened in its place.
    pub fn gone(&mut self, label: &str) -> Option<Wish> {
        self.0.remove(label).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn later(_: &&str) -> bool {
        true
    }

    #[test]
    fn what_is_wanted_while_a_window_closes_comes_when_it_is_gone() {
        let mut leaving = Leaving::default();
        assert_eq!(leaving.wants("consent", "first", later), Some("first"), "it is open, or was never made");
        leaving.begins("consent");
        assert_eq!(leaving.wants("consent", "second", later), None);
        assert_eq!(leaving.wants("ask", "another window", later), Some("another window"));
        assert_eq!(leaving.gone("consent"), Some("second"));
        assert_eq!(leaving.gone("consent"), None, "once");
        assert_eq!(leaving.wants("consent", "third", later), Some("third"));
    }

    #[test]
    fn a_window_that_nobody_wanted_again_stays_closed() {
        let mut leaving = Leaving::<&str>::default();
        leaving.begins("consent");
        // Told twice, as by a second click.
        leaving.begins("consent");
        assert_eq!(leaving.gone("consent"), None);
        // Destroyed without having been told, as when the application quits.
        assert_eq!(leaving.gone("ask"), None);
    }

    #[test]
    fn what_a_person_wants_is_not_replaced_by_what_comes_unasked() {
        let mut leaving = Leaving::default();
        leaving.begins("consent");
        leaving.wants("consent", "unasked", later);
        leaving.wants("consent", "asked", |kept| *kept == "unasked");
        leaving.wants("consent", "unasked again", |kept| *kept != "asked");
        assert_eq!(leaving.gone("consent"), Some("asked"));
    }
}
