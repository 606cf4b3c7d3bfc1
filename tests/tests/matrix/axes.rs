//! The axes: everything that varies from request to request.

use super::stage::Stage;
use std::net::SocketAddr;

/// How the `Host` field is written, and whether that is good.
#[derive(Clone, Debug)]
pub struct Host {
    pub name: &'static str,
    /// The lines of the head.
    pub lines: String,
    pub good: Verdict,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Good,
    /// There is no such thing as this `Host`.
    Malformed,
    /// Another one's.
    Foreign,
}

/// `port`: the application's own.
pub fn hosts(port: u16) -> Vec<Host> {
    let one = |name, value: String, good| Host { name, lines: format!("Host: {value}\r\n"), good };
    let foreign = |name, value: String| one(name, value, Verdict::Foreign);
    let own = format!("127.0.0.1:{port}");
    vec![
        one("the address", own.clone(), Verdict::Good),
        one("localhost", format!("localhost:{port}"), Verdict::Good),
        one("the address of the other family", format!("[::1]:{port}"), Verdict::Good),
        foreign("another name", "other.example".to_owned()),
        foreign("a rebound name", format!("rebound.example:{port}")),
        foreign("a rebound name that looks like ours", format!("127.0.0.1.rebound.example:{port}")),
        foreign("another port", format!("127.0.0.1:{}", port ^ 1)),
        foreign("no port", "127.0.0.1".to_owned()),
        foreign("localhost without a port", "localhost".to_owned()),
        foreign("a trailing dot", format!("localhost.:{port}")),
        foreign("a trailing dot after an address", format!("127.0.0.1.:{port}")),
        foreign("capitals", format!("LOCALHOST:{port}")),
        foreign("a longer port", format!("127.0.0.1:0{port}")),
        foreign("somebody at it", format!("x@127.0.0.1:{port}")),
        foreign("a shorter address", format!("127.1:{port}")),
        foreign("any address", format!("0.0.0.0:{port}")),
        foreign("IPv6 without brackets", format!("::1:{port}")),
        foreign("IPv6 without a port", "[::1]".to_owned()),
        foreign("IPv6 at length", format!("[0:0:0:0:0:0:0:1]:{port}")),
        foreign("IPv4 within IPv6", format!("[::ffff:127.0.0.1]:{port}")),
        foreign("any IPv6", format!("[::]:{port}")),
        one("an empty one", String::new(), Verdict::Malformed),
        Host { name: "none", lines: String::new(), good: Verdict::Malformed },
        Host { name: "twice the same", lines: format!("Host: {own}\r\nHost: {own}\r\n"), good: Verdict::Malformed },
        Host { name: "two", lines: format!("Host: {own}\r\nHost: other.example\r\n"), good: Verdict::Malformed },
    ]
}

/// Names that the door for other machines goes by, as they are set: with its own port, and with that of a router before it.
pub const NAMES: [&str; 2] = ["home.example", "router.example:8443"];

/// `at`: where that door is; `loopback`: the port of the one for this machine.
pub fn public_hosts(at: SocketAddr, loopback: u16) -> Vec<Host> {
    let one = |name, value: String, good| Host { name, lines: format!("Host: {value}\r\n"), good };
    let foreign = |name, value: String| one(name, value, Verdict::Foreign);
    let (port, [name, router]) = (at.port(), NAMES);
    // What the door at the other family's address goes by is not this one's.
    let (address, other) = if at.is_ipv4() { (at.ip().to_string(), "[::1]") } else { (format!("[{}]", at.ip()), "127.0.0.2") };
    vec![
        one("the address", at.to_string(), Verdict::Good),
        one("the name", format!("{name}:{port}"), Verdict::Good),
        one("the name by way of the router", router.to_owned(), Verdict::Good),
        foreign("another name", "other.example".to_owned()),
        foreign("a rebound name", format!("rebound.example:{port}")),
        foreign("a rebound name that looks like ours", format!("{name}.rebound.example:{port}")),
        foreign("a rebound name that looks like the address", format!("127.0.0.2.rebound.example:{port}")),
        foreign("a name below ours", format!("rebound.{name}:{port}")),
        foreign("another port", format!("{address}:{}", port ^ 1)),
        foreign("another port of the name", format!("{name}:8443")),
        foreign("another port of the router", format!("router.example:{port}")),
        foreign("the port of HTTPS", format!("{name}:443")),
        foreign("no port", address.clone()),
        foreign("the name without a port", name.to_owned()),
        foreign("the router without a port", "router.example".to_owned()),
        foreign("a trailing dot", format!("{name}.:{port}")),
        foreign("a trailing dot after the router", "router.example.:8443".to_owned()),
        foreign("a trailing dot after an address", format!("127.0.0.2.:{port}")),
        foreign("capitals", format!("Home.Example:{port}")),
        foreign("a longer port", format!("{address}:0{port}")),
        foreign("somebody at it", format!("x@{address}:{port}")),
        foreign("the door for this machine", format!("127.0.0.1:{loopback}")),
        foreign("the name of the door for this machine", format!("localhost:{loopback}")),
        foreign("the Unix socket", "localhost".to_owned()),
        foreign("localhost with our port", format!("localhost:{port}")),
        foreign("another address of this machine", format!("127.0.0.1:{port}")),
        foreign("the address of the other family", format!("{other}:{port}")),
        foreign("any address", format!("0.0.0.0:{port}")),
        foreign("IPv6 without brackets", format!("::1:{port}")),
        foreign("IPv6 without a port", "[::1]".to_owned()),
        foreign("IPv6 at length", format!("[0:0:0:0:0:0:0:1]:{port}")),
        foreign("IPv4 within IPv6", format!("[::ffff:127.0.0.2]:{port}")),
        foreign("IPv4 within IPv6 in hex", format!("[::ffff:7f00:2]:{port}")),
        foreign("any IPv6", format!("[::]:{port}")),
        one("an empty one", String::new(), Verdict::Malformed),
        Host { name: "none", lines: String::new(), good: Verdict::Malformed },
        Host { name: "twice the same", lines: format!("Host: {at}\r\nHost: {at}\r\n"), good: Verdict::Malformed },
        Host { name: "two", lines: format!("Host: {name}:{port}\r\nHost: other.example\r\n"), good: Verdict::Malformed },
    ]
}

