//! What the desktop around us does and does not do, as it was found out so far.

/// Everything the tray and the settings page say about the desktop.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Desk {
    /// Whether the application starts at login; `None` where that cannot be told.
    pub start_at_login: Option<bool>,
    /// Why there is no tray icon.
    pub no_tray: Option<&'static str>,
    /// Why nobody sees the tray icon there is.
    pub no_panel: bool,
    /// Why notifications are not shown.
    pub no_notifications: Option<String>,
}

impl Desk {
    /// Sentences for the settings page.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(sentence) = self.no_tray {
            notes.push(sentence.to_owned());
        } else if self.no_panel {
            notes.push(
                "This desktop shows no tray icons (on GNOME, the extension “AppIndicator” does). Starting WhatIsUp once more \
                 opens this window."
                    .to_owned(),
            );
        }
        if let Some(reason) = &self.no_notifications {
            notes.push(format!(
                "Desktop notifications are not shown: no notification service answers ({reason}). Events and this window still \
                 tell everything."
            ));
        }
        notes
    }

    /// The one that fits a menu line.
    pub fn menu_note(&self) -> Option<String> {
        self.no_notifications.as_ref().map(|_| "Notifications off: no service answers".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_is_missing_and_what_still_works() {
        assert!(Desk::default().notes().is_empty());
        let desk = Desk { no_notifications: Some("no bus".to_owned()), no_panel: true, ..Desk::default() };
        assert_eq!(desk.notes().len(), 2);
        assert_eq!(desk.menu_note().as_deref(), Some("Notifications off: no service answers"));
    }
}
