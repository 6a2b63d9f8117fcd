//! Agreements: their sealed texts, and the acts around reading and signing them.

use crate::committer::Done;
use crate::error::ServiceError;
use crate::house::Service;
use bytes::Bytes;
use futures::{TryStreamExt, stream};
use program::agreements::{self, Command, Covers, Media, Publication, Shown, Signing, TextRef};
use program::{Actor, AgreementId, Digest, Line, PersonId, Refusal, Scope, Text, Time};

/// The longest Markdown text, in bytes: some three hundred pages.
const LONGEST_MARKDOWN: usize = 1 << 20;
/// The largest PDF, in bytes.
const LARGEST_PDF: usize = 20 << 20;

/// A version about to be published.
#[derive(Debug, Clone)]
pub struct NewVersion {
    /// The agreement it belongs to; a new one where absent.
    pub agreement: Option<AgreementId>,
    /// What it is called.
    pub title: Line,
    /// The exact text.
    pub bytes: Vec<u8>,
    /// Which secrets it covers.
    pub covers: Covers,
    /// In force for so many days after signing; without end where absent.
    pub term_days: Option<u32>,
    /// Earlier signatures no longer suffice.
    pub resign: bool,
    /// By when those asked again have to sign.
    pub due: Option<Time>,
    /// Signing needs a second factor.
    pub second_factor: bool,
    /// What changed and why.
    pub note: Option<Text>,
}

/// A copy that was signed on paper.
#[derive(Debug, Clone)]
pub struct PaperCopy {
    /// The agreement.
    pub agreement: AgreementId,
    /// The version that was signed.
    pub version: u32,
    /// Who signed.
    pub person: PersonId,
    /// The name as it stands on the paper.
    pub name: Line,
    /// When it was signed.
    pub signed_on: Time,
    /// The scan: a PDF.
    pub scan: Vec<u8>,
}

/// The exact text of a version.
#[derive(Debug, Clone)]
pub struct AgreementText {
    /// The version.
    pub version: u32,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Their SHA-256.
    pub digest: Digest,
    /// How they are written.
    pub media: Media,
}

impl Service {
    /// Publishes a version of an agreement.
    ///
    /// # Errors
    /// The file is neither Markdown nor PDF, or is too large; a rule refuses it.
    pub async fn publish_agreement(&self, actor: &Actor, new: NewVersion) -> Result<Done, ServiceError> {
        let media = media_of(&new.bytes)?;
        let stored = self.house.blobs.store(stream::iter([Ok(Bytes::from(new.bytes))]), None).await?;
        let text = TextRef { blob: stored.blob.to_string(), digest: stored.digest, size: stored.size, media };
        let publication = Publication {
            title: new.title,
            text,
            covers: new.covers,
            term_days: new.term_days,
            resign: new.resign,
            due: new.due,
            second_factor: new.second_factor,
            note: new.note,
        };
        let command = Command::Publish { agreement: new.agreement, publication: Box::new(publication) };
        self.record_content(actor, stored, Scope::Organisation, command.into()).await
    }

    /// Shows the current text to somebody who is to sign it, and records that it was shown.
    ///
    /// # Errors
    /// It was not assigned to them.
    pub async fn show_agreement(
        &self,
        actor: &Actor,
        id: AgreementId,
    ) -> Result<AgreementText, ServiceError> {
        let state = self.state();
        let newest = state.agreements.get(id).and_then(agreements::Agreement::newest);
        let newest = newest.ok_or_else(|| Refusal::unknown(id))?;
        let (version, digest) = (newest.number, newest.text.digest);
        let known = actor.person.and_then(|person| state.agreements.opened(person, id));
        if known.is_none_or(|opened| opened.version != version) {
            self.act(actor, Command::Open { agreement: id, version, digest }).await?;
        } else if !agreements::may_read(&state, actor, self.now(), id, version) {
            return Err(Refusal::unknown(id).into());
        }
        self.text(&newest.text, version).await
    }

    /// The text of any version, for those who run the agreements, and for whoever signed or was asked to sign it.
    ///
    /// # Errors
    /// It is not known to this actor.
    pub async fn agreement_text(
        &self,
        actor: &Actor,
        id: AgreementId,
        version: u32,
    ) -> Result<AgreementText, ServiceError> {
        let state = self.state();
        if !agreements::may_read(&state, actor, self.now(), id, version) {
            return Err(Refusal::unknown(id).into());
        }
        let found = state.agreements.get(id).and_then(|agreement| agreement.version(version));
        let found = found.ok_or_else(|| Refusal::unknown(id))?;
        self.text(&found.text, version).await
    }

