//! The words seeded people are made of.
//!
//! Names in several scripts and lengths, because a client that counts bytes or expects two parts
//! breaks on them.

pub(crate) const NAMES: [&str; 40] = [
    "Ana Lindgren",
    "Remy Castellan",
    "Theo Brandt",
    "王小明",
    "佐藤 花子",
    "김민준",
    "Иван Петров",
    "Ольга Смирнова",
    "محمد العلي",
    "ليلى حداد",
    "שירה כהן",
    "Γιώργος Παπαδόπουλος",
    "अनिका शर्मा",
    "สมชาย ใจดี",
    "Nguyễn Thị Minh Khai",
    "Zoë van der Meer",
    "Björn Ásgeirsson",
    "José María O'Neill-Ruiz",
    "Chiamaka Eze",
    "Siobhán Ní Dhomhnaill",
    "Madonna",
    "Łucja Żółć",
    "Çağla Yıldız",
    "Fatou Diop",
    "Marcus Webb",
    "Ingrid Solberg",
    "Kofi Mensah",
    "Rosa Delgado",
    "Peter Vance",
    "Hugo Lefèvre",
    "Mei-Ling Wu",
    "Ravi Patel",
    "Tariq Aziz Rahman",
    "Elena Popescu",
    "Jack \"JJ\" Jones",
    "Ayşe Demir",
    "D'Angelo Brooks",
    "Nadia & Co",
    "Wolfeschlegelsteinhausen Bergerdorff Senior",
    "👩‍💻 Robin Dev",
];

pub(crate) const FIRMS: [&str; 8] = [
    "Northfield Robotics",
    "Tidewater Labs",
    "Café Numérique",
    "Blue Heron Bank",
    "Ostwind GmbH",
    "株式会社さくら",
    "Quill & Sons",
    "Meridian Freight",
];

pub(crate) const LOCATIONS: [&str; 8] = [
    "Portland, OR, USA",
    "Lisboa, Portugal",
    "München",
    "São Paulo",
    "東京",
    "Remote",
    "Lagos, Nigeria",
    "Kraków",
];

pub(crate) const TAGS: [&str; 9] = [
    "Boats",
    "Rust",
    "C++",
    "senior",
    "Senior",
    "Referral bonus",
    "re-engage 2026",
    "R&D",
    "日本語",
];

pub(crate) const SOURCES: [&str; 7] = [
    "Job site",
    "LinkedIn",
    "Added manually",
    "Referral",
    "Career fair",
    "Agency: Tern & Plover",
    "GitHub",
];
