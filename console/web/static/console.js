"use strict";
// Draws what tables say, and keeps a live part still while somebody reads or types in it.

const DASHES = [[], [8, 3], [2, 2], [10, 3, 2, 3], [16, 4]]; // colour alone tells nobody anything
const COLOURS = 8;
const FILLED = "refused";
const HEIGHT = 200;

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function axis(more) {
  return Object.assign({ stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line") } }, more);
}

function isSparse(values) { // a point without a neighbour has no line
  return values.some((value, index) => value !== null && (values[index - 1] ?? null) === null && (values[index + 1] ?? null) === null);
}

function draw(place) {
  const chart = JSON.parse(place.dataset.chart);
  place.classList.add("drawn");
  const series = chart.names.map((name, index) => {
    const stroke = colour(`--chart-${(index % COLOURS) + 1}`);
    return {
      label: name, stroke, width: 2, dash: DASHES[index % DASHES.length],
      points: { show: isSparse(chart.values[index]), size: 7, fill: stroke },
      fill: name === FILLED ? stroke + "33" : undefined,
      value: (_, value) => (value === null ? "–" : value.toPrecision(3)),
    };
  });
  const plot = new uPlot({
    width: place.clientWidth, height: HEIGHT,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    scales: { x: chart.span ? { range: () => chart.span } : {}, y: { range: (_, low, high) => [0, (high || 1) * 1.1] } },
    axes: [axis({ values: (_, times) => times.map((time) => new Date(time * 1000).toISOString().slice(11, 19)), space: 90 }), axis({ size: 55 })],
    series: [{ label: "UTC", value: (_, time) => (time === null ? "–" : new Date(time * 1000).toISOString().slice(11, 19)) }, ...series],
    legend: { markers: { width: 0, fill: (_, index) => swatch(series[index - 1]) } },
    cursor: { drag: { x: false, y: false } },
  }, [chart.times, ...chart.values], place);
  new ResizeObserver(() => {
    if (place.clientWidth && place.clientWidth !== plot.width) plot.setSize({ width: place.clientWidth, height: HEIGHT });
  }).observe(place);
}

function swatch(line) { // the legend's mark is dashed as its line is
  let at = 0;
  const stops = line.dash.flatMap((length, index) => {
    const tint = index % 2 ? "transparent" : line.stroke;
    return [`${tint} ${at}px`, `${tint} ${(at += length)}px`];
  });
  return stops.length ? `repeating-linear-gradient(90deg, ${stops.join(", ")})` : line.stroke;
}

function drawAll() {
  if (!window.uPlot) return; // its libraries were not fetched: the tables are there
  document.querySelectorAll(".plot:not(.drawn)").forEach(draw);
}

function isRead(live) {
  return live.querySelector("details[open]") || (live !== document.activeElement && live.contains(document.activeElement));
}

const QUIET_MS = 7000; // of a stream that sends every 2 s: it has broken
let heardAt = Date.now();

function heard() {
  heardAt = Date.now();
  const stale = document.getElementById("stale");
  if (stale) stale.hidden = true;
}

document.addEventListener("htmx:sse:before:message", (event) => {
  heard();
  if (document.hidden || isRead(event.target)) event.preventDefault();
});
document.addEventListener("signed-out", () => location.reload());

async function askOnce(live) { // where the stream is broken: the part alone, and a word where that fails, too
  try {
    const answer = await fetch(live.dataset.part, { headers: { "HX-Request": "true" } });
    if (answer.headers.has("HX-Redirect")) return location.assign(answer.headers.get("HX-Redirect"));
    if (!answer.ok) throw new Error(answer.status);
    const part = await answer.text();
    heard();
    if (isRead(live)) return;
    live.innerHTML = part;
    drawAll();
  } catch {
    document.getElementById("stale").hidden = false;
  }
}

setInterval(() => {
  const live = document.getElementById("live");
  if (live && window.htmx && !document.hidden && Date.now() - heardAt > QUIET_MS) askOnce(live);
}, 2000);
document.addEventListener("htmx:after:swap", drawAll);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  document.querySelectorAll(".plot.drawn").forEach((place) => { place.replaceChildren(); draw(place); });
});
drawAll();
if (!window.htmx && document.getElementById("live")) setTimeout(() => location.reload(), 10000);
