//! A witness that serves: what it answers, what it keeps through a sudden end, and what nobody talks it into.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic as tests do"
)]

mod support;

use ledger::witness::{read_cosignatures, read_size};
use ledger::{Checkpoint, SignedNote, SigningKey, VerifierKey};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};
use support::{LOG, World, add, hash, key, note, request, send};

/// Not a test of its own: the others start this program again to have a witness that can be killed.
#[test]
#[ignore = "serves until it is killed; the other tests start it"]
fn serves_for_the_other_tests() {
    support::serve_here();
}

#[test]
fn every_status_of_the_protocol_is_given() {
    let world = World::new();
    let witness = world.serve();
    let known = [world.verifier.clone()];
    assert_eq!(witness.shown().status, 404);

    let granted = witness.add(&request(LOG, 0, "abc"));
    assert_eq!((granted.status, granted.kind.as_str()), (200, "text/plain; charset=utf-8"));
    let given = read_cosignatures(granted.body.as_bytes(), &note(LOG, "abc"), &known).unwrap();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    assert!(given.len() == 1 && now.abs_diff(given[0].1) < 60, "{given:?}");

    let conflict = witness.add(&request(LOG, 0, "abcd"));
    assert_eq!(
        (conflict.status, conflict.kind.as_str(), conflict.body.as_str()),
        (409, "text/x.tlog.size", "3\n")
    );
    assert_eq!(read_size(conflict.body.as_bytes()), Some(3));

    let stranger = SigningKey::from_seed(LOG, &[7; 32]).unwrap();
    let forged = SignedNote::sign(note(LOG, "abcd").text(), &[&stranger]).unwrap();
    for (status, body) in [
        (400, b"old 0\n".to_vec()),
        (400, Vec::new()),
        (400, b"\xff\xfe\n\n".to_vec()),
        (400, request(LOG, 4, "abc")),
        (403, format!("old 3\n\n{forged}").into_bytes()),
        (404, request("stranger.example", 0, "abc")),
        (422, request(LOG, 3, "abx")),
        (422, format!("old 3\n\n{}", note(LOG, "abcd")).into_bytes()),
        (413, vec![b'x'; 300 << 10]),
        (200, request(LOG, 3, "abcd")),
    ] {
        let answer = witness.add(&body);
        assert_eq!(answer.status, status, "{answer:?}");
        assert!(answer.body.ends_with('\n') && answer.body.len() < 500, "{answer:?}");
    }

    let shown = witness.shown();
    assert_eq!((shown.status, shown.kind.as_str()), (200, "text/plain; charset=utf-8"));
    let shown = SignedNote::parse(&shown.body).unwrap();
    assert_eq!(shown.text(), note(LOG, "abcd").text());
    assert_eq!(shown.verify_all(&[key(LOG).verifier().clone(), known[0].clone()]).unwrap().len(), 2);

    for path in [
        "/",
        "/add-checkpoint",
        "/x/checkpoint",
        &format!("/{}/checkpoint", hash("other.example")),
        "/../key",
        "/key",
    ] {
        let status = witness.get(path).status;
        assert_eq!(status, if path == "/add-checkpoint" { 405 } else { 404 }, "{path}");
    }
}

