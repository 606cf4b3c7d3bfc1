//! Where in the page a window opens.

use domain::ChannelId;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    Channels,
    Channel(ChannelId),
    /// Messages that wait.
    Outbox,
    Webhooks,
    /// The programs that may use the API.
    Apps,
    /// The dashboard with its dialog for a new channel.
    Add,
    /// Why the application did not start, and what to do.
    Setup,
    /// The QR of one channel, for a window of its own.
    Pair(ChannelId),
    /// What waits for a person's word, for a window of its own.
    Prompt(Prompt),
}

/// The questions that get a small window each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prompt {
    /// May this program come in?
    Consent,
    /// Shall this message be sent?
    Ask,
}

impl Route {
    /// The part of the address after `index.html`.
    pub fn fragment(self) -> String {
        match self {
            Route::Channels => "#/channels".to_owned(),
            Route::Channel(id) => format!("#/channels/{id}"),
            Route::Outbox => "#/outbox".to_owned(),
            Route::Webhooks => "#/webhooks".to_owned(),
            Route::Apps => "#/apps".to_owned(),
            Route::Add => "#/channels?add".to_owned(),
            Route::Setup => "#/setup".to_owned(),
            Route::Pair(id) => format!("#/pair/{id}?window=pairing"),
            Route::Prompt(Prompt::Consent) => "#/consent?window=consent".to_owned(),
            Route::Prompt(Prompt::Ask) => "#/ask?window=ask".to_owned(),
        }
    }

    pub fn address(self) -> String {
        format!("index.html{}", self.fragment())
    }
}

/// Whether a window of ours may show this address: its own page and nothing else.
pub fn is_ours(url: &tauri::Url) -> bool {
    match url.scheme() {
        "tauri" => url.host_str() == Some("localhost"),
        // Windows serves the page under a name that resolves nowhere.
        "http" | "https" => cfg!(windows) && url.host_str() == Some("tauri.localhost"),
        "about" => url.path() == "blank",
        _ => false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_window_shows_only_our_page() {
        let ours = |url: &str| is_ours(&url.parse().unwrap());
        assert!(ours("tauri://localhost/index.html#/channels/ch_1"));
        for other in [
            "https://example.com/",
            "http://127.0.0.1:9487/",
            "tauri://elsewhere/",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "data:text/html,hello",
            "about:srcdoc",
        ] {
            assert!(!ours(other), "{other}");
        }
    }

    #[test]
    fn a_route_is_an_address_of_the_page() {
        let id = crate::example::connected(1, "Shop").id;
        assert_eq!(Route::Pair(id).address(), format!("index.html#/pair/{id}?window=pairing"));
        assert_eq!(Route::Channels.address(), "index.html#/channels");
        assert_eq!(Route::Prompt(Prompt::Ask).address(), "index.html#/ask?window=ask");
    }
}
