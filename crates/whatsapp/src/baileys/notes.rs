/// What did not come along, in words for the person who moves: one line each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes(Vec<String>);

impl Notes {
    pub(super) fn add(&mut self, note: impl Into<String>) {
        self.0.push(note.into());
    }

    /// `one` or `many`, when there are any.
    pub(super) fn count(&mut self, n: usize, what: (&str, &str), why: &str) {
        match n {
            0 => {}
            1 => self.add(format!("1 {} {why}", what.0)),
            n => self.add(format!("{n} {} {why}", what.1)),
        }
    }

    pub fn lines(&self) -> &[String] {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