#[test]
fn hostile_connections_change_nothing_and_hold_up_nobody() {
    let world = World::new();
    let witness = world.serve();
    assert_eq!(witness.add(&request(LOG, 0, "abc")).status, 200);
    // Half a request, and then nothing.
    let mut slow: Vec<TcpStream> = Vec::new();
    for begun in
        ["", "POST /add-", "POST /add-checkpoint HTTP/1.1\r\nhost: w\r\ncontent-length: 100\r\n\r\nold 3"]
    {
        for _ in 0..20 {
            let mut stream = TcpStream::connect(witness.address).unwrap();
            stream.write_all(begun.as_bytes()).unwrap();
            slow.push(stream);
        }
    }
    let begun = Instant::now();
    assert_eq!(witness.add(&request(LOG, 3, "abcd")).status, 200);
    assert!(begun.elapsed() < Duration::from_secs(5));
    for bytes in [
        b"\0\0\0\0\r\n\r\n".to_vec(),
        b"GET / HTTP/9.9\r\n\r\n".to_vec(),
        [b"GET / HTTP/1.1\r\nx: ".as_slice(), &vec![b'x'; 100 << 10], b"\r\n\r\n"].concat(),
        b"POST /add-checkpoint HTTP/1.1\r\nhost: w\r\ncontent-length: 99999999999\r\n\r\nold 0\n\n".to_vec(),
        b"POST /add-checkpoint HTTP/1.1\r\nhost: w\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\nffffffff\r\n".to_vec(),
    ] {
        // Answered with a refusal, or not at all.
        let mut stream = TcpStream::connect(witness.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        let _ = stream.write_all(&bytes);
        let mut answer = [0; 12];
        let read = stream.read(&mut answer).unwrap_or(0);
        assert!(read == 0 || !answer.starts_with(b"HTTP/1.1 200"), "{answer:?}");
    }
    // A body in pieces that never ends is cut off where it is too long.
    let mut stream = TcpStream::connect(witness.address).unwrap();
    stream
        .write_all(b"POST /add-checkpoint HTTP/1.1\r\nhost: w\r\ntransfer-encoding: chunked\r\n\r\n")
        .unwrap();
    let piece = [b"4000\r\n".as_slice(), &[b'x'; 0x4000], b"\r\n"].concat();
    let sent = (0..2000).take_while(|_| stream.write_all(&piece).is_ok()).count();
    assert!(sent < 2000, "all of it was taken");
    assert_eq!(witness.add(&request(LOG, 4, "abcde")).status, 200);
    // Whoever sent half a head is let go.
    let mut silent = slow.swap_remove(0);
    silent.set_read_timeout(Some(Duration::from_secs(40))).unwrap();
    let _ = silent.read_to_end(&mut Vec::new());
    assert!(begun.elapsed() < Duration::from_secs(40), "a silent connection is kept");
}

#[test]
fn a_connection_is_used_again() {
    let world = World::new();
    let witness = world.serve();
    let mut stream = TcpStream::connect(witness.address).unwrap();
    for (old, entries) in [(0, "a"), (1, "ab"), (2, "abc")] {
        let body = request(LOG, old, entries);
        let head =
            format!("POST /add-checkpoint HTTP/1.1\r\nhost: w\r\ncontent-length: {}\r\n\r\n", body.len());
        stream.write_all(&[head.as_bytes(), &body].concat()).unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"==\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            answer.push(byte[0]);
        }
        assert!(answer.starts_with(b"HTTP/1.1 200"));
    }
}

#[test]
fn a_restart_goes_on_where_the_witness_stood() {
    let world = World::new();
    let witness = world.serve();
    assert_eq!(witness.add(&request(LOG, 0, "abcd")).status, 200);
    witness.kill();
    let witness = world.serve();
    assert_eq!(witness.add(&request(LOG, 0, "abcd")).body, "4\n");
    assert_eq!(witness.add(&request(LOG, 4, "abcx")).status, 422);
    assert_eq!(witness.add(&request(LOG, 4, "abcde")).status, 200);
    witness.kill();
    std::fs::remove_file(world.log_folder().join("latest")).unwrap();
    let witness = world.serve();
    for body in [request(LOG, 0, "x"), request(LOG, 0, "abcde"), request(LOG, 5, "abcdef")] {
        let answer = witness.add(&body);
        assert_eq!(answer.status, 500);
        assert!(!answer.body.contains(world.folder().to_str().unwrap()), "{answer:?}");
    }
    assert_eq!(witness.shown().status, 500);
}

#[test]
fn of_two_requests_at_once_one_finds_the_other_s_checkpoint() {
    let world = World::new();
    let witness = world.serve();
    assert_eq!(witness.add(&request(LOG, 0, "a")).status, 200);
    let (mut letters, address) = ("a".to_owned(), witness.address);
    for _ in 0..20 {
        // From the same size: one more, three more, and a fork.
        let old = letters.len();
        let wishes = [format!("{letters}b"), format!("{letters}bcd"), format!("{letters}x")];
        let answers: Vec<(&String, u16)> = std::thread::scope(|scope| {
            let asked: Vec<_> = wishes
                .iter()
                .map(|entries| {
                    scope.spawn(move || (entries, add(address, &request(LOG, old, entries)).unwrap().status))
                })
                .collect();
            asked.into_iter().map(|asked| asked.join().unwrap()).collect()
        });
        let granted: Vec<&String> =
            answers.iter().filter(|(_, status)| *status == 200).map(|(one, _)| *one).collect();
        let others = answers.iter().filter(|(_, status)| *status == 409).count();
        assert_eq!((granted.len(), others), (1, 2), "{answers:?}");
        letters = granted[0].clone();
        let shown: Checkpoint = SignedNote::parse(&witness.shown().body).unwrap().text().parse().unwrap();
        assert_eq!(shown.size, letters.len() as u64);
    }
}

