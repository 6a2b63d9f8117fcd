//! The page for a browser, in a real one: `page/tests/test_page.py` opens it as a person does, and holds it against the script.

use std::process::Command;

#[test]
fn the_page_passes_its_tests_in_a_browser() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/page/tests");
    let run = Command::new("python3").args(["-B", "-m", "unittest", "-v"]).current_dir(folder).output();
    let run =
        run.unwrap_or_else(|error| panic!("python3 does not start ({error}): install it, as `./test` does"));
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
}
