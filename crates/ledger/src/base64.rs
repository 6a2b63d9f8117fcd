//! Base64 in which a value has one text (RFC 4648, sections 3.5 and 4).

use data_encoding::BASE64;

/// Reads padded standard base64, and only what [`BASE64`] would write.
///
/// The decoder alone would take `YQ==YQ==` too: texts one after the other, each with its padding.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let bytes = BASE64.decode(text.as_bytes()).ok()?;
    (BASE64.encode(&bytes) == text).then_some(bytes)
}

#[cfg(test)]
mod tests;
