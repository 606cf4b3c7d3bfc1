use std::fmt;

/// What is wrong with a file or a directory of Baileys, and what to do about it. Never holds what stands in the file.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {fault}")]
pub struct BaileysError {
    /// The name of the file within the directory, or the path of the directory when that is what is wrong.
    pub file: String,
    pub fault: Fault,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error(
        "is missing; give the directory that Baileys' useMultiFileAuthState was given, with creds.json and one file per key"
    )]
    Missing,
    #[error("is not JSON at {0}; the file is damaged, take the directory from a copy")]
    NotJson(Position),
    #[error(
        "ends in the middle, at {0}; it was not written to its end. Stop the program that uses Baileys before its directory is \
         copied, and copy it again"
    )]
    CutOff(Position),
    #[error("is empty; it was not written to its end, or the disk was full. Take the directory from a copy")]
    Empty,
    #[error("belongs to no account (it has no `{0}`); pair Baileys first, and let it connect once")]
    Unpaired(&'static str),
    #[error("`{field}` {problem}")]
    Field { field: String, problem: Problem },
    #[error("holds a session that cannot be taken over: {0}")]
    Session(String),
    #[error("holds a sender key that cannot be taken over: {0}")]
    SenderKey(String),
    #[error("is larger than {0} KiB, which no file of Baileys is")]
    TooLarge(u64),
    #[error("holds more than {0} files, which no directory of Baileys does")]
    TooMany(usize),
    #[error("is no plain file; links are not followed, copy the directory with what the links lead to")]
    NotPlain,
    #[error("is no directory; give the one that Baileys' useMultiFileAuthState was given")]
    NotDirectory,
    #[error("is there already; give a directory that is not there yet")]
    Exists,
    #[error("{0}")]
    Io(String),
    /// Only on the way out.
    #[error("cannot be written: {0}")]
    Unwritable(String),
}

/// Both count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    #[error("is missing")]
    Missing,
    #[error("is not {0}")]
    Not(&'static str),
    #[error("is {found} bytes long, not {wanted}")]
    Length { found: usize, wanted: usize },
    #[error("is no key pair: its public key is another one's")]
    Pair,
    #[error("does not fit the other keys; files of different sessions are mixed")]
    Foreign,
}

impl BaileysError {
    pub(super) fn new(file: impl Into<String>, fault: Fault) -> Self {
        BaileysError { file: file.into(), fault }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}
