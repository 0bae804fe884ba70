//! The files of a journal: entries one after the other, in files named by a rising number.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::entry::{self, Entry, NoEntry};

/// How much is read at a time: some hundred records.
const WINDOW: u64 = 1 << 20;
const EXTENSION: &str = "segment";

/// The file of the segment with that number. Sixteen digits, so that names sort as numbers do.
pub(super) fn path(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("{number:016}.{EXTENSION}"))
}

/// The number of the segment in that file, if it is one.
pub(super) fn number(path: &Path) -> Option<u64> {
    let stem = path.file_stem()?.to_str()?;
    (path.extension()? == EXTENSION && stem.len() == 16).then(|| stem.parse().ok())?
}

/// Forces the names of new segments to the disk. Only Unix lets a directory be opened for that; elsewhere names are the
/// file system's affair.
pub(super) fn sync_names(directory: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(directory)?.sync_all() } else { Ok(()) }
}

/// What a [`SegmentReader`] comes across.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// A whole entry.
    Entry(Entry),
    /// Bytes that are no entry, up to the next whole one or, if there is none, to the end.
    Damaged { bytes: u64, to_the_end: bool },
}

/// Reads a segment from front to back, also while it grows.
pub(super) struct SegmentReader {
    file: File,
    /// Loaded bytes; those before `at` are done with.
    window: Vec<u8>,
    at: usize,
    /// Where in the file the window ends.
    loaded: u64,
}

impl SegmentReader {
    pub(super) fn open(path: &Path, offset: u64) -> io::Result<Self> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(offset))?;
        Ok(Self { file, window: Vec::new(), at: 0, loaded: offset })
    }

    /// Where in the file the next item begins.
    pub(super) fn position(&self) -> u64 {
        self.loaded - (self.window.len() - self.at) as u64
    }

    /// The next item of the first `end` bytes; `None` at their end.
    pub(super) fn next(&mut self, end: u64) -> io::Result<Option<Item>> {
        loop {
            match entry::decode(&self.window[self.at..]) {
                Ok((entry, size)) => {
                    self.at += size;
                    return Ok(Some(Item::Entry(entry)));
                }
                Err(NoEntry::Part) if self.load(end)? => {}
                Err(NoEntry::Part) if self.position() >= end => return Ok(None),
                Err(NoEntry::Part | NoEntry::Damaged) => return self.skip_damage(end).map(Some),
            }
        }
    }

    /// Goes to the next whole entry. Holds the rest of the segment in memory to find it.
    fn skip_damage(&mut self, end: u64) -> io::Result<Item> {
        while self.load(end)? {}
        let damaged = &self.window[self.at..];
        let marks = damaged.windows(entry::MARKER.len()).enumerate().skip(1);
        let mut marks = marks.filter(|(_, bytes)| *bytes == entry::MARKER);
        if let Some((distance, _)) = marks.find(|&(distance, _)| entry::decode(&damaged[distance..]).is_ok()) {
            self.at += distance;
            return Ok(Item::Damaged { bytes: distance as u64, to_the_end: false });
        }
        // `end` rather than what was loaded: the file may be shorter than it should be.
        let bytes = end.saturating_sub(self.position());
        self.window.clear();
        self.at = 0;
        self.loaded = self.file.seek(SeekFrom::Start(end))?;
        Ok(Item::Damaged { bytes, to_the_end: true })
    }

    /// Loads some of the bytes up to `end`; `false` when there are no more.
    fn load(&mut self, end: u64) -> io::Result<bool> {
        let wanted = end.saturating_sub(self.loaded).min(WINDOW);
        self.window.drain(..self.at);
        self.at = 0;
        let read = (&self.file).take(wanted).read_to_end(&mut self.window)?;
        self.loaded += read as u64;
        Ok(read > 0)
    }
}

/// A file that is written at its end. A trait, so that tests can make it fail as disks do.
pub(super) trait Growing: Write {
    /// Makes it `length` bytes long, and goes on writing there.
    fn cut(&mut self, length: u64) -> io::Result<()>;
    /// Forces what was written to the disk.
    fn sync(&self) -> io::Result<()>;
}

impl Growing for File {
    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)?;
        self.seek(SeekFrom::Start(length)).map(drop)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}

