//! The checkpoint as it stands: a file to keep, and a sheet to hang on a wall, read over the telephone or deposit.

use crate::app::App;
use crate::errors::PageError;
use crate::frame::Frame;
use crate::pages::table::attachment;
use crate::parts::{Tab, When};
use crate::respond::{PageResult, render};
use crate::visitor::Visitor;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use data_encoding::{BASE64, HEXLOWER};
use qrcode::{QrCode, render::svg};

#[derive(Template)]
#[template(path = "evidence/checkpoint.html")]
struct CheckpointPage {
    frame: Frame,
    trail: Vec<Tab>,
    checkpoint: String,
    verifier: String,
    size: String,
    /// The root in groups of four digits, eight groups in a line.
    root: Vec<String>,
    picture: String,
    /// Its size and eight words.
    words: String,
    when: When,
}

/// `GET /evidence/checkpoint`
pub(super) async fn download(State(app): State<App>, _visitor: Visitor) -> PageResult {
    attachment("checkpoint.txt", "text/plain; charset=utf-8", app.service.checkpoint())
}

/// `GET /evidence/checkpoint/print`
pub(super) async fn page(State(app): State<App>, visitor: Visitor) -> PageResult {
    let checkpoint = app.service.checkpoint();
    let code = QrCode::new(checkpoint.as_bytes()).map_err(|_| PageError::Internal)?;
    let picture = code.render::<svg::Color>().min_dimensions(240, 240).build();
    let picture = picture.split_once("?>").map_or(picture.clone(), |(_, svg)| svg.to_owned());
    // C2SP tlog-checkpoint: origin, size, root, each on a line.
    let mut lines = checkpoint.lines().skip(1);
    let size = lines.next().unwrap_or_default().to_owned();
    let root = BASE64.decode(lines.next().unwrap_or_default().as_bytes()).unwrap_or_default();
    let line = |bytes: &[u8]| bytes.chunks(2).map(|pair| HEXLOWER.encode(pair)).collect::<Vec<_>>().join(" ");
    let page = CheckpointPage {
        frame: visitor.frame("Checkpoint", "/evidence"),
        trail: vec![
            Tab::new("/evidence", "Evidence", false),
            Tab::new("/evidence/checkpoint/print", "Checkpoint", true),
        ],
        root: root.chunks(8).map(line).collect(),
        verifier: app.service.verifier_key(),
        when: visitor.moment(visitor.now),
        words: app.service.checkpoint_in_words()?,
        checkpoint,
        size,
        picture,
    };
    render(StatusCode::OK, &page)
}
