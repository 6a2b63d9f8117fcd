//! Typst, locked in: it sees the templates and faces in this folder and the data that it is handed, and nothing else.
//!
//! There are no files, no packages, no network, no environment and no clock. Data comes as values, so that nothing in a
//! text can become a command. The same data gives the same bytes.

use crate::error::PressError;
use crate::visible;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{LazyLock, Mutex, PoisonError};
use typst::diag::{FileError, FileResult, SourceDiagnostic, Warned};
use typst::foundations::{Bytes, Datetime, Dict, Duration, Smart};
use typst::layout::Abs;
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook, FontVariant, FontVariations};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt, World, comemo};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};

/// PDF/A-2 at level A: archivable, with its text readable in order; and PDF/UA-1: readable aloud.
const STANDARDS: [PdfStandard; 2] = [PdfStandard::A_2a, PdfStandard::Ua_1];

/// What a document is made of.
pub(crate) struct Order<'a> {
    /// The file among the templates.
    pub(crate) template: &'static str,
    /// Identifies the document; of it a digest stands in the PDF.
    pub(crate) ident: String,
    /// The program that made it.
    pub(crate) creator: &'a str,
    /// Its date, in milliseconds since 1970 UTC.
    pub(crate) made: i64,
}

/// Typesets one document and writes it as PDF.
pub(crate) fn pdf(order: &Order<'_>, data: &impl Serialize) -> Result<Vec<u8>, PressError> {
    // One document at a time: the typesetter uses all cores by itself, and what it remembers of a long document is memory.
    static PRESS: Mutex<()> = Mutex::new(());
    let _turn = PRESS.lock().unwrap_or_else(PoisonError::into_inner);
    let mut data = serde_json::to_value(data)?;
    visible::all(&mut data, &FACES);
    let made = catch_unwind(AssertUnwindSafe(|| set(order, data)));
    // Nothing of one document is of use for the next.
    comemo::evict(0);
    made.unwrap_or_else(|_| Err(PressError::Typesetting("the typesetter gave up".to_owned())))
}

fn set(order: &Order<'_>, data: serde_json::Value) -> Result<Vec<u8>, PressError> {
    let unknown = || PressError::Typesetting(format!("there is no template `{}`", order.template));
    let main = TEMPLATES.iter().find(|(name, _)| *name == order.template).ok_or_else(unknown)?.1.id();
    let data = Dict::deserialize(data)?;
    let library = LazyHash::new(Library::builder().with_inputs(data).build());
    let Warned { output, warnings } = typst::compile::<PagedDocument>(&Desk { library, main });
    debug_assert!(warnings.is_empty(), "{warnings:?}");
    let document = output.map_err(|errors| PressError::Typesetting(sentence(&errors)))?;
    let standards =
        PdfStandards::new(&STANDARDS).map_err(|error| PressError::Writing(error.message().to_string()))?;
    let options = PdfOptions {
        ident: Smart::Custom(order.ident.clone()),
        creator: Smart::Custom(Some(order.creator.to_owned())),
        timestamp: date(order.made).map(Timestamp::new_utc),
        standards,
        ..PdfOptions::default()
    };
    typst_pdf::pdf(&document, &options).map_err(|errors| PressError::Writing(sentence(&errors)))
}

/// The faces that the program brings along, parsed once.
pub(crate) struct Faces {
    book: LazyHash<FontBook>,
    fonts: Vec<Font>,
    /// What the face of running text has in each of its weights.
    text: HashSet<u32>,
    /// What the face for the rest has.
    rest: HashSet<u32>,
}

impl Faces {
    /// Is there one face that has every character of a cluster, in every weight of it?
    pub(crate) fn have(&self, cluster: &str) -> bool {
        let all_in =
            |face: &HashSet<u32>| cluster.chars().all(|character| face.contains(&u32::from(character)));
        all_in(&self.text) || all_in(&self.rest)
    }
}

