//! Text from people, made so that nothing of it can vanish from a page, hide, or mislead the eye.
//!
//! What no face of ours has, what has no shape, and what turns the reading direction is shown by its number: `[U+4E2D]`.
//! Words that are too long for a line get places where they may break; these leave no trace in the text of a PDF.

use crate::typeset::Faces;
use serde_json::Value;
use unicode_segmentation::UnicodeSegmentation;

/// Where a long word may break. It has no shape, and a typesetter leaves it out of the text of a PDF.
const MAY_BREAK: char = '\u{200B}';
/// Isolates a stretch of text, so that its direction does not turn what stands around it (Unicode Annex 9).
const ISOLATE: (char, char) = ('\u{2068}', '\u{2069}');
/// A word up to this long stands on a line of every column.
const SHORT_WORD: usize = 14;
/// A longer word may break after each so many characters.
const PIECE: usize = 8;
/// Marks on one letter that no language stacks higher: more would cover the lines above.
const MARKS: usize = 4;

/// Makes all texts in a value visible. Names of fields are ours and stay.
pub(crate) fn all(value: &mut Value, faces: &Faces) {
    match value {
        Value::String(string) => *string = text(string, faces),
        Value::Array(values) => values.iter_mut().for_each(|value| all(value, faces)),
        Value::Object(fields) => fields.values_mut().for_each(|value| all(value, faces)),
        // Larger ones would be rounded.
        Value::Number(number) if number.as_i64().is_none() => *value = Value::String(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Makes one text visible, line by line.
pub(crate) fn text(text: &str, faces: &Faces) -> String {
    let plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if plain && text.split(' ').all(|word| word.len() <= SHORT_WORD) {
        return text.to_owned();
    }
    let lines: Vec<String> = text.replace("\r\n", "\n").split('\n').map(|one| line(one, faces)).collect();
    lines.join("\n")
}

/// The beginning of a text, for a place that has room for no more.
pub(crate) fn beginning(text: &str, graphemes: usize) -> String {
    let mut kept: String = text.graphemes(true).take(graphemes).collect();
    if kept.len() < text.len() {
        kept.push('…');
    }
    kept
}

fn line(line: &str, faces: &Faces) -> String {
    let mut out = String::with_capacity(line.len() + line.len() / PIECE);
    for (number, one) in line.split(' ').enumerate() {
        if number > 0 {
            out.push(' ');
        }
        word(&mut out, one, faces);
    }
    if out.chars().any(is_right_to_left) { format!("{}{out}{}", ISOLATE.0, ISOLATE.1) } else { out }
}

/// A long word may break after each sign in it, and what is long between two signs, after each piece.
fn word(out: &mut String, word: &str, faces: &Faces) {
    let clusters: Vec<&str> = word.graphemes(true).collect();
    let long = clusters.len() > SHORT_WORD;
    let is_sign = |cluster: &&str| cluster.bytes().all(|byte| byte.is_ascii_punctuation());
    for (number, run) in clusters.split_inclusive(is_sign).enumerate() {
        if long && number > 0 {
            out.push(MAY_BREAK);
        }
        for (at, cluster) in run.iter().enumerate() {
            if run.len() > SHORT_WORD && at > 0 && at % PIECE == 0 {
                out.push(MAY_BREAK);
            }
            push(out, cluster, faces);
        }
    }
}

/// One cluster, which a reader takes for one character.
fn push(out: &mut String, cluster: &str, faces: &Faces) {
    if let &[byte @ b' '..=b'~'] = cluster.as_bytes() {
        return out.push(char::from(byte));
    }
    if cluster == "\t" {
        return out.push_str("    ");
    }
    let mut characters = cluster.chars();
    let first = characters.next().unwrap_or(' ');
    let joins = !cluster.is_ascii() && is_mark(first);
    let shaped = !joins
        && !cluster.chars().any(is_shapeless)
        && cluster.chars().count() <= MARKS + 1
        && faces.have(cluster);
    if shaped {
        return out.push_str(cluster);
    }
    // Joiners of Arabic and Persian words stand at the end of a cluster: they say which shape a letter takes.
    if let Some(letters) = cluster.strip_suffix(['\u{200C}', '\u{200D}'])
        && !letters.is_empty()
        && letters.chars().all(|c| is_right_to_left(c) && !is_shapeless(c))
        && faces.have(letters)
    {
        return out.push_str(cluster);
    }
    // The letter stays where it can be shown, and what hangs on it is told by number.
    let mut alone = [0; 4];
    let alone = first.encode_utf8(&mut alone);
    if joins || is_shapeless(first) || !faces.have(alone) {
        number(out, first);
    } else {
        out.push(first);
    }
    characters.for_each(|character| number(out, character));
}

fn number(out: &mut String, character: char) {
    out.push_str(&format!("[U+{:04X}]", u32::from(character)));
    // So that a row of them does not make one endless word.
    out.push(MAY_BREAK);
}

/// Does it join the character before it?
fn is_mark(character: char) -> bool {
    let pair: String = ['a', character].into_iter().collect();
    pair.graphemes(true).count() == 1
}

/// Controls, marks of direction, what Unicode lists as ignorable by default, private use, and separators of lines: a page
/// would show nothing, or something else than what was written.
fn is_shapeless(character: char) -> bool {
    character.is_control()
        || matches!(u32::from(character),
            0xAD | 0x34F | 0x61C | 0x115F..=0x1160 | 0x17B4..=0x17B5 | 0x180B..=0x180F | 0x200B..=0x200F
            | 0x2028..=0x202E | 0x2060..=0x206F | 0x2800 | 0x3164 | 0xE000..=0xF8FF | 0xFE00..=0xFE0F | 0xFEFF
            | 0xFFA0 | 0xFFF0..=0xFFFF | 0x1_BCA0..=0x1_BCA3 | 0x1_D173..=0x1_D17A | 0xE_0000..=0x10_FFFF)
}

/// Is it of a script that is written from right to left? By blocks, as Unicode sets them aside.
fn is_right_to_left(character: char) -> bool {
    matches!(u32::from(character), 0x590..=0x8FF | 0xFB1D..=0xFDFF | 0xFE70..=0xFEFE | 0x1_0800..=0x1_0FFF | 0x1_E800..=0x1_EFFF)
}

#[cfg(test)]
mod tests;