/// The socket has no port, and so its name has none.
pub fn socket_hosts(loopback: u16) -> Vec<Host> {
    let one = |name, value: String, good| Host { name, lines: format!("Host: {value}\r\n"), good };
    let foreign = |name, value: &str| one(name, value.to_owned(), Verdict::Foreign);
    vec![
        one("its name", "localhost".to_owned(), Verdict::Good),
        foreign("another name", "other.example"),
        foreign("a rebound name that looks like its own", "localhost.rebound.example"),
        foreign("a port", "localhost:80"),
        foreign("a trailing dot", "localhost."),
        foreign("capitals", "LOCALHOST"),
        foreign("an address", "127.0.0.1"),
        foreign("IPv6", "[::1]"),
        one("the door that is next to it", format!("127.0.0.1:{loopback}"), Verdict::Foreign),
        one("the name of the door that is next to it", format!("localhost:{loopback}"), Verdict::Foreign),
        one("an empty one", String::new(), Verdict::Malformed),
        Host { name: "none", lines: String::new(), good: Verdict::Malformed },
        Host { name: "twice the same", lines: "Host: localhost\r\n".repeat(2), good: Verdict::Malformed },
    ]
}

/// What page started it.
#[derive(Clone, Debug)]
pub struct Origin {
    pub name: &'static str,
    pub lines: String,
    pub from: From,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    Nowhere,
    Ourselves,
    /// A page that the app called `Full` may be used from.
    TheApp,
    Elsewhere,
}

/// A page of the app that may do everything.
pub const PAGE: &str = "https://desk.example";

pub fn origins(port: u16) -> Vec<Origin> {
    let one = |name, value: String, from| Origin { name, lines: format!("Origin: {value}\r\n"), from };
    vec![
        Origin { name: "no page", lines: String::new(), from: From::Nowhere },
        one("our own page", format!("http://127.0.0.1:{port}"), From::Ourselves),
        one("an app's page", PAGE.to_owned(), From::TheApp),
        one("another page", "https://other.example".to_owned(), From::Elsewhere),
        one("null", "null".to_owned(), From::Elsewhere),
        one("another port", format!("http://127.0.0.1:{}", port ^ 1), From::Elsewhere),
        one("another scheme", format!("https://127.0.0.1:{port}"), From::Elsewhere),
        one("an app's name without TLS", "http://desk.example".to_owned(), From::Elsewhere),
        Origin { name: "two", lines: format!("Origin: http://127.0.0.1:{port}\r\nOrigin: {PAGE}\r\n"), from: From::Elsewhere },
    ]
}

/// As [`origins`], at the door for other machines.
pub fn public_origins(at: SocketAddr, loopback: u16) -> Vec<Origin> {
    let one = |name, value: String, from| Origin { name, lines: format!("Origin: {value}\r\n"), from };
    vec![
        Origin { name: "no page", lines: String::new(), from: From::Nowhere },
        one("our own page", format!("https://{at}"), From::Ourselves),
        one("an app's page", PAGE.to_owned(), From::TheApp),
        one("another page", "https://other.example".to_owned(), From::Elsewhere),
        one("null", "null".to_owned(), From::Elsewhere),
        one("our own page without TLS", format!("http://{at}"), From::Elsewhere),
        one("the page of the door for this machine", format!("http://127.0.0.1:{loopback}"), From::Elsewhere),
    ]
}

