//! Proofs that a form was sent from our own page, and that a message came from us: HMAC-SHA-256 under the session's token.

use aws_lc_rs::{constant_time, hmac};
use data_encoding::BASE64URL_NOPAD;

const FORM: &str = "ringfence form 1";
const FLASH: &str = "ringfence flash 1";

/// The token that forms carry: it cannot be computed without the cookie, and does not reveal it.
pub(crate) fn form(token: &str) -> String {
    mac(token, FORM, b"")
}

/// Whether `given` is the token of forms under this cookie; compared in constant time.
pub(crate) fn is_form(token: &str, given: &str) -> bool {
    same(&form(token), given)
}

/// A message in a cookie: its text, and the proof that it came from here.
pub(crate) fn sign(token: &str, message: &[u8]) -> String {
    format!("{}.{}", BASE64URL_NOPAD.encode(message), mac(token, FLASH, message))
}

/// The message of a signed cookie, where the signature is ours.
pub(crate) fn open(token: &str, signed: &str) -> Option<Vec<u8>> {
    let (message, proof) = signed.split_once('.')?;
    let message = BASE64URL_NOPAD.decode(message.as_bytes()).ok()?;
    same(&mac(token, FLASH, &message), proof).then_some(message)
}

/// Whether two texts are the same, without telling by the time how far they are.
pub(crate) fn same(a: &str, b: &str) -> bool {
    constant_time::verify_slices_are_equal(a.as_bytes(), b.as_bytes()).is_ok()
}

/// 256 bits of randomness; `None` where the machine gives none.
pub(crate) fn random() -> Option<String> {
    let mut bytes = [0u8; 32];
    aws_lc_rs::rand::fill(&mut bytes).ok()?;
    Some(BASE64URL_NOPAD.encode(&bytes))
}

fn mac(token: &str, purpose: &str, message: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, token.as_bytes());
    let mut context = hmac::Context::with_key(&key);
    context.update(purpose.as_bytes());
    context.update(&[0]);
    context.update(message);
    BASE64URL_NOPAD.encode(context.sign().as_ref())
}
