//! What lists and downloads of several areas share: finding a word in a text, and answering with a file.

use crate::respond::PageResult;
use axum::body::Body;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// Does every word of `q` occur in the text, however it is capitalised?
pub(crate) fn contains(text: &str, q: &str) -> bool {
    let text = text.to_lowercase();
    q.to_lowercase().split_whitespace().all(|word| text.contains(word))
}

/// A file to keep, made by us: an export or a proof.
pub(crate) fn attachment(name: &str, media_type: &'static str, body: impl Into<Body>) -> PageResult {
    let mut response = Response::new(body.into()).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CONTENT_DISPOSITION, disposition("attachment", name));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Rows to keep, for a spreadsheet.
pub(crate) fn csv_file<const N: usize>(
    name: &str,
    head: &[&str; N],
    rows: impl Iterator<Item = Vec<String>>,
) -> PageResult {
    attachment(name, "text/csv; charset=utf-8", csv_of(head, rows))
}

/// Rows to keep, for a program.
pub(crate) fn json_file(name: &str, rows: &impl Serialize) -> PageResult {
    attachment(name, "application/json", serde_json::to_string_pretty(rows).unwrap_or_default())
}

/// `Content-Disposition` (RFC 6266, appendix D): a name in plain ASCII for old readers, and the exact one as RFC 8187 writes it.
/// A name cannot leave its field: everything that could end it is encoded or replaced.
pub(crate) fn disposition(kind: &str, name: &str) -> HeaderValue {
    let base = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let base = if base.is_empty() { "document" } else { base };
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || "-_. ()".contains(c) { c } else { '_' }
    };
    let plain: String = base.chars().map(plain).collect();
    let exact: String = base
        .bytes()
        .map(|byte| match byte {
            // attr-char of RFC 8187, section 3.2.1
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => char::from(byte).to_string(),
            b'!' | b'#' | b'$' | b'&' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect();
    let value = format!("{kind}; filename=\"{plain}\"; filename*=UTF-8''{exact}");
    HeaderValue::from_str(&value).unwrap_or(HeaderValue::from_static("attachment"))
}

/// Rows as CSV (RFC 4180). What a spreadsheet would run as a formula is set off with an apostrophe.
pub(crate) fn csv_of<const N: usize>(head: &[&str; N], rows: impl Iterator<Item = Vec<String>>) -> Vec<u8> {
    let mut out = csv::Writer::from_writer(Vec::new());
    let tame = |cell: String| {
        if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell }
    };
    let mut written = out.write_record(head);
    for row in rows {
        written = written.and_then(|()| out.write_record(row.into_iter().map(tame)));
    }
    // Writing into memory does not fail; a row of another length would, and tests have no such row.
    written.and_then(|()| out.into_inner().map_err(|error| error.into_error().into())).unwrap_or_default()
}

#[cfg(test)]
mod tests;
