use serde_json::{Map, Value, json};

/// An example of what a schema describes: its own examples where it has some, something plausible elsewhere.
pub(super) fn of(schema: &Value, document: &Value) -> Value {
    build(schema, document, 0)
}

/// Schemas may refer to themselves.
const DEEPEST: u8 = 8;

fn build(schema: &Value, document: &Value, depth: u8) -> Value {
    if depth > DEEPEST {
        return Value::Null;
    }
    if let Some(example) = schema.get("example") {
        return example.clone();
    }
    if let Some(schema) = resolve(schema, document) {
        return build(schema, document, depth + 1);
    }
    if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
        let built = parts.iter().filter_map(|part| build(part, document, depth + 1).as_object().cloned());
        return Value::Object(built.flatten().collect());
    }
    if let Some(first) = schema.get("oneOf").or_else(|| schema.get("anyOf")).and_then(|all| all.get(0)) {
        return build(first, document, depth + 1);
    }
    if let Some(value) = schema.get("default").or_else(|| schema.get("enum").and_then(|e| e.get(0))) {
        return value.clone();
    }
    match kind(schema) {
        "object" => {
            let fields = schema.get("properties").and_then(Value::as_object);
            let each = fields.into_iter().flatten().map(|(name, s)| (name.clone(), build(s, document, depth + 1)));
            Value::Object(each.collect::<Map<_, _>>())
        }
        "array" => json!([build(&schema["items"], document, depth + 1)]),
        "integer" => json!(1),
        "boolean" => json!(true),
        _ if schema["description"].as_str().is_some_and(|d| d.contains("RFC 3339")) => json!("2026-01-31T12:00:00.000Z"),
        _ => json!("…"),
    }
}

/// What a `$ref` points to.
pub(super) fn resolve<'a>(schema: &Value, document: &'a Value) -> Option<&'a Value> {
    document.pointer(schema.get("$ref")?.as_str()?.strip_prefix('#')?)
}

/// The type, of several the first that is not null.
pub(super) fn kind(schema: &Value) -> &str {
    match schema.get("type") {
        Some(Value::String(one)) => one,
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).find(|t| *t != "null").unwrap_or("null"),
        Some(_) | None => "",
    }
}
