//! Apps and what they may do, in lines for a terminal.

use serde_json::Value;

pub fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or("")
}

/// A name is whatever a program says of itself: it must not steer the terminal it is printed on, nor hide anything there.
pub fn plain(text: &str) -> String {
    app::visible(text, '\u{fffd}')
}

pub fn name(app: &Value) -> String {
    format!("\"{}\"", plain(text(app, "name")))
}

/// `messages:send on 2 channels to 1 recipient`, a line for each permit.
pub fn permits(thing: &Value) -> Vec<String> {
    thing["permits"].as_array().into_iter().flatten().map(permit).collect()
}

fn permit(permit: &Value) -> String {
    let mut line = text(permit, "scope").to_owned();
    if let Some(channels) = permit["channels"].as_array() {
        line.push_str(&format!(" on {}", listed(channels)));
    }
    if let Some(recipients) = permit["recipients"].as_array() {
        line.push_str(&format!(" to {}", listed(recipients)));
    }
    line
}

fn listed(things: &[Value]) -> String {
    things.iter().filter_map(Value::as_str).map(plain).collect::<Vec<_>>().join(", ")
}

/// Where a request comes from: `/usr/bin/crm (process 4711)`, or what else is known.
pub fn caller(request: &Value) -> String {
    let peer = &request["peer"];
    let program = &peer["program"];
    if let Some(path) = program["path"].as_str() {
        let process = program["pid"].as_u64().map(|pid| format!(" (process {pid})")).unwrap_or_default();
        return format!("{}{process}", plain(path));
    }
    match peer["address"].as_str() {
        Some(address) => format!("a program at {}, which this system cannot name", plain(address)),
        None => "a program that this system cannot name".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_program_says_of_itself_does_not_steer_the_terminal() {
        assert_eq!(plain("CRM \u{1b}[2J\u{7}\u{202e}x"), "CRM \u{fffd}[2J\u{fffd}\u{fffd}x");
        assert_eq!(plain("Café Ω"), "Café Ω");
    }

    #[test]
    fn what_a_program_says_of_itself_hides_nothing_on_the_terminal() {
        assert_eq!(
            plain("Or\u{ad}der\u{2060}\u{3164}bot\u{e0041}\u{2028}x"),
            "Or\u{fffd}der\u{fffd}\u{fffd}bot\u{fffd}\u{fffd}x"
        );
        assert_eq!(plain(&format!("CRM{}x", " ".repeat(60))).matches('\u{fffd}').count(), 52);
    }

    #[test]
    fn a_permit_tells_what_it_is_bound_to() {
        let app = json!({ "permits": [
            { "scope": "channels:read", "channels": null, "recipients": null },
            { "scope": "messages:send", "channels": ["ch_1", "ch_2"], "recipients": ["15550100101@s.whatsapp.net"] },
        ]});
        assert_eq!(permits(&app), ["channels:read", "messages:send on ch_1, ch_2 to 15550100101@s.whatsapp.net"]);
    }

    #[test]
    fn a_caller_is_named_as_far_as_the_system_can() {
        let known = json!({ "peer": { "program": { "pid": 4711, "path": "/usr/bin/crm" } } });
        assert_eq!(caller(&known), "/usr/bin/crm (process 4711)");
        assert!(caller(&json!({ "peer": { "address": "127.0.0.1:5", "program": null } })).contains("127.0.0.1:5"));
        assert!(caller(&json!({})).contains("cannot name"));
    }
}
