//! A writer killed at any moment leaves the old head or the new one, and everything it had answered.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use crate::support::*;

#[test]
fn a_killed_writer_loses_nothing_it_answered() {
    let rounds = how_many("RINGFENCE_TEST_KILLS", 20);
    on_both(async |place| {
        drop(place.create(16).await);
        let mut expected = Vec::new();
        for round in 0..rounds {
            let mut child = process("crash::child", &place, round).stdout(Stdio::piped()).spawn().unwrap();
            let mut output = BufReader::new(child.stdout.take().unwrap());
            // The kill comes after another number of answers, and another moment later, in each round.
            let mut printed = Vec::new();
            while answered(&printed).len() < (round as usize * 7) % 23 {
                assert!(output.read_until(b'\n', &mut printed).unwrap() > 0, "the writer ended by itself");
            }
            std::thread::sleep(std::time::Duration::from_micros(round * 977 % 6_000));
            child.kill().unwrap();
            output.read_to_end(&mut printed).unwrap();
            child.wait().unwrap();
            expected.extend(answered(&printed));
            let journal = place.open().await.unwrap();
            for &(position, number) in &expected {
                assert_eq!(number_of(&journal.get(position).await.unwrap()), number);
            }
            // Nor is it in the way of the next writer. On PostgreSQL a commit it had sent may still land.
            append_whatever_happens(&journal, 1).await;
        }
        assert!(expected.len() as u64 > rounds);
        place.verify().await.unwrap();
    });
}

#[test]
#[ignore = "a part of a_killed_writer_loses_nothing_it_answered"]
fn child() {
    let (place, round) = given();
    runtime().block_on(async {
        let journal = place.open().await.unwrap();
        for n in 0.. {
            let head = journal.head();
            let number = round * 1_000_000 + n;
            let batch = (0..=n % 40).map(|_| draft(number)).collect();
            let stored = journal.append(head.size, head.time.max(1_000), batch).await.unwrap();
            for stored in stored {
                println!("answered {} {number}", stored.position);
            }
        }
    });
}