/// What was granted: the entries of a checkpoint that somebody holds a cosignature of.
type Granted = Mutex<Vec<String>>;

/// Sends what it likes until it is told to stop: as the log, honestly; as a log that forks; as one that goes back.
fn press(sender: usize, address: SocketAddr, known: &[VerifierKey], granted: &Granted, stop: &AtomicBool) {
    let (mut old, mut turn) = (1, 0usize);
    while !stop.load(Ordering::Relaxed) {
        turn += 1;
        let entries = match (sender + turn) % 4 {
            // As honest logs do: on from where the witness stands.
            0 | 1 => "a".repeat(old + 1),
            // A fork of its own, of the same size or larger.
            2 => format!(
                "{}{}",
                "a".repeat(old.saturating_sub(1)),
                ["b", "c", "d"][sender % 3].repeat(1 + turn % 2)
            ),
            _ => "a".repeat(old / 2),
        };
        let from = if (sender + turn) % 4 == 3 { old / 2 } else { old };
        let Some(answer) = add(address, &request(LOG, from, &entries)) else { continue };
        match answer.status {
            200 => {
                read_cosignatures(answer.body.as_bytes(), &note(LOG, &entries), known).unwrap();
                old = entries.len();
                granted.lock().unwrap().push(entries);
            }
            409 => old = read_size(answer.body.as_bytes()).unwrap() as usize,
            status => assert!(status == 422 || status == 400, "{answer:?}"),
        }
    }
}

#[test]
fn killed_at_any_moment_it_never_cosigns_what_contradicts_a_cosignature_that_it_gave() {
    const ROUNDS: u64 = 25;
    let world = World::new();
    let known = [world.verifier.clone()];
    // From the first entry on there is something to contradict.
    assert_eq!(world.serve().add(&request(LOG, 0, "a")).status, 200);
    let granted = Granted::new(vec!["a".to_owned()]);
    for round in 0..ROUNDS {
        let witness = world.serve();
        // What it gave before stands at least.
        let largest = granted.lock().unwrap().iter().map(String::len).max();
        if let Some(largest) = largest {
            let shown = SignedNote::parse(&witness.shown().body).unwrap();
            let shown: Checkpoint = shown.text().parse().unwrap();
            assert!(
                shown.size >= largest as u64,
                "of {largest} entries that were cosigned, {} are left",
                shown.size
            );
        }
        let (stop, address) = (AtomicBool::new(false), witness.address);
        std::thread::scope(|scope| {
            for sender in 0..4 {
                let (stop, known, granted) = (&stop, &known, &granted);
                scope.spawn(move || press(sender, address, known, granted, stop));
            }
            // A different moment each time.
            std::thread::sleep(Duration::from_millis(40 + round * 37 % 113));
            witness.kill();
            stop.store(true, Ordering::Relaxed);
        });
    }
    let granted = granted.into_inner().unwrap();
    assert!(granted.len() > ROUNDS as usize, "only {} were cosigned", granted.len());
    for (one, other) in granted.iter().flat_map(|one| granted.iter().map(move |other| (one, other))) {
        assert!(one.starts_with(other.as_str()) || other.starts_with(one.as_str()), "{one} and {other}");
    }
    eprintln!("{} checkpoints cosigned through {ROUNDS} sudden ends", granted.len());
}

#[tokio::test]
async fn plain_http_is_for_this_machine_and_for_the_proxy_that_is_named() {
    let world = World::new();
    let bind = |listen: &str, behind_proxy: &[&str]| {
        let behind_proxy = behind_proxy.iter().map(|address| address.parse().unwrap()).collect();
        let settings = witness::Settings { listen: listen.parse().unwrap(), behind_proxy };
        witness::bind(witness::Folder::open(world.folder()).unwrap(), settings)
    };
    for listen in ["0.0.0.0:0", "[::]:0"] {
        assert!(matches!(bind(listen, &[]).await, Err(witness::ServeError::Plain(_))), "{listen}");
    }
    assert!(bind("127.0.0.1:0", &[]).await.is_ok());
    let listening = bind("0.0.0.0:0", &["192.0.2.7"]).await.unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], listening.address().port()));
    let asked = tokio::task::spawn_blocking(move || {
        send(address, b"GET /x/checkpoint HTTP/1.1\r\nhost: w\r\nconnection: close\r\n\r\n")
            .map(|answer| answer.status)
    });
    tokio::select! {
        () = listening.run(std::future::pending()) => {}
        asked = asked => assert_eq!(asked.unwrap(), Some(404)),
    }
}
