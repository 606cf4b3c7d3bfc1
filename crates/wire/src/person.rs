use domain::Person;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A person as far as known; every field may be null and none is guessed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Person)]
pub struct PersonOut {
    /// E.164 with a leading `+`.
    #[schema(example = "+15550100123")]
    pub phone: Option<String>,
    /// WhatsApp's privacy address.
    #[schema(example = "100000012345678@lid")]
    pub lid: Option<String>,
    #[schema(example = "Ada")]
    pub name: Option<String>,
}

impl From<&Person> for PersonOut {
    fn from(p: &Person) -> Self {
        PersonOut {
            phone: p.phone.as_ref().map(ToString::to_string),
            lid: p.lid.as_ref().map(ToString::to_string),
            name: p.name.clone(),
        }
    }
}
