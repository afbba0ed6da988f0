// A line that follows the pointer over the timeline, with the figures of that second.
const svg = document.getElementById("timeline");
const seconds = JSON.parse(document.getElementById("seconds").textContent);
const readout = document.getElementById("readout");
if (svg) {
  const cursor = svg.querySelector("#cursor");
  const { begin, end, zero, left, right } = Object.fromEntries(
    Object.entries(svg.dataset).map(([name, value]) => [name, Number(value)]));
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    const x = (event.clientX - box.left) * svg.viewBox.baseVal.width / box.width;
    if (x < left || x > right) return;
    const at = begin + (x - left) / (right - left) * (end - begin);
    const one = seconds[Math.floor(at - begin)];
    cursor.setAttribute("x1", x);
    cursor.setAttribute("x2", x);
    cursor.style.opacity = 0.5;
    const sign = at >= zero ? "+" : "−";
    readout.textContent = `${sign}${Math.abs(at - zero).toFixed(1)} s` + (one
      ? ` · ${one.asked} asked, ${one.failed} failed · p50 ${one.p50} ms, p95 ${one.p95} ms` +
        (one.why ? ` · ${one.why}` : "")
      : " · nothing was asked");
  });
  svg.addEventListener("pointerleave", () => {
    cursor.style.opacity = 0;
    readout.textContent = "Point at the drawing for the figures of a second.";
  });
}
