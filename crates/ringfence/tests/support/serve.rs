//! A running `ringfence serve`.

use super::http::{self, Reply};
use super::{Folder, PASSPHRASE, RINGFENCE};
use serde_json::Value;
use std::io::{BufRead, BufReader, Error};
use std::process::{Child, Command, ExitStatus, Stdio};

/// The server; killed when dropped.
pub struct Served {
    child: Child,
    pub address: String,
}

impl Served {
    pub fn start(folder: &Folder) -> Self {
        let mut child = Command::new(RINGFENCE)
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(folder.data())
            .env("RINGFENCE_PASSPHRASE", PASSPHRASE)
            .env_remove("RINGFENCE_JOURNAL")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut said = Vec::new();
        let address = loop {
            let Some(Ok(line)) = lines.next() else { panic!("the server did not start: {said:?}") };
            if let Some((_, rest)) = line.split_once("Serving at http://") {
                break rest.split('/').next().unwrap().to_owned();
            }
            said.push(line);
        };
        // Read on, so that it never waits for somebody to read what it says.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    pub fn ask(&self, method: &str, path: &str, token: &str, body: &Value) -> Result<Reply, Error> {
        http::request(&self.address, method, path, token, body)
    }

    /// Ends it without any warning.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop, and waits until it has.
    pub fn stop(mut self) -> ExitStatus {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.child.wait().unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
