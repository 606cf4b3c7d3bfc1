//! Which of all ways to ask are tried on a path.

use super::axes::{Content, From, Host, Is, METHODS, Origin, Verdict, Who, contents};
use super::declared::Operation;
use super::door::Door;
use rand::rngs::StdRng;
use rand::seq::IteratorRandom as _;
use rand::{Rng as _, SeedableRng as _};

/// One way to ask: places on the axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    pub host: usize,
    pub origin: usize,
    pub method: usize,
    pub content: usize,
    pub who: usize,
}

/// The axes, and the cells to try.
pub struct Cells {
    pub hosts: Vec<Host>,
    pub origins: Vec<Origin>,
    pub contents: Vec<Content>,
    pub all: Vec<Cell>,
}

/// How many of the cells of a path are drawn that are in none of the parts that are tried whole.
const DRAWN: usize = 100;

impl Cells {
    pub fn of(door: &Door, operations: &[&Operation]) -> Self {
        Cells::with(door, |cells| match std::env::var("MATRIX").as_deref() {
            Ok("all") => cells.product(|_| true).collect(),
            _ => cells.chosen(operations),
        })
    }

    /// What a door of another kind may do differently: the names that it goes by, and who is let in there. What comes after that
    /// is the same for all doors.
    pub fn of_names(door: &Door, operations: &[&Operation], who: &[Who]) -> Self {
        Cells::with(door, |cells| {
            let declared = |cell: &Cell| operations.iter().any(|o| o.method == METHODS[cell.method]);
            let meant = |cell: &Cell| cell.content == 0 && who.contains(&Who::ALL[cell.who]);
            // Each name with the keys that tell most; each kind of key at the first name, from every page.
            let plain = |cell: &Cell| matches!(Who::ALL[cell.who], Who::Nobody | Who::Wrong | Who::Admin);
            cells
                .product(|cell| meant(cell) && declared(cell))
                .filter(|cell| if cell.host == 0 { true } else { cell.origin == 0 && plain(cell) })
                // And methods that there are not.
                .chain(cells.product(|cell| meant(cell) && cell.host == 0 && cell.origin == 0 && plain(cell)))
                .collect()
        })
    }

    fn with(door: &Door, choose: impl FnOnce(&Cells) -> Vec<Cell>) -> Self {
        let mut cells =
            Cells { hosts: door.hosts.clone(), origins: door.origins.clone(), contents: contents(), all: Vec::new() };
        cells.all = choose(&cells);
        cells.all.sort_unstable();
        cells.all.dedup();
        cells
    }

    fn product(&self, wanted: impl Fn(&Cell) -> bool) -> impl Iterator<Item = Cell> {
        let (hosts, origins, contents) = (self.hosts.len(), self.origins.len(), self.contents.len());
        let all = (0..hosts).flat_map(move |host| {
            (0..origins).flat_map(move |origin| {
                (0..METHODS.len()).flat_map(move |method| {
                    (0..contents).flat_map(move |content| {
                        (0..Who::ALL.len()).map(move |who| Cell { host, origin, method, content, who })
                    })
                })
            })
        });
        all.filter(move |cell| wanted(cell))
    }

    /// Whole: Host × Origin × key of each operation as it is meant to be called, because these are looked at first; and
    /// method × content × key where those let pass. Of all the rest, a part by chance.
    fn chosen(&self, operations: &[&Operation]) -> Vec<Cell> {
        let declared = |cell: &Cell| operations.iter().any(|o| o.method == METHODS[cell.method]);
        let plain = |cell: &Cell| matches!(self.contents[cell.content].is, Is::Nothing) || cell.content == 0;
        let door = self.product(|cell| declared(cell) && cell.content == 0);
        let inside = self.product(|cell| {
            // Where there is no such method nobody looks at the body.
            cell.host == 0 && cell.origin == 0 && (declared(cell) || plain(cell))
        });
        let mut cells: Vec<Cell> = door.chain(inside).collect();
        // What is let in from an app's own page is let in by the same rules.
        let page = self.product(|cell| {
            cell.host == 0 && self.origins[cell.origin].from == From::TheApp && cell.who != 0 && declared(cell)
        });
        cells.extend(page);
        let mut chance = StdRng::seed_from_u64(seed());
        let rest = self.product(|cell| !Who::ALL[cell.who].guesses() || self.hosts[cell.host].good != Verdict::Good);
        cells.extend(rest.choose_multiple(&mut chance, DRAWN));
        cells
    }
}

/// Another one each time, told when something is wrong.
pub fn seed() -> u64 {
    use std::sync::OnceLock;
    static SEED: OnceLock<u64> = OnceLock::new();
    *SEED.get_or_init(|| {
        let given = std::env::var("MATRIX_SEED").ok().and_then(|text| text.parse().ok());
        given.unwrap_or_else(|| rand::rng().random())
    })
}
