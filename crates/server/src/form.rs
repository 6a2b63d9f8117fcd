//! Forms on their way in: urlencoded ones whole, ones with a file as a stream.

use crate::app::App;
use crate::errors::PageError;
use crate::guard::Seen;
use crate::proof;
use axum::extract::{FromRequest, Request};
use axum::http::header;
use bytes::Bytes;
use futures::{Stream, TryStreamExt};
use multer::{Field, Multipart};
use serde::de::DeserializeOwned;

/// Was the name typed that the form asked for? Spaces and case do not matter: it is asked to make one stop, not to spell.
pub(crate) fn is_confirmed(typed: &str, wanted: &str) -> bool {
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    plain(typed) == plain(wanted)
}

/// The longest value of a text field beside a file, in bytes.
const LONGEST_FIELD: usize = 128 << 10;
/// The most fields beside a file.
const MOST_FIELDS: usize = 64;

/// A form, read into `T`. A field that comes more than once goes into a `Vec`; a field that is left empty is an empty text,
/// so that a form with errors can be shown again as it was typed. That it was sent from our own page the guard has checked
/// for every [`crate::Routes::post`].
#[derive(Debug, Clone)]
pub struct SafeForm<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for SafeForm<T> {
    type Rejection = PageError;

    async fn from_request(request: Request, app: &App) -> Result<Self, PageError> {
        let body = Bytes::from_request(request, app).await.map_err(|_| PageError::TooLarge)?;
        let read = serde_html_form::from_bytes(&body);
        read.map(SafeForm).map_err(|_| PageError::BadRequest("the form was not complete"))
    }
}

/// A form with a file: the token against forgery first, then text fields, then the file, which streams.
pub struct SafeUpload {
    multipart: Multipart<'static>,
    fields: Vec<(String, String)>,
}

/// The file of a form, streaming.
pub struct UploadedFile {
    /// Its name on the sender's machine; empty where the browser gave none.
    pub name: String,
    /// The media type the browser took it for.
    pub media_type: String,
    field: Field<'static>,
}

impl FromRequest<App> for SafeUpload {
    type Rejection = PageError;

    async fn from_request(request: Request, _: &App) -> Result<Self, PageError> {
        let seen = request.extensions().get::<Seen>().cloned().ok_or(PageError::Internal)?;
        // What is no form with a file at all carries no proof either.
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let boundary = multer::parse_boundary(kind.unwrap_or_default()).map_err(|_| PageError::Forged)?;
        let mut multipart = Multipart::new(request.into_body().into_data_stream(), boundary);
        let first = multipart.next_field().await.map_err(|_| PageError::Forged)?.ok_or(PageError::Forged)?;
        if first.name() != Some("csrf") || !proof::is_form(&seen.binding, &text(first, 256).await?) {
            return Err(PageError::Forged);
        }
        Ok(Self { multipart, fields: Vec::new() })
    }
}

impl SafeUpload {
    /// Reads the text fields up to the file, and gives the file; `None` where none was chosen. In the form the file comes
    /// last.
    ///
    /// # Errors
    /// A field is too long, or the upload broke off.
    pub async fn file(&mut self) -> Result<Option<UploadedFile>, PageError> {
        next_file(&mut self.multipart, &mut self.fields).await
    }

    /// Reads the text fields and the whole file, which must not be larger than `most` bytes.
    ///
    /// # Errors
    /// It is larger, or the upload broke off.
    pub async fn whole(&mut self, most: usize) -> Result<Option<WholeFile>, PageError> {
        let Some(file) = self.file().await? else {
            return Ok(None);
        };
        let (name, media_type) = (file.name.clone(), file.media_type.clone());
        let mut bytes = Vec::new();
        let mut pieces = std::pin::pin!(file.content());
        while let Some(piece) =
            pieces.try_next().await.map_err(|_| PageError::BadRequest("the upload broke off"))?
        {
            if bytes.len().saturating_add(piece.len()) > most {
                return Err(PageError::TooLarge);
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(Some(WholeFile { name, media_type, bytes }))
    }

    /// A text field that came before the file, empty where there was none. Call [`SafeUpload::file`] first, or look at
    /// [`SafeUpload::fields`] before the file's content is taken.
    #[must_use]
    pub fn field(&self, name: &str) -> &str {
        self.fields.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
    }

    /// Reads the text fields up to the file into `T`, and gives the file with it.
    ///
    /// # Errors
    /// The fields do not make a `T`, or the upload broke off.
    pub async fn read<T: DeserializeOwned>(&mut self) -> Result<(T, Option<UploadedFile>), PageError> {
        let found = next_file(&mut self.multipart, &mut self.fields).await?;
        let pairs = serde_html_form::to_string(&self.fields).map_err(|_| PageError::Internal)?;
        let read = serde_html_form::from_str(&pairs);
        Ok((read.map_err(|_| PageError::BadRequest("the form was not complete"))?, found))
    }
}

/// A file that was read whole.
#[derive(Debug, Clone)]
pub struct WholeFile {
    /// Its name on the sender's machine.
    pub name: String,
    /// The media type the browser took it for.
    pub media_type: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl UploadedFile {
    /// The bytes as they come, in constant memory.
    pub fn content(self) -> impl Stream<Item = std::io::Result<Bytes>> + Send + use<> {
        self.field.map_err(std::io::Error::other)
    }
}

async fn next_file(
    multipart: &mut Multipart<'static>,
    fields: &mut Vec<(String, String)>,
) -> Result<Option<UploadedFile>, PageError> {
    while let Some(field) = multipart.next_field().await.map_err(broken)? {
        let name = field.name().unwrap_or_default().to_owned();
        match field.file_name().map(str::to_owned) {
            // A browser sends a file field without a file as one with an empty name.
            Some(file) if file.is_empty() => {}
            Some(file) => {
                let media_type =
                    field.content_type().map_or("application/octet-stream", |kind| kind.essence_str());
                return Ok(Some(UploadedFile { name: file, media_type: media_type.to_owned(), field }));
            }
            None if fields.len() < MOST_FIELDS => fields.push((name, text(field, LONGEST_FIELD).await?)),
            None => return Err(PageError::BadRequest("the form has too many fields")),
        }
    }
    Ok(None)
}

async fn text(mut field: Field<'static>, most: usize) -> Result<String, PageError> {
    let mut bytes = Vec::new();
    while let Some(piece) = field.chunk().await.map_err(broken)? {
        if bytes.len().saturating_add(piece.len()) > most {
            return Err(PageError::TooLarge);
        }
        bytes.extend_from_slice(&piece);
    }
    String::from_utf8(bytes).map_err(|_| PageError::BadRequest("a field is not UTF-8 text"))
}

fn broken(_: multer::Error) -> PageError {
    PageError::BadRequest("the upload broke off")
}
