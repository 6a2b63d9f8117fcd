use super::*;

fn settings(proxies: &[&str]) -> Settings {
    let mut settings = Settings::local(([127, 0, 0, 1], 0).into());
    settings.behind_proxy = proxies.iter().map(|proxy| proxy.parse().unwrap()).collect();
    settings
}

fn arrival(proxies: &[&str], peer: &str, headers: &[(&'static str, &str)]) -> Arrival {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(*name, value.parse().unwrap());
    }
    Arrival::of(&settings(proxies), Some(Peer(peer.parse().unwrap())), &map, &Uri::from_static("/"))
}

fn address(proxies: &[&str], peer: &str, chain: &[&str]) -> String {
    let headers: Vec<_> = chain.iter().map(|line| ("x-forwarded-for", *line)).collect();
    arrival(proxies, peer, &headers).address.unwrap().to_string()
}

#[test]
fn the_right_most_address_that_is_no_proxy_of_ours_counts() {
    assert_eq!(address(&["10.0.0.1"], "10.0.0.1", &["203.0.113.9"]), "203.0.113.9");
    assert_eq!(address(&["10.0.0.1"], "10.0.0.1", &["1.2.3.4, 203.0.113.9"]), "203.0.113.9");
    assert_eq!(
        address(&["10.0.0.1", "10.0.0.2"], "10.0.0.1", &["1.2.3.4, 203.0.113.9, 10.0.0.2"]),
        "203.0.113.9"
    );
    assert_eq!(address(&["10.0.0.1"], "10.0.0.1", &["1.2.3.4", "203.0.113.9"]), "203.0.113.9");
    assert_eq!(address(&["10.0.0.1"], "::ffff:10.0.0.1", &["203.0.113.9"]), "203.0.113.9");
}

#[test]
fn what_a_stranger_says_of_others_is_not_believed() {
    assert_eq!(address(&["10.0.0.1"], "203.0.113.9", &["10.9.9.9"]), "203.0.113.9");
    assert_eq!(address(&[], "203.0.113.9", &["127.0.0.1"]), "203.0.113.9");
    let spoofed = arrival(&["10.0.0.1"], "203.0.113.9", &[("x-forwarded-proto", "https")]);
    assert!(!spoofed.secure);
}

#[test]
fn a_chain_that_cannot_be_read_ends_at_the_proxy() {
    for chain in ["", "nobody", "1.2.3.4, nobody", "1.2.3.4,,", "203.0.113.9:443"] {
        assert_eq!(address(&["10.0.0.1"], "10.0.0.1", &[chain]), "10.0.0.1", "{chain}");
    }
}

#[test]
fn a_proxy_speaks_for_the_scheme_with_its_last_word() {
    let secure =
        |value| arrival(&["10.0.0.1"], "10.0.0.1", &[("x-forwarded-proto", value), ("host", "Example.com")]);
    assert!(secure("https").secure && secure("http, https").secure);
    assert!(!secure("http").secure && !secure("https, http").secure && !secure("").secure);
    assert_eq!(secure("https").origin, "https://example.com");
}

#[test]
fn a_visitor_through_a_proxy_on_this_machine_is_not_of_this_machine() {
    assert!(arrival(&[], "127.0.0.1", &[]).local);
    assert!(!arrival(&["127.0.0.1"], "127.0.0.1", &[("x-forwarded-for", "203.0.113.9")]).local);
    assert!(!arrival(&[], "203.0.113.9", &[("host", "127.0.0.1")]).local);
}
