use super::BODY_LIMIT;
use domain::Scope;
use serde_json::{Value, json};

/// What a request needs to be let in to a route. Declared once, beside the handler (see [`permit!`](super::permit)); from this
/// value come what is enforced, the `x-permission` of the OpenAPI document, and the refusals that it lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Need {
    pub who: Who,
    /// A one-use ticket in the URL will do in the place of a key.
    pub ticket: bool,
    /// What is read is the same for everybody, and people go there by a link, with which a browser sends nothing but its cookie: that
    /// will do here.
    pub cookie_alone: bool,
    /// The largest body that the route takes, in bytes.
    pub body: usize,
    /// What it does writes its own entry into the audit log, within the same transaction.
    pub audits_itself: bool,
    /// An app may do it to what it made itself, also without the scope.
    pub or_own: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// Anybody.
    Open,
    /// Whoever has a sign-in link: its ticket stands in the body.
    SignIn,
    /// Whoever has the poll token of a request for access, which the route itself looks at.
    PollToken,
    /// Anybody whose key, cookie or program is known.
    Known,
    /// The admin key, a browser that was signed in, the desktop shell. Never an app.
    Person,
    /// A person, or an app with this scope for that which the path names.
    Scope(Scope, Of),
}

/// What a scope must reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    /// Nothing in particular: any permit of the scope will do, and the answer is filtered by it.
    Anything,
    /// All channels, also those that will be.
    EveryChannel,
    /// The channel that this parameter of the path names.
    Channel(&'static str),
    /// The message that it names: its channel and its chat.
    Message(&'static str),
    /// The webhook that it names, which the app must have made itself.
    Webhook(&'static str),
    /// The delivery that it names, to a webhook of the app's own.
    Delivery(&'static str),
}

impl Need {
    const fn of(who: Who) -> Self {
        Need { who, ticket: false, cookie_alone: false, body: BODY_LIMIT, audits_itself: false, or_own: false }
    }

    pub const fn open() -> Self {
        Need::of(Who::Open)
    }

    pub const fn sign_in() -> Self {
        Need::of(Who::SignIn)
    }

    pub const fn poll_token() -> Self {
        Need::of(Who::PollToken)
    }

    pub const fn known() -> Self {
        Need::of(Who::Known)
    }

    pub const fn person() -> Self {
        Need::of(Who::Person)
    }

    pub const fn scope(scope: Scope) -> Self {
        Need::of(Who::Scope(scope, Of::Anything))
    }

    const fn reaching(self, of: Of) -> Self {
        match self.who {
            Who::Scope(scope, _) => Need { who: Who::Scope(scope, of), ..self },
            Who::Open | Who::SignIn | Who::PollToken | Who::Known | Who::Person => panic!("only a scope reaches something"),
        }
    }

    pub const fn over_every_channel(self) -> Self {
        self.reaching(Of::EveryChannel)
    }

    pub const fn of_channel(self, parameter: &'static str) -> Self {
        self.reaching(Of::Channel(parameter))
    }

    pub const fn of_message(self, parameter: &'static str) -> Self {
        self.reaching(Of::Message(parameter))
    }

    pub const fn of_webhook(self, parameter: &'static str) -> Self {
        self.reaching(Of::Webhook(parameter))
    }

    pub const fn of_delivery(self, parameter: &'static str) -> Self {
        self.reaching(Of::Delivery(parameter))
    }

    pub const fn or_ticket(self) -> Self {
        Need { ticket: true, ..self }
    }

    pub const fn or_cookie_alone(self) -> Self {
        Need { cookie_alone: true, ..self }
    }

    pub const fn or_own(self) -> Self {
        Need { or_own: true, ..self }
    }

    pub const fn body(self, bytes: usize) -> Self {
        Need { body: bytes, ..self }
    }

    pub const fn audits_itself(self) -> Self {
        Need { audits_itself: true, ..self }
    }

    /// As the OpenAPI document has it.
    pub fn to_json(self) -> Value {
        let mut json = match self.who {
            Who::Open => json!({"kind": "open"}),
            Who::SignIn => json!({"kind": "sign_in"}),
            Who::PollToken => json!({"kind": "poll_token"}),
            Who::Known => json!({"kind": "known"}),
            Who::Person => json!({"kind": "person"}),
            Who::Scope(scope, of) => {
                let mut json = json!({"kind": "scope", "scope": scope.as_str(), "of": of.as_str()});
                if let Some(parameter) = of.parameter() {
                    json["in"] = json!(parameter);
                }
                json
            }
        };
        if self.ticket {
            json["ticket"] = json!(true);
        }
        if self.cookie_alone {
            json["cookie_alone"] = json!(true);
        }
        if self.or_own {
            json["or_own"] = json!(true);
        }
        json
    }

    /// Whether it is for those only who are known.
    pub fn is_keyed(self) -> bool {
        match self.who {
            Who::Open | Who::SignIn | Who::PollToken => false,
            Who::Known | Who::Person | Who::Scope(..) => true,
        }
    }
}

impl Of {
    pub fn as_str(self) -> &'static str {
        match self {
            Of::Anything => "anything",
            Of::EveryChannel => "every_channel",
            Of::Channel(_) => "channel",
            Of::Message(_) => "message",
            Of::Webhook(_) => "webhook",
            Of::Delivery(_) => "delivery",
        }
    }

    pub fn parameter(self) -> Option<&'static str> {
        match self {
            Of::Anything | Of::EveryChannel => None,
            Of::Channel(name) | Of::Message(name) | Of::Webhook(name) | Of::Delivery(name) => Some(name),
        }
    }
}
