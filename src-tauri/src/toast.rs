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
pub struct Toasts(SyncSender<Task>);

#[derive(Debug)]
enum Task {
    Show(Toast),
    /// Close those whose button opens this.
    Withdraw(Route),
}

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
        self.tell(Task::Show(toast));
    }

    /// Closes the notifications that are about what this opens: it is over. Only on Linux; elsewhere they stay until they are
    /// dismissed.
    pub fn withdraw(&self, opens: Route) {
        self.tell(Task::Withdraw(opens));
    }

    fn tell(&self, task: Task) {
        match self.0.try_send(task) {
            Ok(()) => {}
            Err(TrySendError::Full(Task::Show(toast))) => {
                tracing::warn!(title = toast.title, "too many notifications at once; left one out")
            }
            Err(TrySendError::Full(Task::Withdraw(_))) => tracing::debug!("too many notifications at once; an old one stays"),
            Err(TrySendError::Disconnected(_)) => tracing::debug!("the notification thread has ended"),
        }
    }
}

fn show_all(app_name: &'static str, tasks: &Receiver<Task>, heard: &Arc<dyn Heard>) {
    let waiting = Arc::new(AtomicUsize::new(0));
    // Whether they can be shown; a change is told once, not with every notification.
    let mut missing = false;
    if let Err(error) = ask_the_service() {
        missing = true;
        tell_missing(&error, heard);
    }
    let mut shown = Shown::default();
    while let Ok(task) = tasks.recv() {
        let toast = match task {
            Task::Show(toast) => toast,
            Task::Withdraw(opens) => {
                shown.take(opens).into_iter().for_each(close);
                continue;
            }
        };
        let done = show(app_name, &toast, heard, &waiting).map(|id| shown.put(toast.opens, id));
        match done {
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

/// The notifications that can become idle, as the service numbers them.
#[derive(Debug, Default)]
struct Shown(Vec<(Route, u32)>);

impl Shown {
    fn put(&mut self, opens: Route, id: Option<u32>) {
        if let (Route::Prompt(_), Some(id)) = (opens, id) {
            // Dismissed ones are not told apart: of a long row of them the oldest are let go.
            if self.0.len() == WAITING {
                self.0.remove(0);
            }
            self.0.push((opens, id));
        }
    }

    fn take(&mut self, opens: Route) -> Vec<u32> {
        let (over, kept) = std::mem::take(&mut self.0).into_iter().partition(|(route, _)| *route == opens);
        self.0 = kept;
        over.into_iter().map(|(_, id)| id).collect()
    }
}

#[cfg(target_os = "linux")]
fn close(id: u32) {
    const SERVICE: &str = "org.freedesktop.Notifications";
    let asked: zbus::Result<()> = tauri::async_runtime::block_on(async {
        let bus = zbus::Connection::session().await?;
        bus.call_method(Some(SERVICE), "/org/freedesktop/Notifications", Some(SERVICE), "CloseNotification", &id).await?;
        Ok(())
    });
    if let Err(error) = asked {
        tracing::debug!(%error, "a notification that is over was not closed");
    }
}

#[cfg(not(target_os = "linux"))]
fn close(_id: u32) {}

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
) -> Result<Option<u32>, notify_rust::error::Error> {
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
) -> Result<Option<u32>, notify_rust::error::Error> {
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
    let id = shown.id();
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
    Ok(Some(id))
}

// macOS and Windows show the notification; the system brings the application to the front on a click.
#[cfg(not(all(unix, not(target_os = "macos"))))]
fn show_on_this_desktop(
    notification: notify_rust::Notification,
    _toast: &Toast,
    _heard: &Arc<dyn Heard>,
    _waiting: &Arc<AtomicUsize>,
) -> Result<Option<u32>, notify_rust::error::Error> {
    let _ = notice::without_markup;
    notification.show().map(|_| None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::Prompt;

    #[test]
    fn what_is_over_is_closed_once_and_what_is_not_stays() {
        let (consent, ask) = (Route::Prompt(Prompt::Consent), Route::Prompt(Prompt::Ask));
        let mut shown = Shown::default();
        for (opens, id) in [(consent, Some(1)), (ask, Some(2)), (consent, Some(3)), (Route::Apps, Some(4)), (consent, None)] {
            shown.put(opens, id);
        }
        assert_eq!(shown.take(consent), [1, 3]);
        assert_eq!(shown.take(consent), [0_u32; 0]);
        assert_eq!(shown.take(ask), [2]);
        assert!(shown.0.is_empty(), "a notification that only tells something is its reader's to dismiss");
    }
}
