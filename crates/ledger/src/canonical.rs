//! One way to write a JSON value, so that equal values have equal digests (RFC 8785).

use serde_json::Value;

/// The largest whole number that every reader of JSON reads the same: 2^53 - 1 (RFC 7493, section 2.2).
pub const MAX_INTEGER: u64 = (1 << 53) - 1;

/// From here on RFC 8785 writes a whole number with an exponent, which no reader takes for an integer.
const EXPONENT_FROM: f64 = 1e21;

/// Why a value has no canonical form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CanonicalError {
    /// A whole number that readers would round differently.
    #[error(
        "the whole number `{0}` is beyond 2^53 and would be rounded by some readers; write it as a string"
    )]
    Imprecise(String),
    /// The writer refused the value.
    #[error("the value cannot be written as canonical JSON: {0}")]
    Unwritable(String),
}

/// The canonical bytes of a value (RFC 8785).
///
/// Stricter than the RFC in one point: a whole number beyond 2^53 - 1 that would be written without an
/// exponent is refused, because not every reader would read it back unchanged.
pub fn canonical(value: &Value) -> Result<Vec<u8>, CanonicalError> {
    check_numbers(value)?;
    serde_json_canonicalizer::to_vec(value).map_err(|error| CanonicalError::Unwritable(error.to_string()))
}

// Values come from `serde_json`, which bounds nesting at 128 when it parses, so recursion is bounded too.
fn check_numbers(value: &Value) -> Result<(), CanonicalError> {
    match value {
        Value::Number(number) => {
            let exact = match (number.as_i64(), number.as_u64(), number.as_f64()) {
                (Some(signed), _, _) => signed.unsigned_abs() <= MAX_INTEGER,
                (None, Some(unsigned), _) => unsigned <= MAX_INTEGER,
                (None, None, Some(float)) => {
                    float.abs() <= MAX_INTEGER as f64 || float.abs() >= EXPONENT_FROM
                }
                (None, None, None) => false,
            };
            if exact { Ok(()) } else { Err(CanonicalError::Imprecise(number.to_string())) }
        }
        Value::Array(items) => items.iter().try_for_each(check_numbers),
        Value::Object(fields) => fields.values().try_for_each(check_numbers),
        Value::Null | Value::Bool(_) | Value::String(_) => Ok(()),
    }
}

#[cfg(test)]
pub(crate) mod tests;
