//! The command line: that of `whatisupd run`, and `--hidden`.

use clap::Parser;
use std::path::Path;

/// Keeps WhatsApp sessions alive from the tray and lends them to the other programs on this machine.
#[derive(Clone, Debug, Parser)]
#[command(name = "whatisup", version)]
pub struct Cli {
    /// Start in the tray, without a window.
    #[arg(long)]
    pub hidden: bool,

    #[command(flatten)]
    pub run: app::RunArgs,
}

impl Cli {
    /// The flags with which the desktop starts this application at login: hidden, and otherwise as it was started now.
    pub fn at_login(&self) -> Vec<String> {
        let mut flags = vec!["--hidden".to_owned()];
        let mut path = |flag: &str, value: Option<&Path>| {
            if let Some(value) = value {
                let value = std::path::absolute(value).unwrap_or_else(|_| value.to_path_buf());
                flags.extend([flag.to_owned(), quoted(&value.to_string_lossy())]);
            }
        };
        path("--config", self.run.config.as_deref());
        path("--data-dir", self.run.data_dir.as_deref());
        path("--key-file", self.run.key_file.as_deref());
        path("--whatsapp-ca", self.run.whatsapp_ca.as_deref());
        let port = self.run.port.map(|port| port.to_string());
        let texts = [
            ("--port", &port),
            ("--whatsapp-url", &self.run.whatsapp_url),
            ("--whatsapp-version", &self.run.whatsapp_version),
            ("--log-level", &self.run.log_level),
            ("--log-format", &self.run.log_format),
        ];
        for (flag, value) in texts {
            if let Some(value) = value {
                flags.extend([flag.to_owned(), quoted(value)]);
            }
        }
        flags
    }
}

/// As the `Exec` line of a desktop entry wants an argument with blanks; a plain one stays as it is.
fn quoted(argument: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:@,".contains(c);
    if !argument.is_empty() && argument.chars().all(plain) {
        return argument.to_owned();
    }
    let mut quoted = String::from('"');
    for c in argument.chars() {
        match c {
            '"' | '`' | '$' | '\\' => quoted.extend(['\\', '\\', c]),
            '%' => quoted.push_str("%%"),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn starts_at_login_hidden_and_with_the_same_data() {
        let cli = Cli::parse_from(["whatisup", "--data-dir", "/home/jo/my data", "--port", "9500"]);
        assert_eq!(cli.at_login(), ["--hidden", "--data-dir", "\"/home/jo/my data\"", "--port", "9500"]);
        assert_eq!(Cli::parse_from(["whatisup"]).at_login(), ["--hidden"]);
        let cli = Cli::parse_from(["whatisup", "--whatsapp-url", "ws://127.0.0.1:4000/ws", "--log-level", "debug"]);
        assert_eq!(cli.at_login(), ["--hidden", "--whatsapp-url", "ws://127.0.0.1:4000/ws", "--log-level", "debug"]);
    }

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }
}
