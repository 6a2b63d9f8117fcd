//! Lists of revoked certificates go with the tokens that the record keeps.

use crate::authority::{Authority, CA, Party, TSA, Wanted, Workshop, openssl};
use crate::evidence::{export, member, story, verified, wanted};
use crate::support::{begin, line, operator, shell, text};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

/// Where issuers keep their lists: an HTTP server on loopback that counts who asks.
#[derive(Clone)]
struct Lists {
    address: std::net::SocketAddr,
    kept: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Lists {
    fn serve() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let lists =
            Self { address: listener.local_addr().unwrap(), kept: Arc::default(), asked: Arc::default() };
        let serving = lists.clone();
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let _ = serving.answer(&connection);
            }
        });
        lists
    }

    fn answer(&self, mut connection: &TcpStream) -> std::io::Result<()> {
        let mut lines = BufReader::new(connection).lines();
        let first = lines.next().transpose()?.unwrap_or_default();
        while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
        let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
        let found = self.kept.lock().unwrap().get(&path).cloned();
        self.asked.lock().unwrap().push(path);
        let (status, body) = found.map_or(("404 Not Found", Vec::new()), |body| ("200 OK", body));
        write!(
            connection,
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        )?;
        connection.write_all(&body)
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    fn keep(&self, path: &str, list: Vec<u8>) {
        self.kept.lock().unwrap().insert(path.to_owned(), list);
    }

    /// A line of an extension file.
    fn named(&self, path: &str) -> String {
        format!("\ncrlDistributionPoints=URI:http://{}{path}", self.address)
    }
}

/// Has an issuer write its list: who was revoked so far stands on it.
fn list(shop: &Workshop, issuer: &Party, revoked: &[&Party]) -> Vec<u8> {
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let (key, certificate) = (text(&issuer.key), text(&issuer.certificate));
    let by = ["ca", "-config", "authority.cnf", "-keyfile", &key, "-cert", &certificate];
    for party in revoked {
        openssl(shop.dir(), &[&by[..], &["-revoke", &text(&party.certificate)]].concat());
    }
    let out = text(&shop.path(".crl"));
    openssl(shop.dir(), &[&by[..], &["-gencrl", "-crldays", "30", "-out", &out]].concat());
    openssl(shop.dir(), &["crl", "-in", &out, "-outform", "DER"])
}

