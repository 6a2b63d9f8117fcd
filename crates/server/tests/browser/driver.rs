//! A real browser, driven as W3C WebDriver says: JSON over HTTP to `chromedriver`, which this starts and ends.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long something may take to be there. Elements are waited for by the browser itself.
const PATIENCE: Duration = Duration::from_secs(15);
/// The name under which WebDriver hands out elements.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// What is wrong with a page.
const AUDIT: &str = include_str!("audit.js");

/// One window of its own profile. Ends with the value.
pub struct Chrome {
    driver: Child,
    port: u16,
    session: String,
    /// Where the site listens: `http://127.0.0.1:4100`.
    site: String,
    _profile: tempfile::TempDir,
}

/// Something on a page.
pub struct Element<'a> {
    chrome: &'a Chrome,
    id: String,
}

/// Whether pages may run script.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Script {
    On,
    Off,
}

/// The colours a visitor prefers.
#[derive(Clone, Copy)]
pub enum Colours {
    Light,
    Dark,
}

impl Chrome {
    pub fn start(site: &str, script: Script) -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("chromedriver does not start ({error}): install chromium and chromedriver, as `./test` does")
            });
        let lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = lines
            .map(|line| line.expect("chromedriver ended before it listened"))
            .find_map(|line| line.split("started successfully on port ").nth(1).map(str::to_owned))
            .expect("chromedriver did not say where it listens");
        let port = port.trim_end_matches('.').parse().unwrap();
        let profile = tempfile::tempdir().unwrap();
        let mut arguments: Vec<String> = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            "--lang=en",
        ]
        .map(str::to_owned)
        .to_vec();
        arguments.push(format!("--user-data-dir={}", profile.path().display()));
        let allowed = if script == Script::On { 1 } else { 2 };
        let capabilities = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "timeouts": { "implicit": 10_000, "pageLoad": 30_000, "script": 30_000 },
            "unhandledPromptBehavior": "accept",
            "goog:loggingPrefs": { "browser": "ALL" },
            "goog:chromeOptions": {
                "args": arguments,
                "prefs": { "profile.managed_default_content_settings.javascript": allowed },
            },
        }}});
        let mut chrome =
            Self { driver, port, session: String::new(), site: site.to_owned(), _profile: profile };
        let begun = chrome.call("POST", "/session", &capabilities).unwrap_or_else(|error| {
            panic!("chromium does not start: install it, as `./test` does. chromedriver says: {error}")
        });
        chrome.session = begun["sessionId"].as_str().unwrap().to_owned();
        // A window that nobody looks at has no focus to show.
        chrome.devtools("Emulation.setFocusEmulationEnabled", &json!({ "enabled": true }));
        chrome.see(1280, Colours::Light);
        chrome
    }

    /// The window this wide, with these colours preferred, and nothing that moves.
    pub fn see(&self, width: u32, colours: Colours) {
        let height = if width < 640 { 844 } else { 900 };
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            &json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false }),
        );
        let scheme = match colours {
            Colours::Light => "light",
            Colours::Dark => "dark",
        };
        let features = json!([
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]);
        self.devtools("Emulation.setEmulatedMedia", &json!({ "features": features }));
    }

    /// What only the browser's own protocol offers.
    pub fn devtools(&self, method: &str, parameters: &Value) {
        self.post("/goog/cdp/execute", &json!({ "cmd": method, "params": parameters }));
    }

    /// Goes to a path of the site.
    pub fn open(&self, path: &str) {
        self.post("/url", &json!({ "url": format!("{}{path}", self.site) }));
    }

    /// The path and query where it is.
    pub fn path(&self) -> String {
        let url = self.get("/url");
        url.as_str().unwrap().strip_prefix(&self.site).unwrap_or_default().to_owned()
    }

    /// The first element that fits; waited for.
    pub fn find(&self, css: &str) -> Element<'_> {
        self.element("css selector", css)
    }

    /// The element that shows these words, and no smaller one in it does; waited for.
    pub fn text(&self, words: &str) -> Element<'_> {
        self.element("xpath", &format!("//main//*[contains(normalize-space(.), {})]", quoted(words)))
    }

    /// Presses the button or follows the link on the page that says this.
    pub fn press(&self, words: &str) {
        let said = quoted(words);
        let path = format!(
            "//main//*[self::button or self::a][not(ancestor::nav)][normalize-space(.)={said} or starts-with(normalize-space(.), {said})]"
        );
        self.element("xpath", &path).click();
    }

    /// Types into the field of this id, in place of what stands there.
    pub fn fill(&self, id: &str, words: &str) {
        let field = self.find(&format!("main [id='{id}']"));
        field.clear();
        field.send(words);
    }

    /// The words of the whole page, which may be a document that is not ours.
    pub fn body(&self) -> String {
        self.find("body").shown()
    }

    /// The page whose heading begins so; waited for, as whatever was pressed leads there in its own time.
    pub fn arrived(&self, heading: &str) {
        self.element("xpath", &format!("//main//h1[starts-with(normalize-space(.), {})]", quoted(heading)));
    }

    pub fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Everything that is wrong with the page as it stands.
    pub fn faults(&self) -> Vec<String> {
        let faults = self.run(AUDIT);
        faults.as_array().unwrap().iter().map(|fault| fault.as_str().unwrap().to_owned()).collect()
    }

    /// What the console took down since this was last asked.
    pub fn console(&self) -> Vec<String> {
        let log = self.post("/se/log", &json!({ "type": "browser" }));
        let entries = log.as_array().unwrap().iter();
        entries.map(|entry| entry["message"].as_str().unwrap().to_owned()).collect()
    }

    /// Presses keys wherever the focus is; special ones by their code points (WebDriver, 17.4.2).
    pub fn keys(&self, pressed: &[&str]) {
        let down = pressed.iter().map(|key| json!({ "type": "keyDown", "value": key }));
        let up = pressed.iter().rev().map(|key| json!({ "type": "keyUp", "value": key }));
        let actions: Vec<Value> = down.chain(up).collect();
        self.post(
            "/actions",
            &json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": actions }] }),
        );
    }

    /// What has the focus, as `tag#id`.
    pub fn focused(&self) -> String {
        let script = "const e = document.activeElement; return e.tagName.toLowerCase() + (e.id ? '#' + e.id : '') + \
                      (e.className && typeof e.className === 'string' ? '.' + e.className.split(' ')[0] : '')";
        self.run(script).as_str().unwrap().to_owned()
    }

    pub fn windows(&self) -> Vec<String> {
        let handles = self.get("/window/handles");
        handles.as_array().unwrap().iter().map(|handle| handle.as_str().unwrap().to_owned()).collect()
    }

    pub fn switch_to(&self, window: &str) {
        self.post("/window", &json!({ "handle": window }));
    }

    /// Closes the window in front.
    pub fn close(&self) {
        self.call("DELETE", &format!("/session/{}/window", self.session), &Value::Null).unwrap();
    }

    pub fn forget_cookies(&self) {
        self.call("DELETE", &format!("/session/{}/cookie", self.session), &Value::Null).unwrap();
    }

    pub fn cookies(&self) -> Vec<Value> {
        self.get("/cookie").as_array().unwrap().clone()
    }

    pub fn set_cookie(&self, cookie: &Value) {
        self.post("/cookie", &json!({ "cookie": cookie }));
    }

    /// The cookie of a session that was begun another way.
    pub fn hold_session(&self, token: &str) {
        self.set_cookie(&json!({ "name": "ringfence", "value": token, "path": "/", "httpOnly": true }));
    }

    fn element(&self, by: &str, what: &str) -> Element<'_> {
        let path = format!("/session/{}/element", self.session);
        let found = self.call("POST", &path, &json!({ "using": by, "value": what }));
        let found = found.unwrap_or_else(|error| {
            let body = self.get("/source");
            let shown = self.call("POST", &path, &json!({ "using": "css selector", "value": "body" }));
            let words = shown.map(|found| Element { chrome: self, id: id_of(&found) }.shown());
            panic!("`{what}` is not at {}: {error}\n{}", self.path(), words.unwrap_or(body.to_string()))
        });
        Element { chrome: self, id: id_of(&found) }
    }

    fn get(&self, path: &str) -> Value {
        let path = format!("/session/{}{path}", self.session);
        self.call("GET", &path, &Value::Null).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let path = format!("/session/{}{path}", self.session);
        self.call("POST", &path, body).unwrap_or_else(|error| panic!("{path} {body}: {error}"))
    }

    /// One command: one request on a connection of its own.
    fn call(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).map_err(|error| error.to_string())?;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/json\r\nContent-Length: \
             {}\r\nConnection: close\r\n\r\n",
            self.port,
            body.len()
        );
        stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).unwrap();
        let mut reader = BufReader::new(stream);
        let mut length = None;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).map_err(|error| error.to_string())?;
            if line.trim().is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().ok();
            }
        }
        let mut bytes = vec![0; length.ok_or("chromedriver closed the connection")?];
        reader.read_exact(&mut bytes).map_err(|error| error.to_string())?;
        let answer: Value = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
        match answer["value"]["error"].as_str() {
            Some(error) => {
                Err(format!("{error}: {}", answer["value"]["message"].as_str().unwrap_or_default()))
            }
            None => Ok(answer["value"].clone()),
        }
    }
}

