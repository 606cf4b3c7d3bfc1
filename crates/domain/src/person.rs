use std::fmt;
use std::str::FromStr;

/// A phone number in E.164: 7 to 15 digits, the country code first. Shown with a leading `+`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Phone(String);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a phone number: give it with country code, as in +1 555 010 0123")]
pub struct PhoneError;

impl Phone {
    /// The bare digits, as WhatsApp addresses write them.
    pub fn digits(&self) -> &str {
        &self.0
    }
}

/// Takes `+15550100123`, `15550100123` and the usual separators (spaces, dots, hyphens, brackets).
impl FromStr for Phone {
    type Err = PhoneError;

    fn from_str(text: &str) -> Result<Self, PhoneError> {
        let trimmed = text.trim();
        let rest = trimmed.strip_prefix('+').unwrap_or(trimmed);
        let mut digits = String::with_capacity(15);
        for c in rest.chars() {
            match c {
                '0'..='9' => digits.push(c),
                ' ' | '-' | '.' | '(' | ')' => {}
                _ => return Err(PhoneError),
            }
        }
        if (7..=15).contains(&digits.len()) && !digits.starts_with('0') { Ok(Phone(digits)) } else { Err(PhoneError) }
    }
}

impl fmt::Display for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}", self.0)
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// WhatsApp's privacy address of a person: the part before `@lid`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lid(String);

impl Lid {
    /// From the user part of a `…@lid` address.
    pub fn from_user(user: impl Into<String>) -> Self {
        Lid(user.into())
    }

    pub fn user(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Lid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@lid", self.0)
    }
}

impl fmt::Debug for Lid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A person as far as we know them. Nothing is guessed: what is not known is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Person {
    pub phone: Option<Phone>,
    pub lid: Option<Lid>,
    pub name: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_numbers_as_people_write_them() {
        for text in ["+1 555 010 0123", "1-555-010-0123", "+1 (555) 010.0123", "15550100123"] {
            assert_eq!(text.parse::<Phone>().map(|p| p.to_string()), Ok("+15550100123".to_owned()), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_number() {
        for text in ["", "+", "123", "055501001", "call me", "1234567890123456", "+1 555 010 01a3"] {
            assert_eq!(text.parse::<Phone>(), Err(PhoneError), "{text}");
        }
    }
}