/// No page gets there by itself, and none is ours.
pub fn socket_origins(loopback: u16) -> Vec<Origin> {
    let one = |name, value: &str| Origin { name, lines: format!("Origin: {value}\r\n"), from: From::Elsewhere };
    vec![
        Origin { name: "no page", lines: String::new(), from: From::Nowhere },
        one("its own name", "http://localhost"),
        one("the page of the door that is next to it", &format!("http://127.0.0.1:{loopback}")),
        one("another page", "https://other.example"),
        one("null", "null"),
    ]
}

/// What comes with the request.
#[derive(Clone, Debug)]
pub struct Content {
    pub name: &'static str,
    pub lines: &'static str,
    pub body: &'static str,
    pub is: Is,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Is {
    Nothing,
    Json,
    SomethingElse,
}

/// A field that no route has: a body that nobody takes.
const BAD: &str = r#"{"no such field":1}"#;

pub fn contents() -> Vec<Content> {
    let one = |name, lines, body, is| Content { name, lines, body, is };
    vec![
        one("JSON", "Content-Type: application/json\r\n", BAD, Is::Json),
        one("nothing", "", "", Is::Nothing),
        one("JSON in UTF-8", "Content-Type: application/json; charset=utf-8\r\n", BAD, Is::Json),
        one("an untyped body", "", BAD, Is::SomethingElse),
        one("text", "Content-Type: text/plain\r\n", BAD, Is::SomethingElse),
        one("text without a body", "Content-Type: text/plain\r\n", "", Is::SomethingElse),
        one("a form", "Content-Type: application/x-www-form-urlencoded\r\n", "name=x&start=false", Is::SomethingElse),
        one("parts", "Content-Type: multipart/form-data; boundary=x\r\n", "--x--\r\n", Is::SomethingElse),
        one("JSON in UTF-16", "Content-Type: application/json; charset=utf-16\r\n", BAD, Is::SomethingElse),
        one("an empty type", "Content-Type: \r\n", BAD, Is::SomethingElse),
        one("two types", "Content-Type: application/json\r\nContent-Type: text/plain\r\n", BAD, Is::SomethingElse),
    ]
}

pub const METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"];

/// With what the door is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Nobody,
    /// A key that is none, but looks like one.
    Wrong,
    /// Another scheme.
    Basic,
    /// Two of them, both good.
    Twice,
    Expired,
    Revoked,
    /// Of an app that was shut out.
    Disabled,
    Admin,
    /// A browser that was signed in.
    Cookie,
    /// What that browser sends to whoever listens at another port: the cookie without what our own page was told.
    CookieAlone,
    /// An app that may do something, but not this.
    Lacking,
    /// An app that may do nearly everything, on another channel.
    Elsewhere,
    /// An app that may do everything.
    Full,
}

impl Who {
    pub const ALL: [Who; 13] = [
        Who::Admin,
        Who::Nobody,
        Who::Wrong,
        Who::Basic,
        Who::Twice,
        Who::Expired,
        Who::Revoked,
        Who::Disabled,
        Who::Cookie,
        Who::CookieAlone,
        Who::Lacking,
        Who::Elsewhere,
        Who::Full,
    ];

    pub fn lines(self, stage: &Stage, scope: Option<&str>) -> String {
        let bearer = |key: &str| format!("Authorization: Bearer {key}\r\n");
        match self {
            Who::Nobody => String::new(),
            Who::Wrong => bearer("wiu_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
            Who::Basic => "Authorization: Basic YWRtaW46YWRtaW4=\r\n".to_owned(),
            Who::Twice => bearer(stage.admin.key()).repeat(2),
            Who::Expired => bearer(&stage.expired),
            Who::Revoked => bearer(&stage.revoked),
            Who::Disabled => bearer(&stage.disabled),
            Who::Admin => bearer(stage.admin.key()),
            Who::Cookie => stage.browser.lines(),
            Who::CookieAlone => stage.browser.cookie_line(),
            Who::Lacking => bearer(if scope == Some(stage.one_scope) { &stage.other_one_scoped } else { &stage.one_scoped }),
            Who::Elsewhere => bearer(stage.elsewhere.rest.key()),
            Who::Full => bearer(stage.full.rest.key()),
        }
    }

    /// Whether it is a try at a key, as they are counted.
    pub fn guesses(self) -> bool {
        matches!(self, Who::Wrong | Who::Basic | Who::Twice)
    }

    pub fn is_app(self) -> bool {
        matches!(self, Who::Lacking | Who::Elsewhere | Who::Full)
    }
}
