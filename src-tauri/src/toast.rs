//! Shows notifications. The desktop's notification service is asked on threads of its own: the calls block, and the wait for
//! a click on a notification lasts as long as that is shown.

use crate::notice::{self, Toast};
use crate::route::Route;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

/// Notifications waiting to be shown. When full the newest is left out with a log line: nobody reads 64 at once.
const WAITING: usize = 64;
/// Notifications whose click is waited for, one thread each. Past it they are shown without a button.
#[cfg(all(unix, not(target_os = "macos")))]
const CLICKABLE: usize = 16;

/// Where notifications go. Dropping it ends the thread.
#[derive(Clone, Debug)]
pub struct Toasts(SyncSender<Toast>);

/// What the shell learns back.
pub trait Heard: Send + Sync + 'static {
    /// The button of a notification was pressed.
    fn open(&self, route: Route);
    /// No notification service answers (with the reason), or it answers again (`None`).
    fn service(&self, missing: Option<String>);
}

impl Toasts {
    /// Starts the thread that shows them.
    pub fn start(app_name: &'static str, heard: Arc<dyn Heard>) -> std::io::Result<Toasts> {
        let (sender, receiver) = sync_channel(WAITING);
        std::thread::Builder::new().name("notifications".to_owned()).spawn(move || show_all(app_name, &receiver, &heard))?;
        Ok(Toasts(sender))
    }

    pub fn show(&self, toast: Toast) {
        match self.0.try_send(toast) {
            Ok(()) => {}
            Err(TrySendError::Full(toast)) => {
                tracing::warn!(title = toast.title, "too many notifications at once; left one out")
            }
            Err(TrySendError::Disconnected(_)) => tracing::debug!("the notification thread has ended"),
        }
    }
}

fn show_all(app_name: &'static str, toasts: &Receiver<Toast>, heard: &Arc<dyn Heard>) {
    let waiting = Arc::new(AtomicUsize::new(0));
    // Whether they can be shown; a change is told once, not with every notification.
    let mut missing = false;
    if let Err(error) = ask_the_service() {
        missing = true;
        tell_missing(&error, heard);
    }
    while let Ok(toast) = toasts.recv() {
        match show(app_name, &toast, heard, &waiting) {
            Ok(()) if missing => {
                missing = false;
                tracing::info!("desktop notifications work again");
                heard.service(None);
            }
            Ok(()) => {}
            Err(error) if !missing => {
                missing = true;
                tell_missing(&error, heard);
            }
            Err(error) => tracing::debug!(%error, title = toast.title, "a notification could not be shown"),
        }
    }
}

fn tell_missing(error: &notify_rust::error::Error, heard: &Arc<dyn Heard>) {
    tracing::warn!(%error, "desktop notifications cannot be shown: no notification service answers");
    heard.service(Some(error.to_string()));
}

/// Whether somebody is there to show notifications, before the first has to be shown.
#[cfg(all(unix, not(target_os = "macos")))]
fn ask_the_service() -> Result<(), notify_rust::error::Error> {
    notify_rust::get_server_information().map(|_| ())
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
fn ask_the_service() -> Result<(), notify_rust::error::Error> {
    Ok(())
}

fn show(
    app_name: &'static str,
    toast: &Toast,
    heard: &Arc<dyn Heard>,
    waiting: &Arc<AtomicUsize>,
) -> Result<(), notify_rust::error::Error> {
    let mut notification = notify_rust::Notification::new();
    notification.appname(app_name).summary(&toast.title).body(&toast.body);
    show_on_this_desktop(notification, toast, heard, waiting)
}

#[cfg(all(unix, not(target_os = "macos")))]
fn show_on_this_desktop(
    mut notification: notify_rust::Notification,
    toast: &Toast,
    heard: &Arc<dyn Heard>,
    waiting: &Arc<AtomicUsize>,
) -> Result<(), notify_rust::error::Error> {
    use notify_rust::{Hint, Timeout, Urgency};

    let reads_markup = notify_rust::get_capabilities()?.iter().any(|c| c == "body-markup");
    if reads_markup {
        notification.body(&notice::without_markup(&toast.body));
    }
    notification
        .icon("whatisup")
        .hint(Hint::DesktopEntry("whatisup".to_owned()))
        .hint(Hint::Category("network".to_owned()))
        .urgency(if toast.urgent { Urgency::Critical } else { Urgency::Normal })
        .timeout(if toast.urgent { Timeout::Never } else { Timeout::Default });
    let clickable = waiting.load(Ordering::Relaxed) < CLICKABLE;
    if clickable {
        notification.action("default", "Open").action("open", "Open");
    }
    let shown = notification.show()?;
    if clickable {
        waiting.fetch_add(1, Ordering::Relaxed);
        let (heard, opens, done) = (heard.clone(), toast.opens, waiting.clone());
        let listener = std::thread::Builder::new().name("notification".to_owned()).spawn(move || {
            shown.wait_for_action(|action| {
                if action == "open" || action == "default" {
                    heard.open(opens);
                }
            });
            done.fetch_sub(1, Ordering::Relaxed);
        });
        if let Err(error) = listener {
            waiting.fetch_sub(1, Ordering::Relaxed);
            tracing::warn!(%error, "cannot wait for a click on a notification");
        }
    }
    Ok(())
}

// macOS and Windows show the notification; the system brings the application to the front on a click.
#[cfg(not(all(unix, not(target_os = "macos"))))]
fn show_on_this_desktop(
    notification: notify_rust::Notification,
    _toast: &Toast,
    _heard: &Arc<dyn Heard>,
    _waiting: &Arc<AtomicUsize>,
) -> Result<(), notify_rust::error::Error> {
    let _ = notice::without_markup;
    notification.show().map(|_| ())
}
