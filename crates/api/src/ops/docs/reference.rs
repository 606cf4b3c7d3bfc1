use super::{concepts, example};
use crate::html::escape;
use serde_json::Value;
use std::fmt::Write as _;

const METHODS: [&str; 4] = ["get", "post", "patch", "delete"];

/// The whole reference as the body of a page. Writing to a string does not fail, so results of `write!` are let go.
pub(super) fn render(document: &Value, base: &str) -> String {
    let mut out = String::new();
    let version = text(&document["info"]["version"]);
    let _ = write!(
        out,
        "<h1>WhatIsUp API</h1>\n<p class=\"quiet\">Version {version} · <a href=\"/v1/openapi.json\">OpenAPI 3.1</a> · <a href=\"/docs/problems\">Problems</a></p>\n"
    );
    let _ = write!(
        out,
        "<p>Every address but <code>/livez</code>, and the asking itself, needs a key: <code>Authorization: Bearer wiu_…</code>. A program \
         <a href=\"/docs/concepts/apps\">asks for its own</a>; <code>whatisupd key</code> prints the admin key, the application's settings show it.</p>\n<pre>export WIU_KEY=$(whatisupd key)</pre>\n"
    );
    let _ = writeln!(out, "<p>How things work, in five minutes each: {}.</p>", concepts::links());
    let tags: Vec<(&str, &str)> =
        document["tags"].as_array().into_iter().flatten().map(|t| (str_of(&t["name"]), str_of(&t["description"]))).collect();
    out.push_str("<nav><ul>\n");
    for (tag, _) in &tags {
        for operation in operations(document, tag) {
            let _ = writeln!(
                out,
                "<li><a href=\"#{}\">{}</a></li>",
                text(&operation.entry["operationId"]),
                text(&operation.entry["summary"])
            );
        }
    }
    out.push_str("</ul></nav>\n");
    for (tag, description) in &tags {
        let _ = write!(out, "<h2 class=\"tag\">{}</h2>\n<p>{}</p>\n", escape(tag), escape(description));
        for operation in operations(document, tag) {
            operation.render(&mut out, document, base);
        }
    }
    out
}

struct Operation<'a> {
    method: &'a str,
    path: &'a str,
    entry: &'a Value,
}

fn operations<'a>(document: &'a Value, tag: &'a str) -> impl Iterator<Item = Operation<'a>> {
    let paths = document["paths"].as_object().into_iter().flatten();
    let all = paths
        .flat_map(|(path, item)| METHODS.iter().filter_map(move |m| Some(Operation { method: m, path, entry: item.get(m)? })));
    all.filter(move |o| o.entry["tags"][0] == tag)
}

impl Operation<'_> {
    fn render(&self, out: &mut String, document: &Value, base: &str) {
        let entry = self.entry;
        let _ = write!(
            out,
            "<section class=\"entry\" id=\"{}\">\n<h3>{}</h3>\n<p><span class=\"method {m}\">{m}</span> <code>{}</code></p>\n",
            text(&entry["operationId"]),
            text(&entry["summary"]),
            escape(self.path),
            m = self.method,
        );
        if let Some(description) = entry["description"].as_str() {
            let _ = writeln!(out, "<p>{}</p>", marked(description));
        }
        self.parameters(out);
        let _ = write!(out, "<h4>Try it</h4>\n<pre>{}</pre>\n", escape(&self.curl(document, base)));
        self.answers(out, document);
        out.push_str("</section>\n");
    }

    fn parameters(&self, out: &mut String) {
        let Some(all) = self.entry["parameters"].as_array() else { return };
        out.push_str("<h4>Parameters</h4>\n<table><tr><th>Name</th><th>In</th><th>What</th></tr>\n");
        for p in all {
            let _ = writeln!(
                out,
                "<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>",
                text(&p["name"]),
                text(&p["in"]),
                marked(str_of(&p["description"]))
            );
        }
        out.push_str("</table>\n");
    }

    fn answers(&self, out: &mut String, document: &Value) {
        out.push_str("<h4>Answers</h4>\n<table>\n");
        for (status, answer) in self.entry["responses"].as_object().into_iter().flatten() {
            let forms: Vec<&str> = answer["content"].as_object().into_iter().flatten().map(|(form, _)| form.as_str()).collect();
            let forms = escape(&forms.join(", "));
            let _ = writeln!(
                out,
                "<tr><td>{}</td><td>{}</td><td class=\"quiet\">{forms}</td></tr>",
                escape(status),
                text(&answer["description"])
            );
        }
        out.push_str("</table>\n");
        let good = self.entry["responses"].as_object().into_iter().flatten().find(|(status, _)| status.starts_with('2'));
        if let Some(schema) =
            good.and_then(|(_, answer)| answer.pointer("/content/application~1json/schema")).filter(|s| s.get("$ref").is_some())
        {
            let _ = writeln!(out, "<pre>{}</pre>", escape(&pretty(&example::of(schema, document))));
        }
    }

    /// A line that works when the ids in it are replaced by real ones.
    fn curl(&self, document: &Value, base: &str) -> String {
        let stream = self.entry["operationId"] == "read_events";
        let mut line = String::from(if stream { "curl -N" } else { "curl" });
        if self.method != "get" {
            let _ = write!(line, " -X {}", self.method.to_uppercase());
        }
        let _ = write!(line, " {base}{}", self.path.replace("{id}", variable(self.path)).replace("{key}", "$KEY"));
        if self.entry["security"][0].get("poll_token").is_some() {
            line.push_str(" \\\n  -H \"Authorization: Bearer $POLL_TOKEN\"");
        } else if self.entry["security"] != serde_json::json!([{}]) {
            line.push_str(" \\\n  -H \"Authorization: Bearer $WIU_KEY\"");
        }
        if let Some(schema) = self.entry.pointer("/requestBody/content/application~1json/schema") {
            let body = example::of(schema, document).to_string().replace('\'', "'\\''");
            let _ = write!(line, " \\\n  -H 'Content-Type: application/json' \\\n  -d '{body}'");
        }
        line
    }
}

/// What the shell calls the id in a path.
fn variable(path: &str) -> &'static str {
    let kinds = [
        ("/v1/messages", "$MESSAGE"),
        ("/v1/webhooks", "$WEBHOOK"),
        ("/v1/deliveries", "$DELIVERY"),
        ("/v1/apps/requests", "$REQUEST"),
        ("/v1/apps", "$APP"),
    ];
    kinds.iter().find(|(prefix, _)| path.starts_with(prefix)).map_or("$CHANNEL", |(_, variable)| variable)
}

fn str_of(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn text(value: &Value) -> String {
    escape(str_of(value))
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// Escaped, with what stands between backticks set as code.
fn marked(text: &str) -> String {
    let mut out = String::new();
    for (i, part) in text.split('`').enumerate() {
        let part = escape(part);
        if i % 2 == 1 {
            let _ = write!(out, "<code>{part}</code>");
        } else {
            out.push_str(&part);
        }
    }
    out
}