/// The end of the newest segment, where entries are added.
pub(super) struct Tail<F> {
    pub(super) file: F,
    /// The length of the whole entries in it.
    pub(super) length: u64,
    /// A failed write left something behind them that could not be cut off yet.
    dirty: bool,
}

impl<F: Growing> Tail<F> {
    pub(super) fn new(file: F) -> Self {
        Self { file, length: 0, dirty: false }
    }

    /// Adds a whole entry, or nothing.
    pub(super) fn append(&mut self, entry: &[u8], sync: bool) -> io::Result<()> {
        if self.dirty {
            self.file.cut(self.length)?;
            self.dirty = false;
        }
        let written = self.file.write_all(entry).and_then(|()| if sync { self.file.sync() } else { Ok(()) });
        match written {
            Ok(()) => self.length += entry.len() as u64,
            // Half an entry may be there. The next one must not be written behind it.
            Err(_) => self.dirty = self.file.cut(self.length).is_err(),
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use router_core::id::RequestId;
    use uuid::Uuid;

    use super::*;
    use crate::journal::entry::Kind;

    /// A disk with room for so many bytes, whose cuts can be made to fail.
    struct SmallDisk {
        bytes: Vec<u8>,
        room: usize,
        stuck: bool,
    }

    impl Write for SmallDisk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let taken = bytes.len().min(self.room - self.bytes.len());
            self.bytes.extend_from_slice(&bytes[..taken]);
            if taken == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(taken) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Growing for SmallDisk {
        fn cut(&mut self, length: u64) -> io::Result<()> {
            if self.stuck {
                return Err(io::ErrorKind::ReadOnlyFilesystem.into());
            }
            self.bytes.truncate(length as usize);
            Ok(())
        }

        fn sync(&self) -> io::Result<()> {
            Ok(())
        }
    }

    fn entry(text: &str) -> Vec<u8> {
        entry::encode(Kind::Outcome, 0, RequestId(Uuid::now_v7()), &text).unwrap()
    }

    fn texts(segment: &[u8]) -> Vec<Result<String, u64>> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), segment).unwrap();
        let mut reader = SegmentReader::open(file.path(), 0).unwrap();
        let mut found = Vec::new();
        while let Some(item) = reader.next(segment.len() as u64).unwrap() {
            found.push(match item {
                Item::Entry(entry) => Ok(serde_json::from_slice(&entry.payload).unwrap()),
                Item::Damaged { bytes, .. } => Err(bytes),
            });
        }
        assert_eq!(reader.position(), segment.len() as u64);
        found
    }

    #[test]
    fn a_write_cut_short_by_a_full_disk_leaves_nothing_behind() {
        for stuck in [false, true] {
            let first = entry("first");
            let mut tail = Tail::new(SmallDisk { bytes: Vec::new(), room: first.len() + 10, stuck });
            tail.append(&first, false).unwrap();
            tail.append(&entry("lost"), false).unwrap_err();
            tail.append(&entry("lost too"), false).unwrap_err();
            (tail.file.room, tail.file.stuck) = (10_000, false);
            tail.append(&entry("second"), false).unwrap();
            assert_eq!(texts(&tail.file.bytes), [Ok("first".to_owned()), Ok("second".to_owned())]);
        }
    }

    #[test]
    fn damage_hides_only_what_it_hits() {
        let (one, two, three) = (entry("one"), entry("two"), entry("three"));
        let whole = [&one[..], &two, &three].concat();
        for at in one.len()..one.len() + two.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x55;
            let expected = [Ok("one".to_owned()), Err(two.len() as u64), Ok("three".to_owned())];
            assert_eq!(texts(&damaged), expected, "byte {at}");
        }
    }

    #[test]
    fn entries_longer_than_the_window_are_read_whole() {
        let long = "x".repeat(3 * WINDOW as usize);
        let segment = [entry("before"), entry(&long), entry("after")].concat();
        assert_eq!(texts(&segment), [Ok("before".to_owned()), Ok(long), Ok("after".to_owned())]);
    }

    #[test]
    fn only_segments_are_taken_for_segments() {
        assert_eq!(number(&path(Path::new("/journal"), 7)), Some(7));
        for other in ["lock", "position", "rejected.jsonl", "7.segment", "000000000000000x.segment"] {
            assert_eq!(number(Path::new(other)), None, "{other}");
        }
    }
}
