/// How far a right goes: everything of its kind, or only what is named. As the answer to a question it may be empty; in
/// a [`crate::Permit`] it never is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach<T> {
    All,
    /// Sorted, each once. Made by [`Reach::only`].
    Only(Vec<T>),
}

impl<T: Ord + Clone> Reach<T> {
    /// Exactly these.
    pub fn only(items: impl IntoIterator<Item = T>) -> Self {
        let mut items: Vec<T> = items.into_iter().collect();
        items.sort();
        items.dedup();
        Reach::Only(items)
    }

    pub fn nothing() -> Self {
        Reach::Only(Vec::new())
    }

    pub fn is_nothing(&self) -> bool {
        matches!(self, Reach::Only(items) if items.is_empty())
    }

    pub fn contains(&self, item: &T) -> bool {
        match self {
            Reach::All => true,
            Reach::Only(items) => items.binary_search(item).is_ok(),
        }
    }

    /// Whether everything here is in `other` as well. All is within All alone: what is named may be everything that there
    /// is today, and not tomorrow.
    pub fn within(&self, other: &Reach<T>) -> bool {
        match (self, other) {
            (_, Reach::All) => true,
            (Reach::All, Reach::Only(_)) => false,
            (Reach::Only(items), Reach::Only(_)) => items.iter().all(|item| other.contains(item)),
        }
    }

    /// What is in either.
    #[must_use]
    pub fn join(&self, other: &Reach<T>) -> Self {
        match (self, other) {
            (Reach::All, _) | (_, Reach::All) => Reach::All,
            (Reach::Only(one), Reach::Only(two)) => Reach::only(one.iter().chain(two).cloned()),
        }
    }

    /// What is in both.
    #[must_use]
    pub fn meet(&self, other: &Reach<T>) -> Self {
        match (self, other) {
            (Reach::All, rest) | (rest, Reach::All) => rest.clone(),
            (Reach::Only(one), Reach::Only(_)) => Reach::only(one.iter().filter(|item| other.contains(item)).cloned()),
        }
    }

    /// What is named; `None` for all.
    pub fn named(&self) -> Option<&[T]> {
        match self {
            Reach::All => None,
            Reach::Only(items) => Some(items),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reach() -> impl Strategy<Value = Reach<u8>> {
        prop_oneof![Just(Reach::All), proptest::collection::vec(0_u8..6, 0..5).prop_map(Reach::only)]
    }

    proptest! {
        #[test]
        fn join_and_meet_are_what_their_members_say(a in reach(), b in reach(), item in 0_u8..8) {
            prop_assert_eq!(a.join(&b).contains(&item), a.contains(&item) || b.contains(&item));
            prop_assert_eq!(a.meet(&b).contains(&item), a.contains(&item) && b.contains(&item));
        }

        #[test]
        fn what_is_within_has_no_member_of_its_own(a in reach(), b in reach(), item in 0_u8..8) {
            prop_assert!(!a.within(&b) || !a.contains(&item) || b.contains(&item));
            prop_assert!(a.meet(&b).within(&a) && a.within(&a.join(&b)));
            prop_assert_eq!(a.within(&b) && b.within(&a), a == b);
        }
    }

    #[test]
    fn all_is_more_than_any_list() {
        assert!(!Reach::All.within(&Reach::only(0..=u8::MAX)));
        assert!(Reach::<u8>::nothing().within(&Reach::nothing()) && Reach::<u8>::nothing().is_nothing());
    }
}
