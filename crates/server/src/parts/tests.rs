use super::*;
use proptest::prelude::*;

fn list(query: &[(&str, &str)]) -> ListState {
    ListState::new("/secrets", query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
}

#[test]
fn the_address_holds_the_state_of_a_list() {
    let state = list(&[("q", "a&b=ü"), ("tier", ""), ("page", "3"), ("size", "50")]);
    assert_eq!(state.with("tier", "crown"), "/secrets?q=a%26b%3D%C3%BC&size=50&tier=crown");
    assert_eq!(state.with("q", ""), "/secrets?size=50");
    assert_eq!(state.export("csv"), "/secrets.csv?q=a%26b%3D%C3%BC");
    assert_eq!(list(&[]).with("q", ""), "/secrets");
    assert_eq!(state.chip("tier", "Tier: crown"), None);
    assert_eq!(state.chip("q", "“a&b=ü”").unwrap().without, "/secrets?size=50");
}

#[test]
fn the_reader_leaves_columns_out_but_never_the_first() {
    let state = list(&[("hide", "3"), ("hide", "1"), ("hide", "12"), ("hide", "5.x.3"), ("q", "bath")]);
    assert_eq!(state.get("hide"), "3.5");
    assert_eq!(state.hidden(), " hide-3 hide-5");
    assert!(state.hides(5) && !state.hides(4) && !list(&[]).hides(0));
    assert_eq!(state.with("sort", "title"), "/secrets?hide=3.5&q=bath&sort=title");
    assert_eq!(state.export("csv"), "/secrets.csv?q=bath", "an export has every column");
    assert_eq!(list(&[]).hidden(), "");
}

#[test]
fn a_column_sorts_up_then_down_then_not() {
    let none = list(&[]).column("Title", "title");
    assert_eq!((none.order, none.href.as_deref()), ("none", Some("/secrets?sort=title")));
    let up = list(&[("sort", "title")]).column("Title", "title");
    assert_eq!((up.order, up.href.as_deref()), ("ascending", Some("/secrets?sort=-title")));
    let down = list(&[("sort", "-title")]).column("Title", "title");
    assert_eq!((down.order, down.href.as_deref()), ("descending", Some("/secrets")));
}

#[test]
fn a_pager_stays_inside_the_list() {
    let empty = list(&[("page", "9")]).pager(0);
    assert_eq!((empty.first, empty.last, empty.page, empty.pages), (0, 0, 1, 1));
    let beyond = list(&[("page", "99999999999999999999")]).pager(26);
    assert_eq!((beyond.first, beyond.last, beyond.page), (1, 25, 1));
    let last = list(&[("page", "400"), ("size", "100")]).pager(10_000);
    assert_eq!((last.first, last.last, last.page, last.next), (9901, 10_000, 100, None));
}

#[test]
fn a_day_lies_in_the_zone_of_the_reader() {
    // 23:30 UTC on 3 March is already 4 March in Vienna.
    let at = "2026-03-03T23:30:00Z".parse::<Timestamp>().unwrap().as_millisecond();
    assert_eq!(When::day(at, at, "Europe/Vienna").machine, "2026-03-04");
    assert_eq!(When::day(at, at, "no such zone").machine, "2026-03-03");
    assert_eq!(When::moment(i64::MAX, i64::MIN, "UTC").relative.split(' ').next(), Some("in"));
}

proptest! {
    #[test]
    fn a_pager_shows_each_row_once(total in 0u64..5000, size in prop::sample::select(vec!["25", "50", "100"])) {
        let rows: Vec<u64> = (1..=total).collect();
        let mut seen = Vec::new();
        for page in 1..=list(&[("size", size)]).pager(total).pages {
            let list = list(&[("size", size), ("page", &page.to_string())]);
            let (pager, shown) = list.page_of(&rows);
            prop_assert_eq!(pager.page, page);
            prop_assert_eq!((pager.first, pager.last), (shown.first().copied().unwrap_or(0), shown.last().copied().unwrap_or(0)));
            seen.extend_from_slice(shown);
        }
        prop_assert_eq!(seen, rows);
    }

    #[test]
    fn an_address_never_breaks_out_of_an_attribute(name in ".*", value in ".*") {
        let address = list(&[("q", &value)]).with(&name, &value);
        let plain = |c: char| c.is_ascii_alphanumeric() || "/?&=%-._~".contains(c);
        prop_assert!(address.chars().all(plain));
    }
}
