// One panel: a chart of up to a dozen lines, with its newest values as the legend. Times are UTC, as in
// mails and logs.
const COLOURS = ["#2563eb", "#ea580c", "#059669", "#9333ea", "#db2777", "#0891b2", "#a16207", "#64748b"];
const utc = (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC");
const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export class Chart {
  constructor(panel, grid, section) {
    this.panel = panel;
    this.section = section;
    this.box = Object.assign(document.createElement("figure"), { className: "panel", hidden: true });
    const title = Object.assign(document.createElement("figcaption"), { textContent: panel.title });
    title.append(Object.assign(document.createElement("span"), { textContent: panel.unit }));
    this.plot = Object.assign(document.createElement("div"), { className: "plot" });
    this.legend = Object.assign(document.createElement("ul"), { className: panel.words ? "legend words" : "legend" });
    this.box.append(title, this.plot, this.legend);
    grid.append(this.box);
    this.bands = [];
    this.step = 5;
    new ResizeObserver(() => this.chart?.setSize(this.size())).observe(this.plot);
  }

  size() {
    return { width: Math.max(200, this.plot.clientWidth), height: 150 };
  }

  // `found`: for each line of the panel its series, as query_range answers them.
  show(found, at, bands) {
    const series = found.flatMap((result, n) => {
      const line = this.panel.lines[n];
      return result.map((one) => ({ name: line.name ?? one.metric[line.by] ?? "value", values: one.values }));
    }).filter((one) => one.values.some(([, value]) => value !== "NaN"));
    series.sort((a, b) => (this.panel.lines.length > 1 ? 0 : a.name.localeCompare(b.name)));
    this.box.hidden = series.length === 0;
    if (this.box.hidden) return;
    this.section.hidden = false;
    this.bands = bands;
    this.step = at.step;
    const times = [];
    for (let t = at.start; t <= at.end; t += at.step) times.push(t);
    const data = [times, ...series.map((one) => {
      const values = new Map(one.values);
      return times.map((t) => (values.has(t) && values.get(t) !== "NaN" ? Number(values.get(t)) : null));
    })];
    const names = series.map((one) => one.name);
    if (!this.chart || names.join("\n") !== this.names) {
      this.chart?.destroy();
      this.names = names.join("\n");
      this.chart = new uPlot(this.options(names), data, this.plot);
    } else {
      this.chart.setData(data);
    }
    this.tell(names, data, data[0].length - 1);
  }

  options(names) {
    const grid = { stroke: style("--line"), width: 1 };
    const axis = { stroke: style("--soft"), grid, ticks: { show: false }, font: "11px system-ui, sans-serif" };
    return {
      ...this.size(),
      tzDate: utc,
      padding: [8, 8, 0, 0],
      legend: { show: false },
      cursor: { points: { size: 6 }, drag: { x: false }, y: false },
      scales: { y: { range: (_, low, high) => [0, Math.max(this.panel.max ?? 0, high * 1.1) || 1] } },
      axes: [
        { ...axis, size: 24, space: 70, values: "{HH}:{mm}" },
        { ...axis, size: 46, space: 30, values: (_, ticks) => ticks.map((tick) => (this.panel.whole && tick % 1 ? "" : short(tick))) },
      ],
      series: [{}, ...names.map((label, n) => ({
        label, stroke: COLOURS[n % COLOURS.length], width: 1.6, points: { show: false },
        fill: names.length === 1 ? `${COLOURS[0]}1f` : undefined, spanGaps: false,
      }))],
      hooks: {
        drawClear: [(chart) => this.shade(chart)],
        setCursor: [(chart) => this.tell(names, chart.data, chart.cursor.idx ?? chart.data[0].length - 1)],
      },
    };
  }

  // Behind the lines: when any alarm was on.
  shade(chart) {
    const { ctx, bbox } = chart;
    ctx.save();
    ctx.fillStyle = style("--band");
    for (const when of this.bands) {
      const left = chart.valToPos(when - this.step / 2, "x", true), right = chart.valToPos(when + this.step / 2, "x", true);
      const from = Math.max(left, bbox.left), to = Math.min(right, bbox.left + bbox.width);
      if (to > from) ctx.fillRect(from, bbox.top, to - from + 0.5, bbox.height);
    }
    ctx.restore();
  }

  // The legend, with the values under the pointer or the newest ones.
  tell(names, data, index) {
    this.legend.replaceChildren(...names.map((name, n) => {
      const item = Object.assign(document.createElement("li"), { title: name });
      const dot = document.createElement("i");
      dot.style.background = COLOURS[n % COLOURS.length];
      let value = data[n + 1][index];
      // The newest sample may not be there yet.
      if (value == null && index >= data[0].length - 2) value = data[n + 1].slice(-4).findLast((one) => one != null);
      item.append(dot, Object.assign(document.createElement("span"), { textContent: name }),
        Object.assign(document.createElement("b"), { textContent: value == null ? "–" : short(value) }));
      return item;
    }));
  }
}

export function short(value) {
  const size = Math.abs(value);
  if (size >= 1e6) return `${(value / 1e6).toFixed(1)}M`;
  if (size >= 1e4) return `${(value / 1e3).toFixed(0)}k`;
  if (size >= 1e3) return `${(value / 1e3).toFixed(1)}k`;
  if (size >= 10 || Number.isInteger(value)) return value.toFixed(0);
  return size >= 1 ? value.toFixed(1) : value.toFixed(2);
}
