//! Several processes on one data folder: commands beside each other, and beside a running server.

use crate::support::company::{self, EVA, OLGA};
use crate::support::serve::Served;
use crate::support::{Company, Folder, RECIPE, RINGFENCE, runtime};
use program::PersonId;
use program::secrets::Tier;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

/// Registers a document from the command line, and says which entry it became.
fn register(folder: &Folder, name: &str) -> u64 {
    let act = ["document", "register", "S-1", "--name", name, "--place", "Room 4", "--json"];
    let told = folder.run(&act).json();
    told["entries"][0]["entry"].as_u64().unwrap()
}

/// The same through the REST API; an error where no answer came.
fn register_over_http(address: &str, name: &str) -> std::io::Result<u64> {
    let token = &Company::shared().olga;
    let body = json!({ "name": name, "place": "Room 5" });
    let path = "/api/v1/secrets/S-1/documents/register";
    let reply = crate::support::http::request(address, "POST", path, token, &body)?;
    assert_eq!(reply.status, 201, "{}", String::from_utf8_lossy(&reply.body));
    Ok(reply.json()["entry"].as_u64().unwrap())
}

/// Which entry registered each document, as the record has it.
fn registered(folder: &Folder) -> BTreeMap<String, u64> {
    let listed =
        folder.run(&["record", "list", "--kind", "document.registered", "--limit", "1000", "--json"]).json();
    assert!(listed["next"].is_null(), "more than one page");
    let entries = listed["entries"].as_array().unwrap().iter();
    let named = entries.map(|entry| {
        (entry["fields"]["name"].as_str().unwrap().to_owned(), entry["entry"].as_u64().unwrap())
    });
    let named: Vec<(String, u64)> = named.collect();
    let found: BTreeMap<String, u64> = named.iter().cloned().collect();
    assert_eq!(found.len(), named.len(), "something was recorded twice");
    found
}

#[test]
fn two_commands_writing_at_once_lose_nothing() {
    let folder = Folder::company();
    let before = folder.whole();
    let answered: Vec<(String, u64)> = std::thread::scope(|scope| {
        let writers: Vec<_> = ["left", "right"]
            .into_iter()
            .map(|writer| {
                let folder = &folder;
                scope.spawn(move || {
                    let names = (0..20).map(|n| format!("{writer}-{n}"));
                    names.map(|name| (name.clone(), register(folder, &name))).collect::<Vec<_>>()
                })
            })
            .collect();
        writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
    });
    let recorded = registered(&folder);
    assert_eq!(recorded.len(), 40);
    for (name, entry) in &answered {
        assert_eq!(recorded.get(name), Some(entry), "{name}");
    }
    assert_eq!(folder.whole(), before + 40);
}

#[test]
fn commands_and_a_running_server_write_beside_each_other() {
    let folder = Folder::company();
    let before = folder.whole();
    let served = Served::start(&folder);
    let (mut answered, by_http) = std::thread::scope(|scope| {
        let http = scope.spawn(|| {
            let names = (0..60).map(|n| format!("http-{n}"));
            let act = |name: String| (name.clone(), register_over_http(&served.address, &name).unwrap());
            names.map(act).collect::<Vec<_>>()
        });
        let commands: Vec<(String, u64)> = (0..20)
            .map(|n| format!("shell-{n}"))
            .map(|name| (name.clone(), register(&folder, &name)))
            .collect();
        (commands, http.join().unwrap())
    });
    answered.extend(by_http);
    let recorded = registered(&folder);
    assert_eq!(recorded.len(), 80);
    for (name, entry) in &answered {
        assert_eq!(recorded.get(name), Some(entry), "{name}");
    }
    // What the shell wrote last, the server knows too, once asked to write or open.
    let reply =
        served.ask("GET", "/api/v1/documents?q=shell-19", &Company::shared().olga, &Value::Null).unwrap();
    assert_eq!(reply.status, 200);
    assert!(served.stop().success(), "the server did not stop in good order");
    assert_eq!(folder.whole(), before + 80);
}

#[test]
fn what_was_answered_survives_a_server_that_is_killed() {
    let folder = Folder::company();
    let mut answered: Vec<(String, u64)> = Vec::new();
    for round in 0..8 {
        let served = Served::start(&folder);
        let address = served.address.clone();
        let (enough, stop) = (AtomicBool::new(false), AtomicBool::new(false));
        let (over_http, by_command) = std::thread::scope(|scope| {
            let http = scope.spawn(|| {
                let mut answered = Vec::new();
                // Until the answer that does not come.
                for n in 0.. {
                    let name = format!("http-{round}-{n}");
                    match register_over_http(&address, &name) {
                        Ok(entry) => answered.push((name, entry)),
                        Err(_) => break,
                    }
                    enough.store(n >= 10, Ordering::SeqCst);
                }
                answered
            });
            let commands = scope.spawn(|| {
                let mut answered = Vec::new();
                for n in 0.. {
                    let name = format!("shell-{round}-{n}");
                    let entry = register(&folder, &name);
                    answered.push((name, entry));
                    if stop.load(Ordering::SeqCst) {
                        break;
                    }
                }
                answered
            });
            while !enough.load(Ordering::SeqCst) && !http.is_finished() {
                std::thread::yield_now();
            }
            served.kill();
            let over_http = http.join().unwrap();
            stop.store(true, Ordering::SeqCst);
            (over_http, commands.join().unwrap())
        });
        answered.extend(over_http);
        answered.extend(by_command);
        folder.whole();
    }
    let recorded = registered(&folder);
    assert!(answered.len() > 80, "hardly anything was answered: {}", answered.len());
    for (name, entry) in &answered {
        assert_eq!(recorded.get(name), Some(entry), "{name} was answered, and is not in the record");
    }
    // Each server may have recorded one act whose answer was cut off, and no more.
    assert!(recorded.len() <= answered.len() + 8, "{} of {}", recorded.len(), answered.len());
}

