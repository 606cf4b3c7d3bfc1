//! Reading and writing stanzas.

use std::borrow::Cow;

use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node, NodeContent, NodeValue, Server};

/// WhatsApp itself, as `from` and `to` of what is between a device and the server.
pub fn server_jid() -> Jid {
    Jid::new("", Server::Pn)
}

pub fn text<'a>(node: &'a Node, attribute: &str) -> Option<Cow<'a, str>> {
    node.attrs.get(attribute).map(NodeValue::as_str)
}

pub fn is(node: &Node, attribute: &str, value: &str) -> bool {
    node.attrs.get(attribute).is_some_and(|found| found == value)
}

pub fn jid(node: &Node, attribute: &str) -> Option<Jid> {
    node.attrs.get(attribute)?.to_jid()
}

pub fn number<T: std::str::FromStr>(node: &Node, attribute: &str) -> Option<T> {
    text(node, attribute)?.parse().ok()
}

pub fn children(node: &Node) -> &[Node] {
    node.children().unwrap_or_default()
}

pub fn child<'a>(node: &'a Node, tag: &str) -> Option<&'a Node> {
    node.get_optional_child(tag)
}

/// The first child's tag: what an iq is about.
pub fn topic(node: &Node) -> &str {
    children(node).first().map_or("", |first| first.tag.as_ref())
}

/// Content as bytes, however it was encoded (short texts travel as tokens).
pub fn content(node: &Node) -> Option<Cow<'_, [u8]>> {
    match node.content.as_ref()? {
        NodeContent::Bytes(bytes) => Some(Cow::Borrowed(bytes)),
        NodeContent::String(text) => Some(Cow::Borrowed(text.as_bytes())),
        NodeContent::Nodes(_) => None,
    }
}

pub fn child_content<'a>(node: &'a Node, tag: &str) -> Option<Cow<'a, [u8]>> {
    content(child(node, tag)?)
}

/// Content that is a big-endian number of up to four bytes.
pub fn child_number(node: &Node, tag: &str) -> Option<u32> {
    let bytes = child_content(node, tag)?;
    (bytes.len() <= 4).then(|| bytes.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte)))
}

pub fn key32(bytes: &[u8]) -> Option<[u8; 32]> {
    match bytes.len() {
        32 => bytes.try_into().ok(),
        // Some send public keys with Signal's type byte.
        33 => bytes[1..].try_into().ok(),
        _ => None,
    }
}

pub fn with(mut node: Node, attribute: &'static str, value: impl Into<NodeValue>) -> Node {
    node.attrs.insert(attribute, value.into());
    node
}

pub fn bytes(tag: &'static str, bytes: impl Into<Vec<u8>>) -> Node {
    NodeBuilder::new(tag).bytes(bytes).build()
}

pub fn empty(tag: &'static str) -> Node {
    NodeBuilder::new(tag).build()
}

/// What an iq gets back.
pub fn result(request: &Node, content: impl IntoIterator<Item = Node>) -> Node {
    let answer = answer_to(request, "result");
    let content: Vec<Node> = content.into_iter().collect();
    if content.is_empty() { answer.build() } else { answer.children(content).build() }
}

pub fn refusal(request: &Node, code: u16, reason: &'static str) -> Node {
    answer_to(request, "error").children([error(code, reason)]).build()
}

pub fn error(code: u16, reason: &'static str) -> Node {
    NodeBuilder::new("error").attr("code", code).attr("text", reason).build()
}

pub fn stream_error(code: u16) -> Node {
    NodeBuilder::new("stream:error").attr("code", code).build()
}

pub fn conflict(kind: &'static str) -> Node {
    NodeBuilder::new("stream:error").children([NodeBuilder::new("conflict").attr("type", kind).build()]).build()
}

fn answer_to(request: &Node, kind: &'static str) -> NodeBuilder {
    let from = jid(request, "to").unwrap_or_else(server_jid);
    let answer = NodeBuilder::new("iq").attr("from", from).attr("type", kind);
    match request.attrs.get("id") {
        Some(id) => answer.attr("id", id.clone()),
        None => answer,
    }
}
