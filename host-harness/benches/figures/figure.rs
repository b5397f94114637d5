//! A figure: its rows against their targets, and its curve.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use plotters::prelude::*;
use serde::Serialize;

/// What was measured.
#[derive(Serialize)]
pub struct Figure {
    pub title: &'static str,
    /// What lies along the curve's axes.
    pub x: &'static str,
    pub y: &'static str,
    pub rows: Vec<Row>,
    pub curves: Vec<Curve>,
    /// How it was measured, where that is not plain.
    pub how: &'static str,
}

/// One line of the table.
#[derive(Serialize)]
pub struct Row {
    pub figure: String,
    pub value: f64,
    pub unit: &'static str,
    pub target: Target,
}

/// What a value is held to.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    AtMost(f64),
    AtLeast(f64),
    /// Measured for comparison.
    None,
}

/// Points of one name; two points make a line across for a target.
#[derive(Serialize)]
pub struct Curve {
    pub name: String,
    pub points: Vec<(f64, f64)>,
}

impl Row {
    pub fn new(figure: impl Into<String>, value: f64, unit: &'static str, target: Target) -> Self {
        Self { figure: figure.into(), value, unit, target }
    }

    fn line(&self) -> String {
        let unit = if self.unit.is_empty() { String::new() } else { format!(" {}", self.unit) };
        let (target, met) = match self.target {
            Target::AtMost(most) => (format!("<= {most}{unit}"), self.value <= most),
            Target::AtLeast(least) => (format!(">= {least}{unit}"), self.value >= least),
            Target::None => {
                return format!("| {} | {}{unit} | | |", self.figure, short(self.value));
            }
        };
        let met = if met { "ok" } else { "**not**" };
        format!("| {} | {}{unit} | {target} | {met} |", self.figure, short(self.value))
    }
}

fn short(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        under if under < 10.0 => format!("{value:.2}"),
        under if under < 100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

impl Figure {
    /// Prints the rows, and writes the data and the curve.
    pub fn write(&self, name: &str) {
        for row in &self.rows {
            println!("{}", row.line());
        }
        // CARGO_TARGET_TMPDIR is a folder in the target directory.
        let data = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("figures");
        std::fs::create_dir_all(&data).expect("the target directory can be written");
        let json = serde_json::to_string_pretty(self).expect("figures are JSON");
        std::fs::write(data.join(format!("{name}.json")), json).expect("the data can be written");
        let plots = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/plots"));
        std::fs::create_dir_all(&plots).expect("the plots' directory can be made");
        self.draw(&plots.join(format!("{name}.svg"))).expect("the curve can be drawn");
    }

    fn draw(&self, path: &Path) -> Result<(), Box<dyn std::error::Error>> {
        let points = || self.curves.iter().flat_map(|curve| &curve.points);
        let right = points().map(|(x, _)| *x).fold(0.0, f64::max);
        let top = points().map(|(_, y)| *y).fold(0.0, f64::max);
        let area = SVGBackend::new(path, (640, 400)).into_drawing_area();
        // White rather than nothing, for readers with a dark page.
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area)
            .caption(self.title, ("sans-serif", 17))
            .margin(12)
            .x_label_area_size(40)
            .y_label_area_size(60)
            .build_cartesian_2d(0.0..right * 1.02, 0.0..top * 1.15)?;
        chart
            .configure_mesh()
            .light_line_style(WHITE)
            .x_desc(self.x)
            .y_desc(self.y)
            .x_labels(8)
            .y_labels(8)
            .draw()?;
        for (number, curve) in self.curves.iter().enumerate() {
            let colour = Palette99::pick(number).to_rgba();
            chart
                .draw_series(LineSeries::new(curve.points.iter().copied(), colour.stroke_width(2)))?
                .label(&curve.name)
                .legend(move |(x, y)| {
                    PathElement::new(vec![(x, y), (x + 16, y)], colour.stroke_width(2))
                });
            let dots = curve.points.iter().map(|point| Circle::new(*point, 3, colour.filled()));
            chart.draw_series(dots)?;
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .background_style(WHITE.mix(0.8))
            .draw()?;
        area.present()?;
        Ok(())
    }
}

impl Curve {
    pub fn new(name: impl Into<String>, points: Vec<(f64, f64)>) -> Self {
        Self { name: name.into(), points }
    }

    /// A target, as a line across.
    pub fn across(name: impl Into<String>, right: f64, value: f64) -> Self {
        Self::new(name, vec![(0.0, value), (right, value)])
    }
}

/// The middle one.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The median of the time that something takes, in microseconds.
pub async fn micros(times: usize, mut action: impl AsyncFnMut()) -> f64 {
    for _ in 0..times.div_ceil(10) {
        action().await;
    }
    let mut taken = Vec::with_capacity(times);
    for _ in 0..times {
        let start = Instant::now();
        action().await;
        taken.push(start.elapsed().as_secs_f64() * 1e6);
    }
    median(taken)
}

/// Milliseconds as a number.
pub fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
