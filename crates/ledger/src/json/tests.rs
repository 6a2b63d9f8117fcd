use super::*;

fn checked(text: &[u8]) -> bool {
    serde_json::from_slice::<Checked>(text).is_ok()
}

#[test]
fn what_readers_of_json_could_read_differently_is_refused() {
    let deep = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    for bad in [
        r#"{"a":1,"a":1}"#,
        r#"{"a":1,"\u0061":1}"#,
        r#"[{"b":{"a":1,"a":1}}]"#,
        r#""\ud800""#,
        r#""\ude00\ud83d""#,
        r#"{"\udc00":1}"#,
        "1e400",
        "-1e400",
        "NaN",
        "Infinity",
        "01",
        "+1",
        ".5",
        "1.",
        "[1,]",
        "'a'",
        "\u{feff}1",
        "1 2",
        "",
        "\"\t\"",
        &deep(128),
        &deep(100_000),
    ] {
        assert!(parse(bad.as_bytes()).is_err(), "{bad:.40}");
        assert!(!checked(bad.as_bytes()), "{bad:.40}");
    }
    for bad in [b"\"\xff\"".as_slice(), b"\"\xed\xa0\x80\"", b"\xff"] {
        assert!(parse(bad).is_err() && !checked(bad));
    }
    for good in [
        r#"{"a":1,"b":{"a":1},"A":[{"a":1},{"a":2}]}"#,
        r#" "\ud83d\ude00" "#,
        "1e308",
        "1e-400",
        "-0",
        "123456789012345678901234567890",
        "\"\u{ffff}\u{7f}\"",
        &deep(127),
    ] {
        assert!(parse(good.as_bytes()).is_ok(), "{good:.40}");
        assert!(checked(good.as_bytes()), "{good:.40}");
    }
}

#[test]
fn a_value_read_strictly_is_the_value() {
    let text = r#"{"a":[1,-2,2.5,null,true,"x\ny"],"b":{"c":18446744073709551615}}"#;
    assert_eq!(parse(text.as_bytes()).unwrap(), serde_json::from_str::<Value>(text).unwrap());
}