/// The family of running text, in two weights.
const TEXT: &str = "Liberation Serif";
/// The family for what the first has not: Arabic, Armenian, Georgian, signs.
const REST: &str = "DejaVu Sans";

pub(crate) static FACES: LazyLock<Faces> = LazyLock::new(|| {
    let files: [&'static [u8]; 4] = [
        include_bytes!("../fonts/LiberationSerif-Regular.ttf"),
        include_bytes!("../fonts/LiberationSerif-Bold.ttf"),
        include_bytes!("../fonts/DejaVuSans.ttf"),
        include_bytes!("../fonts/DejaVuSansMono.ttf"),
    ];
    let fonts: Vec<Font> = files.into_iter().filter_map(|file| Font::new(Bytes::new(file), 0)).collect();
    let every = |family| -> HashSet<u32> {
        let mut weights = fonts.iter().filter(|font| font.info().family == family).map(has);
        let first = weights.next().unwrap_or_default();
        weights.fold(first, |both, weight| both.intersection(&weight).copied().collect())
    };
    let (text, rest) = (every(TEXT), every(REST));
    Faces { book: LazyHash::new(FontBook::from_fonts(&fonts)), fonts, text, rest }
});

/// What a font can draw. What it says of itself names whole ranges, with holes in them, so that each character is looked up.
fn has(font: &Font) -> HashSet<u32> {
    let face = font.clone().instantiate(FontVariant::default(), Abs::pt(10.0), &FontVariations::default());
    let drawn = |character: char| face.ttf().glyph_index(character).is_some_and(|glyph| glyph.0 != 0);
    font.info().coverage.iter().filter(|code| char::from_u32(*code).is_some_and(drawn)).collect()
}

static TEMPLATES: LazyLock<Vec<(&'static str, Source)>> = LazyLock::new(|| {
    let files = [
        ("house.typ", include_str!("../templates/house.typ")),
        ("index.typ", include_str!("../templates/index.typ")),
        ("certificate.typ", include_str!("../templates/certificate.typ")),
        ("proof.typ", include_str!("../templates/proof.typ")),
    ];
    let source = |(name, text): (&'static str, &str)| {
        let path = RootedPath::new(VirtualRoot::Project, VirtualPath::new(name).ok()?);
        Some((name, Source::new(FileId::new(path), text.to_owned())))
    };
    files.into_iter().filter_map(source).collect()
});

/// All that the typesetter sees.
struct Desk {
    library: LazyHash<Library>,
    main: FileId,
}

impl World for Desk {
    fn library(&self) -> &LazyHash<Library> {
        &self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &FACES.book
    }

    fn main(&self) -> FileId {
        self.main
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        let known = TEMPLATES.iter().find(|(_, source)| source.id() == id);
        known.map(|(_, source)| source.clone()).ok_or(FileError::AccessDenied)
    }

    fn file(&self, _: FileId) -> FileResult<Bytes> {
        Err(FileError::AccessDenied)
    }

    fn font(&self, index: usize) -> Option<Font> {
        FACES.fonts.get(index).cloned()
    }

    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        None
    }
}

/// A moment as a document's date; none where a PDF cannot bear it.
fn date(made: i64) -> Option<Datetime> {
    let moment = jiff::Timestamp::from_millisecond(made).ok()?.to_zoned(jiff::tz::TimeZone::UTC).datetime();
    let part = |number: i8| u8::try_from(number).ok();
    Datetime::from_ymd_hms(
        i32::from(moment.year()),
        part(moment.month())?,
        part(moment.day())?,
        part(moment.hour())?,
        part(moment.minute())?,
        part(moment.second())?,
    )
}

/// What the typesetter complains of, in one sentence. It may quote the text that it choked on: a few words of it.
fn sentence(errors: &[SourceDiagnostic]) -> String {
    let told: Vec<String> =
        errors.iter().take(3).map(|error| visible::beginning(&error.message, 200)).collect();
    told.join("; ")
}

#[cfg(test)]
mod tests;
