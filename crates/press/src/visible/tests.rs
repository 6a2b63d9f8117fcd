use super::{MAY_BREAK, beginning, text};
use crate::typeset::FACES;

/// What is written, without the places where it may break.
fn shown(given: &str) -> String {
    text(given, &FACES).replace(MAY_BREAK, "")
}

#[test]
fn what_can_be_shown_stays_as_it_was_written() {
    for plain in [
        "",
        "Lumafilm bath, aged for 46 hours.",
        "Zoë Müller-Ångström, naïve façade, Việt Nam, Łódź",
        "Ωμέγα, Щука, Ґанок",
        "#eval(\"1\") $x$ ] [ \\ * _ ` <a> @b ~ -- \"quotes\" 'single'",
        "two\nlines",
        "≤ 5 µm → 10 % ± 2 °C",
        "e\u{301}",
    ] {
        assert_eq!(shown(plain), plain);
    }
}

#[test]
fn right_to_left_text_is_kept_and_kept_apart() {
    assert_eq!(shown("محمد"), "\u{2068}محمد\u{2069}");
    assert_eq!(shown("שלום"), "\u{2068}שלום\u{2069}");
    // A joiner that says which shape a letter takes is part of the word.
    assert_eq!(shown("می\u{200C}خواهم"), "\u{2068}می\u{200C}خواهم\u{2069}");
    assert_eq!(shown("a\u{200C}b"), "a[U+200C]b");
}

#[test]
fn what_would_vanish_hide_or_turn_is_told_by_number() {
    for (given, number) in [
        ("中", "[U+4E2D]"),
        ("\0", "[U+0000]"),
        ("\u{7}", "[U+0007]"),
        ("\u{85}", "[U+0085]"),
        ("\r", "[U+000D]"),
        ("\u{AD}", "[U+00AD]"),
        ("\u{200B}", "[U+200B]"),
        ("\u{200F}", "[U+200F]"),
        ("\u{202E}", "[U+202E]"),
        ("\u{2028}", "[U+2028]"),
        ("\u{2069}", "[U+2069]"),
        ("\u{FEFF}", "[U+FEFF]"),
        ("\u{FFFC}", "[U+FFFC]"),
        ("\u{3164}", "[U+3164]"),
        ("\u{E000}", "[U+E000]"),
        ("\u{10FFFF}", "[U+10FFFF]"),
        ("\u{301}", "[U+0301]"),
        ("🏳\u{FE0F}", "[U+1F3F3][U+FE0F]"),
    ] {
        assert_eq!(shown(given), number, "{given:?}");
    }
    assert_eq!(shown("invoice\u{202E}fdp.exe"), "invoice[U+202E]fdp.exe");
    assert_eq!(shown(&format!("a{}", "\u{301}".repeat(6))), format!("a{}", "[U+0301]".repeat(6)));
    assert_eq!(shown("a\tb\r\nc"), "a    b\nc");
}

#[test]
fn long_words_may_break_and_short_ones_may_not() {
    assert_eq!(text("internationally", &FACES).matches(MAY_BREAK).count(), 1);
    assert_eq!(text("national", &FACES), "national");
    assert_eq!(text("organisation.clock-jumped", &FACES), "organisation.\u{200B}clock-\u{200B}jumped");
    let digest = "0123456789abcdef".repeat(4);
    let broken = text(&digest, &FACES);
    assert!(broken.split(MAY_BREAK).all(|piece| piece.len() == 8), "{broken}");
    let endless = text(&"x".repeat(100_000), &FACES);
    assert_eq!(endless.matches(MAY_BREAK).count(), 12_499);
}

#[test]
fn a_beginning_says_that_there_is_more() {
    assert_eq!(beginning("Halden", 6), "Halden");
    assert_eq!(beginning("Halden Optics", 6), "Halden…");
}
