//! Time stamps put before two judges: ours and `openssl`.

#![allow(dead_code, reason = "each test takes what it needs")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests may panic as tests do")]
#![allow(unreachable_pub, missing_docs, reason = "a module of tests")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use data_encoding::HEXLOWER;
use ledger::stamp::{self, Stamp, StampError};
use serde_json::json;

use crate::authority::Authority;
use crate::tlv::{self, Node};

pub const MESSAGE: &[u8] = b"ringfence.local/record\n812\nq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=\n";

/// One response, and with what it is to be judged.
#[derive(Clone)]
pub struct Case {
    pub response: Vec<u8>,
    pub message: Vec<u8>,
    pub chain: String,
    pub root: String,
    /// In seconds since 1970.
    pub at: i64,
}

impl Case {
    pub fn of(authority: &Authority, response: Vec<u8>) -> Self {
        let (chain, root) = (authority.chain_pem(), authority.root_pem());
        Self { at: time_of(&response), response, message: MESSAGE.to_vec(), chain, root }
    }

    pub fn here(&self) -> Result<Stamp, StampError> {
        stamp::verify(&self.response, &self.message, &self.chain)
    }

    /// As anybody would ask `openssl`.
    pub fn there(&self, dir: &Path) -> bool {
        for (name, bytes) in [
            ("asked.message", self.message.as_slice()),
            ("asked.tsr", &self.response),
            ("asked.chain", self.chain.as_bytes()),
            ("asked.root", self.root.as_bytes()),
        ] {
            std::fs::write(dir.join(name), bytes).unwrap();
        }
        let at = self.at.to_string();
        let output = Command::new("openssl")
            .current_dir(dir)
            .args(["ts", "-verify", "-data", "asked.message", "-in", "asked.tsr", "-attime", &at])
            .args(["-CAfile", "asked.root", "-untrusted", "asked.chain"])
            .output()
            .unwrap();
        output.status.success()
    }
}

/// Asks the same functions of OpenSSL about many cases in one process; nothing where that cannot be done.
pub fn ask(cases: &[Case]) -> Option<Vec<bool>> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/openssl_ts.py");
    let started = Command::new("python3").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut child) = started else {
        eprintln!("SKIPPED, NOTHING WAS CHECKED: `python3` is not installed");
        return None;
    };
    let mut pipe = child.stdin.take().unwrap();
    let lines: Vec<String> = cases
        .iter()
        .map(|case| {
            json!({"at": case.at, "message": HEXLOWER.encode(&case.message),
                "response": HEXLOWER.encode(&case.response), "chain": case.chain, "root": case.root})
            .to_string()
        })
        .collect();
    let writer = std::thread::spawn(move || {
        for line in lines {
            writeln!(pipe, "{line}").unwrap();
        }
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success());
    let verdicts: Vec<bool> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| line == "1").collect();
    assert_eq!(verdicts.len(), cases.len());
    Some(verdicts)
}

/// Where the TSTInfo is in a response: token, content, SignedData, encapContentInfo, `[0]`, OCTET STRING.
pub const TST_INFO: [usize; 6] = [1, 1, 0, 2, 1, 0];

pub fn tree(response: &[u8]) -> Node {
    tlv::parse(response).remove(0)
}

pub fn tst_info(response: &[u8]) -> Vec<u8> {
    tree(response).at(&TST_INFO).bytes().to_vec()
}

pub fn time_of(response: &[u8]) -> i64 {
    let info = tree(&tst_info(response));
    let time = info.nodes().iter().find(|node| node.tag == 0x18).unwrap();
    let text = std::str::from_utf8(time.bytes()).unwrap();
    let time = jiff::civil::DateTime::strptime("%Y%m%d%H%M%S", text.get(..14).unwrap()).unwrap();
    time.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp().as_second()
}
