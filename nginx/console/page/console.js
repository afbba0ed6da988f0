// The page: asks CloudWatch, its alarms and SNS each few seconds, and draws what they say.
import { SECTIONS } from "./panels.js";
import { Chart } from "./chart.js";
import { showAlarms } from "./alarms.js";

const POINTS = 150;
const ask = async (url, options) => {
  const answer = await fetch(url, options);
  if (!answer.ok) throw new Error(`${url.split("?")[0]} answers ${answer.status}`);
  return answer.json();
};
const $ = (selector, root = document) => root.querySelector(selector);

let minutes = Number(localStorage.getItem("minutes")) || 15;
const charts = [];

function frame() {
  const end = Math.floor(Date.now() / 1000);
  const step = Math.max(5, Math.ceil((minutes * 60) / POINTS));
  const start = end - minutes * 60;
  return { start: start - (start % step), end, step, window: `${Math.max(20, step * 2)}s` };
}

async function range(query, at) {
  const given = new URLSearchParams({
    query: query.replaceAll("$w", at.window), start: at.start, end: at.end, step: at.step, nocache: 1,
  });
  return (await ask(`/api/v1/query_range?${given}`)).data.result;
}

function build() {
  for (const about of SECTIONS) {
    const section = document.createElement("section");
    section.hidden = true;
    section.append(Object.assign(document.createElement("h2"), { textContent: about.title }));
    const grid = Object.assign(document.createElement("div"), { className: "grid" });
    section.append(grid);
    $("#sections").append(section);
    for (const panel of about.panels) charts.push(new Chart(panel, grid, section));
  }
}

async function draw() {
  const at = frame();
  const names = await ask("/api/v1/label/__name__/values").then((told) => new Set(told.data));
  const firing = await range('count(ALERTS{alertstate="firing"})', at);
  const bands = (firing[0]?.values ?? []).map(([when]) => when);
  await Promise.all(charts.map(async (chart) => {
    const found = chart.panel.unless && names.has(chart.panel.unless)
      ? []
      : await Promise.all(chart.panel.lines.map((line) => range(line.q, at)));
    chart.show(found, at, bands);
  }));
  for (const section of document.querySelectorAll("#sections > section")) {
    section.hidden = ![...section.querySelectorAll(".panel")].some((panel) => !panel.hidden);
  }
}

async function events() {
  const told = await ask(`/events?since=${Date.now() / 1000 - minutes * 60}`).catch(() => ({ events: [] }));
  const list = $("#events ol");
  $("#events").hidden = told.events.length === 0;
  list.replaceChildren(...told.events.slice(-60).reverse().map((one) => {
    const line = document.createElement("li");
    const when = new Date(one.ts * 1000).toISOString().slice(11, 19);
    line.append(Object.assign(document.createElement("time"), { textContent: when }));
    line.append(Object.assign(document.createElement("b"), { textContent: one.event.replaceAll("_", " ") }));
    line.append(` ${one.resource ?? ""} `, Object.assign(document.createElement("i"), { textContent: one.loop }));
    return line;
  }));
}

async function logs() {
  // Central logs are there from stage 3 on.
  const there = await fetch("/select/logsql/query?query=*&limit=1").then((a) => a.ok, () => false);
  $("#logs-link").hidden = !there;
  return there;
}

function choose(chosen) {
  minutes = chosen;
  localStorage.setItem("minutes", minutes);
  for (const button of document.querySelectorAll(".range button")) {
    button.setAttribute("aria-pressed", Number(button.dataset.minutes) === minutes);
  }
}

let turn = 0;
async function look() {
  const mine = ++turn;
  const problems = [];
  const attempt = async (what) => { try { return await what(); } catch (error) { problems.push(error.message); } };
  const withLogs = await attempt(logs);
  await Promise.all([attempt(() => showAlarms(ask, withLogs)), attempt(draw), attempt(events)]);
  $("#away").hidden = problems.length === 0;
  $("#away").textContent = problems.length ? `Not everything can be seen now: ${[...new Set(problems)].join("; ")}.` : "";
  if (mine === turn) setTimeout(() => (document.hidden ? again() : look()), minutes > 15 ? 15000 : 5000);
}
// Nobody asks for a page that nobody sees.
const again = () => document.addEventListener("visibilitychange", look, { once: true });

build();
choose(minutes);
for (const button of document.querySelectorAll(".range button")) {
  button.addEventListener("click", () => { choose(Number(button.dataset.minutes)); look(); });
}
document.addEventListener("acknowledged", look);
look();