    /// The scan of a signed paper copy, by the entry of its signature: for those who run the agreements, and for whoever
    /// signed it.
    ///
    /// # Errors
    /// It is not known to this actor.
    pub async fn paper_scan(
        &self,
        actor: &Actor,
        agreement: AgreementId,
        entry: u64,
    ) -> Result<AgreementText, ServiceError> {
        let state = self.state();
        let found = agreements::signature_at(&state, actor, self.now(), agreement, entry);
        let found =
            found.and_then(|(person, signature)| Some((person, signature, signature.paper.as_ref()?)));
        let (person, signature, scan) = found.ok_or_else(|| Refusal::unknown(agreement))?;
        let bytes = self.read_small(&scan.blob, Scope::Person(person)).await?;
        Ok(AgreementText { version: signature.version, bytes, digest: scan.digest, media: scan.media })
    }

    /// Signs an agreement.
    ///
    /// # Errors
    /// A rule refuses it: not assigned, not read to the end, another name, another text, no second factor.
    pub async fn sign_agreement(&self, actor: &Actor, signing: Signing) -> Result<Done, ServiceError> {
        self.act(actor, Command::Sign(Box::new(signing))).await
    }

    /// Records a signed paper copy: the scan is sealed under the signer's own key.
    ///
    /// # Errors
    /// The scan is no PDF; a rule refuses it.
    pub async fn record_paper(&self, actor: &Actor, paper: PaperCopy) -> Result<Done, ServiceError> {
        let media = media_of(&paper.scan)?;
        let stored = self.house.blobs.store(stream::iter([Ok(Bytes::from(paper.scan))]), None).await?;
        let scan = TextRef { blob: stored.blob.to_string(), digest: stored.digest, size: stored.size, media };
        let PaperCopy { agreement, version, person, name, signed_on, .. } = paper;
        let command = Command::RecordPaper { agreement, version, person, name, signed_on, scan };
        self.record_content(actor, stored, Scope::Person(person), command.into()).await
    }

    async fn text(&self, text: &TextRef, version: u32) -> Result<AgreementText, ServiceError> {
        let bytes = self.read_small(&text.blob, Scope::Organisation).await?;
        Ok(AgreementText { version, bytes, digest: text.digest, media: text.media })
    }

    async fn read_small(&self, blob: &str, under: Scope) -> Result<Vec<u8>, ServiceError> {
        let house = &self.house;
        let key = house.keys.content(house.journal.store(), blob, under).await?;
        let document = house.blobs.read(&key, blob).await?;
        let pieces = document
            .read_range(0..document.len())
            .map_err(|error| ServiceError::Content(error.to_string()))?;
        let bytes = pieces.try_fold(Vec::new(), |mut all, piece| async move {
            all.extend_from_slice(&piece);
            Ok(all)
        });
        Ok(bytes.await?)
    }
}

/// How the agreement's text was shown, by the way the actor came in.
#[must_use]
pub fn shown_by(actor: &Actor, media: Media) -> Shown {
    match (&actor.via, media) {
        (program::Via::Shell { .. }, _) => Shown::Terminal,
        (_, Media::Markdown) => Shown::Page,
        (_, Media::Pdf) => Shown::File,
    }
}

/// An agreement is Markdown or PDF, judged by its bytes and not by its name: an archive is neither.
fn media_of(bytes: &[u8]) -> Result<Media, Refusal> {
    let refused = |message: &str| {
        Refusal::input("file", message.to_owned()).remedy("give the text as Markdown (UTF-8) or as PDF")
    };
    if bytes.starts_with(b"%PDF-") {
        return match bytes.len() {
            size if size > LARGEST_PDF => Err(refused("the PDF is larger than 20 MiB")),
            _ if !is_whole_pdf(bytes) => {
                Err(refused("the PDF is not whole: it has no end").remedy("save or send the file again"))
            }
            _ => Ok(Media::Pdf),
        };
    }
    let text = std::str::from_utf8(bytes).map_err(|_| refused("the file is neither PDF nor UTF-8 text"))?;
    if text.trim().is_empty() {
        return Err(refused("the text is empty"));
    }
    if bytes.len() > LONGEST_MARKDOWN {
        return Err(refused("the text is longer than 1 MiB"));
    }
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err(refused("the file holds control characters, so it is no plain text"));
    }
    Ok(Media::Markdown)
}

/// A PDF ends with where its cross-references are and a mark (ISO 32000-1, section 7.5.5); readers look for them in the
/// last 1,024 bytes. A file that was cut lacks them.
fn is_whole_pdf(bytes: &[u8]) -> bool {
    let end = bytes.get(bytes.len().saturating_sub(1024)..).unwrap_or(bytes);
    let holds = |mark: &[u8]| end.windows(mark.len()).any(|window| window == mark);
    holds(b"startxref") && holds(b"%%EOF")
}