/// A record with so many secrets, each with one document and a grant for Eva; gives the grants.
fn granted(folder: &Folder, count: usize) -> Vec<(String, String)> {
    let config = service::Config::local(folder.data());
    let passphrase = service::Passphrase::new(crate::support::PASSPHRASE.to_owned());
    runtime().block_on(async {
        let service = service::Service::unseal(config, &passphrase).await.unwrap();
        let (olga, eva, carl) = (PersonId(6), PersonId(7), PersonId(2));
        let mut granted = Vec::new();
        for n in 0..count {
            let secret = company::submit(&service, olga, Tier::Confidential, &format!("Recipe {n}")).await;
            let accept = program::secrets::Command::Accept { secret, note: None };
            service.act(&company::shell(carl), accept).await.unwrap();
            company::seal(&service, olga, secret, &format!("recipe-{n}.md")).await;
            let document = service.state().documents.of(secret).next().unwrap().id;
            let request = company::ask(&service, eva, secret).await;
            let grant = company::approve(&service, olga, request).await;
            granted.push((grant.to_string(), document.to_string()));
        }
        granted
    })
}

#[test]
fn a_grant_revoked_by_a_command_opens_nothing_in_a_server_or_another_command() {
    let folder = Folder::company();
    let granted = granted(&folder, 200);
    let served = Served::start(&folder);
    let token = &Company::shared().eva;
    let open = |document: &str| {
        served.ask("POST", &format!("/api/v1/documents/{document}/open"), token, &Value::Null).unwrap()
    };
    for (round, (grant, document)) in granted.iter().enumerate() {
        let reply = open(document);
        assert_eq!((reply.status, reply.body.as_slice()), (200, RECIPE.as_bytes()), "round {round}");
        folder.run(&["access", "revoke", grant, "--reason", "Done.", "--as", OLGA]).done();
        let reply = open(document);
        assert_eq!(reply.status, 403, "round {round}: {}", String::from_utf8_lossy(&reply.body));
        assert!(!reply.body.windows(10).any(|window| RECIPE.as_bytes().windows(10).any(|w| w == window)));
        if round % 10 == 0 {
            let said = folder.run(&["document", "open", document, "--as", EVA]).fails(1);
            assert!(said.contains("grant: "), "{said}");
        }
    }
    folder.whole();
}

#[test]
fn a_grant_revoked_in_a_server_opens_nothing_for_a_command() {
    let folder = Folder::company();
    let granted = granted(&folder, 40);
    let served = Served::start(&folder);
    let token = &Company::shared().olga;
    for (grant, document) in &granted {
        assert_eq!(folder.run(&["document", "open", document, "--as", EVA]).done(), RECIPE);
        let path = format!("/api/v1/grants/{grant}/revoke");
        let reply = served.ask("POST", &path, token, &json!({ "reason": "Done." })).unwrap();
        assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
        folder.run(&["document", "open", document, "--as", EVA]).fails(1);
    }
}

#[test]
fn a_token_of_somebody_who_was_suspended_by_a_command_opens_nothing() {
    let folder = Folder::company();
    let served = Served::start(&folder);
    let token = &Company::shared().eva;
    let open = || served.ask("POST", "/api/v1/documents/D-1/open", token, &Value::Null).unwrap().status;
    assert_eq!(open(), 200);
    folder.run(&["person", "suspend", EVA, "--reason", "A question."]).done();
    assert!(matches!(open(), 401 | 403), "a suspended person's token still opens");
}

#[test]
fn serving_says_where_in_json_and_stops_when_it_is_told_to() {
    let folder = Folder::company();
    let mut shell = Command::new("bash");
    // The first line that it prints tells that it serves.
    let script = "set -m; coproc \"$0\" serve --listen 127.0.0.1:0 --json; read -r -u ${COPROC[0]} line; \
                  kill -TERM $COPROC_PID; echo \"$line\"; cat <&${COPROC[0]}; wait $COPROC_PID";
    shell.args(["-c", script, RINGFENCE]).env("RINGFENCE_DATA", folder.data());
    shell.env("RINGFENCE_PASSPHRASE", crate::support::PASSPHRASE).env_remove("RINGFENCE_JOURNAL");
    let told = crate::support::Answer::of(&mut shell, "serve --json".to_owned()).json();
    assert!(told["address"].as_str().unwrap().starts_with("http://127.0.0.1:"), "{told}");
    assert!(told["set_up"].is_null(), "there is an administrator: {told}");
}
