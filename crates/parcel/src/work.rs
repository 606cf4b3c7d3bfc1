/// How much work a guess of the passphrase costs: scrypt's N is two to this power. Each step doubles time and memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Work(u8);

impl Work {
    /// What files are written with: about a second and 256 MiB.
    pub const USUAL: Work = Work(18);
    /// The most that is done to read one: about four seconds and a gibibyte. A file may ask for years.
    pub const MOST: Work = Work(20);
    /// Next to none, for tests.
    pub const TOKEN: Work = Work(4);

    /// `None` unless it is 1 to [`Work::MOST`].
    pub fn new(power: u8) -> Option<Self> {
        (1..=Self::MOST.0).contains(&power).then_some(Work(power))
    }

    pub fn power(self) -> u8 {
        self.0
    }
}