impl Drop for Chrome {
    fn drop(&mut self) {
        drop(self.call("DELETE", &format!("/session/{}", self.session), &Value::Null));
        drop(self.driver.kill());
        drop(self.driver.wait());
    }
}

impl Element<'_> {
    pub fn click(&self) {
        // A bar that stays on top may lie over what was scrolled to.
        self.chrome.post(
            "/execute/sync",
            &json!({ "script": "arguments[0].scrollIntoView({ block: 'center' })", "args": [{ ELEMENT: self.id }] }),
        );
        self.post("/click", &json!({}));
    }

    pub fn clear(&self) {
        self.post("/clear", &json!({}));
    }

    pub fn send(&self, keys: &str) {
        self.post("/value", &json!({ "text": keys }));
    }

    /// Chooses a file to send along.
    pub fn choose(&self, path: &Path) {
        self.send(path.to_str().unwrap());
    }

    /// The words as they are shown.
    pub fn shown(&self) -> String {
        self.get("/text").as_str().unwrap().to_owned()
    }

    pub fn property(&self, name: &str) -> Value {
        self.get(&format!("/property/{name}"))
    }

    /// What stands in a field.
    pub fn value(&self) -> String {
        self.property("value").as_str().unwrap_or_default().to_owned()
    }

    fn get(&self, path: &str) -> Value {
        self.chrome.get(&format!("/element/{}{path}", self.id))
    }

    fn post(&self, path: &str, body: &Value) {
        self.chrome.post(&format!("/element/{}{path}", self.id), body);
    }
}

/// Asks until it is so. Each asking is a question to the browser, so nothing spins.
pub fn wait(what: &str, mut so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < PATIENCE, "waited in vain for: {what}");
    }
}

fn id_of(found: &Value) -> String {
    found[ELEMENT].as_str().unwrap().to_owned()
}

/// A string of XPath 1.0, which knows no escape.
fn quoted(words: &str) -> String {
    if words.contains('\'') { format!("\"{words}\"") } else { format!("'{words}'") }
}
