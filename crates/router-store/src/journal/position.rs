//! How far the store has acknowledged the journal, across restarts.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// A place in the journal. Everything before it is in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Position {
    /// The segment's number.
    pub(crate) segment: u64,
    /// Bytes from its beginning.
    pub(crate) offset: u64,
}

/// The file that remembers it: segment, offset and a CRC-32 of both, written in place. A torn write only means that
/// records are written to the store again, which changes nothing there; so it is never forced to the disk either.
pub(super) struct PositionFile(File);

impl PositionFile {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map(Self)
    }

    /// The position; the very beginning if none, or none readable, was stored.
    pub(super) fn load(&mut self) -> io::Result<Position> {
        let mut bytes = Vec::new();
        self.0.seek(SeekFrom::Start(0))?;
        (&self.0).take(20).read_to_end(&mut bytes)?;
        Ok(parse(&bytes).unwrap_or_default())
    }

    pub(super) fn store(&mut self, position: Position) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(20);
        bytes.extend_from_slice(&position.segment.to_le_bytes());
        bytes.extend_from_slice(&position.offset.to_le_bytes());
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        self.0.seek(SeekFrom::Start(0))?;
        self.0.write_all(&bytes)
    }
}

fn parse(bytes: &[u8]) -> Option<Position> {
    let (segment, rest) = bytes.split_first_chunk()?;
    let (offset, rest) = rest.split_first_chunk()?;
    let (checksum, _) = rest.split_first_chunk()?;
    let position = Position { segment: u64::from_le_bytes(*segment), offset: u64::from_le_bytes(*offset) };
    (crc32fast::hash(&bytes[..16]) == u32::from_le_bytes(*checksum)).then_some(position)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_kept_and_a_torn_one_is_the_beginning() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let position = Position { segment: 3, offset: 1 << 40 };
        assert_eq!(PositionFile::open(file.path()).unwrap().load().unwrap(), Position::default());
        PositionFile::open(file.path()).unwrap().store(position).unwrap();
        assert_eq!(PositionFile::open(file.path()).unwrap().load().unwrap(), position);
        file.as_file().set_len(19).unwrap();
        assert_eq!(PositionFile::open(file.path()).unwrap().load().unwrap(), Position::default());
    }
}
