use super::*;

#[test]
fn only_what_the_role_can_use_is_in_the_navigation() {
    let groups = navigation(&[(Place::Register, Some(0)), (Place::Home, Some(3))], Some(Place::Register));
    let names: Vec<_> = groups.iter().map(|group| group.name).collect();
    assert_eq!(names, ["My desk", "Secrets"]);
    let home = &groups[0].links[0];
    assert_eq!((home.label, home.count, home.current), ("Home", Some(3), false));
    let register = &groups[1].links[0];
    assert_eq!((register.label, register.count, register.current), ("Register", None, true));
    assert!(navigation(&[], None).is_empty());
}

#[test]
fn every_place_has_its_own_path_and_an_icon_that_is_drawn() {
    let icons = include_str!("../../templates/partials/icons.html");
    let every: Vec<_> = Place::ALL.iter().map(|place| (*place, None)).collect();
    let groups = navigation(&every, None);
    assert_eq!(groups.len(), 6);
    let links: Vec<_> = groups.iter().flat_map(|group| &group.links).collect();
    assert_eq!(links.len(), Place::ALL.len());
    for link in &links {
        assert!(icons.contains(&format!("id=\"i-{}\"", link.icon)), "{}", link.icon);
        assert_eq!(links.iter().filter(|other| other.href == link.href).count(), 1, "{}", link.href);
    }
}