/// An authority whose certificates name these lists, which are kept unless told otherwise.
fn authority(dir: &Path, lists: &Lists, name: &str, revoked: bool, kept: bool) -> Arc<Authority> {
    std::fs::create_dir_all(dir).unwrap();
    let shop = Workshop::new(dir);
    let root = shop.issue(Wanted::new("Example Root", "P-256", CA), None);
    let (of_root, of_middle) = (format!("/{name}/root.crl"), format!("/{name}/middle.crl"));
    let extensions = format!("{CA}\nauthorityKeyIdentifier=keyid{}", lists.named(&of_root));
    let middle = shop.issue(Wanted::new("Example Issuing", "P-256", &extensions), Some(&root));
    let extensions = format!("{TSA}{}", lists.named(&of_middle));
    let signer = shop.issue(Wanted::new("Example Time Stamping", "P-256", &extensions), Some(&middle));
    lists.keep(&of_root, list(&shop, &root, &[]));
    let signer_alone = [&signer];
    if kept {
        lists.keep(&of_middle, list(&shop, &middle, if revoked { signer_alone.as_slice() } else { &[] }));
    }
    Arc::new(Authority::of(shop, signer, vec![middle], root, ""))
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_kept_with_the_lists_on_which_their_signers_do_not_stand() {
    let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let c = story(begin(folder.path()).await).await;
    let lists = Lists::serve();
    let made = [
        ("Good", authority(&outside.path().join("good"), &lists, "good", false, true)),
        ("Revoked", authority(&outside.path().join("revoked"), &lists, "revoked", true, true)),
        ("Silent", authority(&outside.path().join("silent"), &lists, "silent", false, false)),
    ];
    let servers: Vec<_> = made.iter().map(|(_, authority)| authority.serve()).collect();
    let named = made.iter().zip(&servers).map(|((name, authority), server)| program::evidence::Authority {
        name: line(name),
        address: line(&server.url()),
        root: text(&authority.root_pem()),
    });
    c.service.set_authorities(&operator(), named.collect(), text("Times are stamped")).await.unwrap();

    let answer = c.service.anchor(&operator()).await.unwrap();
    let failed: Vec<_> =
        answer.vouchers.iter().map(|voucher| voucher.failed.as_deref().unwrap_or("")).collect();
    assert!(failed[0].is_empty() && failed[2].is_empty(), "{failed:?}");
    assert!(failed[1].contains("certificate 1 was revoked on 20"), "{failed:?}");
    let missing: Vec<_> = answer.vouchers.iter().map(|voucher| voucher.revocation_missing.clone()).collect();
    assert!(missing[0].is_none() && missing[1].is_none(), "{missing:?}");
    let silent = missing[2].as_ref().unwrap().as_str();
    assert!(silent.contains("certificate 1") && silent.contains("status 404"), "{silent}");
    let kept = |name: &str| c.service.state().evidence.standing(&line(name)).unwrap().lists.clone();
    assert_eq!((kept("Good").len(), kept("Revoked").len(), kept("Silent").len()), (2, 0, 1));

    // What the record holds already is neither asked for nor kept again; what is missing is asked for anew.
    let (before, first) = (lists.asked(), kept("Good"));
    let again = c.service.anchor(&operator()).await.unwrap();
    assert!(again.entry > answer.entry, "{again:?}");
    assert_eq!(kept("Good"), first);
    let asked = lists.asked.lock().unwrap()[before..].to_vec();
    assert!(!asked.iter().any(|path| path.starts_with("/good")), "{asked:?}");
    assert!(asked.contains(&"/silent/middle.crl".to_owned()), "{asked:?}");
    let entry = c.service.entry(&operator(), again.entry.unwrap()).await.unwrap();
    let stamps = entry.fields.iter().find(|field| field.name == "stamps").unwrap().value.clone().unwrap();
    let revocation = stamps[0]["revocation"].as_array().unwrap();
    assert!(revocation.len() == 2 && revocation.iter().all(|list| list["list"].is_null()), "{revocation:?}");
    assert!(revocation.iter().all(|list| list["held_by"] == answer.entry.unwrap()), "{revocation:?}");

    // Every bundle with such a token has the lists, and `openssl` finds by them that nobody stood on one.
    let bytes = export(&c.service, &shell(c.counsel), &wanted(c.secret)).await;
    verified(&bytes);
    let readme = member(&bytes, "README.txt");
    let checks: Vec<&str> = readme.lines().filter(|line| line.contains("-crl_check_all")).collect();
    assert!(!checks.is_empty(), "{readme}");
    assert!(readme.contains("cannot be told from this bundle alone: certificate 1 of its chain"), "{readme}");
    let folder = tempfile::tempdir().unwrap();
    let archive = ledger::archive::Archive::parse(&bytes).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(member(&bytes, "manifest.json")).unwrap();
    for file in manifest["files"].as_array().unwrap() {
        let name = file["path"].as_str().unwrap();
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, archive.get(name).unwrap()).unwrap();
    }
    std::fs::write(folder.path().join("ROOT.pem"), made[0].1.root_pem()).unwrap();
    let loops = readme.lines().filter(|line| line.trim_start().starts_with("for list in"));
    for (gather, check) in loops.zip(&checks) {
        let script = format!("set -e\n{gather}\n{check}");
        let shell =
            std::process::Command::new("sh").arg("-c").arg(&script).current_dir(folder.path()).output();
        let said = shell.unwrap();
        assert!(said.status.success(), "{script}\n{}", String::from_utf8_lossy(&said.stderr));
    }
}

/// An issuer whose addresses take questions and answer none holds nobody up for each of them.
#[tokio::test(flavor = "multi_thread")]
async fn addresses_that_never_answer_are_not_waited_for_one_after_the_other() {
    let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let c = story(begin(folder.path()).await).await;
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let waiting = asked.clone();
    std::thread::spawn(move || silent.incoming().flatten().for_each(|one| waiting.lock().unwrap().push(one)));
    let shop = Workshop::new(outside.path());
    let root = shop.issue(Wanted::new("Example Root", "P-256", CA), None);
    let uris: Vec<_> = (0..3).map(|n| format!("URI:http://{address}/{n}.crl")).collect();
    let named = format!("\ncrlDistributionPoints={}", uris.join(","));
    let middle = format!("{CA}\nauthorityKeyIdentifier=keyid{named}");
    let middle = shop.issue(Wanted::new("Example Issuing", "P-256", &middle), Some(&root));
    let signer =
        shop.issue(Wanted::new("Example Time Stamping", "P-256", &format!("{TSA}{named}")), Some(&middle));
    let authority = Arc::new(Authority::of(shop, signer, vec![middle], root, ""));
    let server = authority.serve();
    let named = program::evidence::Authority {
        name: line("Slow"),
        address: line(&server.url()),
        root: text(&authority.root_pem()),
    };
    c.service.set_authorities(&operator(), vec![named], text("Times are stamped")).await.unwrap();

    let answer = c.service.anchor(&operator()).await.unwrap();
    let missing = answer.vouchers[0].revocation_missing.clone().unwrap();
    assert!(answer.vouchers[0].failed.is_none() && missing.as_str().contains("in time"), "{missing:?}");
    let asked = asked.lock().unwrap().len();
    assert!((1..=2).contains(&asked), "{asked} of six addresses were waited for");
}
