// The alarms: which are on, who is at it, and the ones that are quiet. To acknowledge one is a silence at
// SNS's topic (Alertmanager): with a name and a note, for a time.
const $ = (selector, root = document) => root.querySelector(selector);
const make = (tag, given = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), given);
  made.append(...children);
  return made;
};
const OWN = ["alertname", "alertgroup", "severity", "region"];
const RANK = { firing: 0, acknowledged: 1, pending: 2 };
const book = (path) => (path ? `/runbooks/${path.split("/").pop().replace(/\.md$/, ".html")}` : "/runbooks/");

export async function showAlarms(ask, withLogs) {
  const [rules, silences] = await Promise.all([
    ask("/api/v1/rules"),
    ask("/sns/silences").catch(() => []),
  ]);
  const all = rules.data.groups.flatMap((group) => group.rules).filter((rule) => rule.type === "alerting")
    .map((rule) => ({ ...rule, alerts: rule.alerts ?? [] }));
  const live = silences.filter((one) => one.status.state === "active");
  const on = all.flatMap((rule) => rule.alerts.map((alert) => ({ rule, alert, by: live.find((s) => fits(s, alert.labels, rule.name)) })))
    .map((one) => ({ ...one, state: one.by && one.alert.state === "firing" ? "acknowledged" : one.alert.state }))
    .sort((a, b) => RANK[a.state] - RANK[b.state] || a.alert.activeAt.localeCompare(b.alert.activeAt));
  const firing = on.filter((one) => one.state !== "pending");
  $("#firing").replaceChildren(...on.map((one) => card(one, withLogs)),
    ...(on.length ? [] : [make("p", { className: "calm", textContent: `All quiet: none of the ${all.length} alarms is on.` })]));
  const quiet = all.filter((rule) => !rule.alerts.length);
  $("#alarm-counts").textContent = firing.length ? `${firing.length} on` : "";
  $("#alarm-counts").className = firing.length ? "on" : "";
  document.title = firing.length ? `(${firing.length}) CloudWatch · Tenfold` : "CloudWatch · Tenfold";
  $("#quiet summary").textContent = `${quiet.length} quiet`;
  $("#quiet ul").replaceChildren(...quiet.map((rule) => make("li", {},
    make("a", { href: book(rule.annotations.runbook), textContent: rule.name }),
    make("code", { textContent: rule.query }))));
}

function fits(silence, labels, name) {
  const told = { ...labels, alertname: name };
  return silence.matchers.every((m) => {
    const value = told[m.name] ?? "";
    const same = m.isRegex ? new RegExp(`^(?:${m.value})$`).test(value) : value === m.value;
    return (m.isEqual ?? true) ? same : !same;
  });
}

function card({ rule, alert, by, state }, withLogs) {
  const since = new Date(alert.activeAt);
  const words = { firing: "ALARM", acknowledged: "acknowledged", pending: "about to" };
  const box = make("article", { className: `alarm ${state} ${rule.labels.severity ?? ""}` },
    make("div", { className: "top" },
      make("span", { className: "badge", textContent: words[state] ?? state }),
      make("h3", { textContent: rule.name }),
      make("time", { dateTime: alert.activeAt, title: since.toISOString(), textContent: ago(since) })),
    make("p", { textContent: alert.annotations.summary ?? rule.annotations.summary }));
  if (by) {
    box.append(make("p", { className: "who", textContent:
      `${by.createdBy} is at it since ${by.startsAt.slice(11, 16)} UTC, until ${by.endsAt.slice(11, 16)}${by.comment ? `: ${by.comment}` : ""}` }));
  }
  const links = make("div", { className: "links" },
    make("a", { className: "main", href: book(rule.annotations.runbook), textContent: "Runbook" }),
    make("a", { href: `/vmui/#/?g0.expr=${encodeURIComponent(rule.query)}&g0.range_input=15m`, textContent: "Graph" }));
  if (withLogs) links.append(make("a", { href: `/select/vmui/#/?query=${encodeURIComponent(words_of(alert.labels))}&g0.range_input=15m`, textContent: "Logs" }));
  if (state === "firing") {
    links.append(make("button", { textContent: "Acknowledge", onclick: () => acknowledge(rule.name, alert.labels) }));
  } else if (by) {
    links.append(make("button", { textContent: "Take back", onclick: () => change("DELETE", `/sns/silence/${by.id}`) }));
  }
  box.append(links);
  return box;
}

// What to look for in the logs: the machine or service that the alarm names.
function words_of(labels) {
  const name = labels.instance ?? labels.target ?? labels.node;
  if (name && !name.includes(":")) return `_time:15m {instance=~"${name}.*"}`;
  return labels.service && labels.service !== "rds" ? `_time:15m {service="${labels.service}"}` : "_time:15m (level:error or error or failed)";
}

function ago(when) {
  const seconds = Math.max(0, Math.round((Date.now() - when) / 1000));
  if (seconds < 90) return `for ${seconds} s`;
  return seconds < 5400 ? `for ${Math.round(seconds / 60)} min` : `since ${when.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

function acknowledge(name, labels) {
  const dialog = $("#ack"), form = $("form", dialog);
  $("[data-name]", dialog).textContent = name;
  form.who.value = localStorage.getItem("who") ?? "";
  form.note.value = "";
  dialog.onclose = async () => {
    if (dialog.returnValue !== "yes") return;
    localStorage.setItem("who", form.who.value.trim());
    const now = new Date(), until = new Date(now.getTime() + Number(form.minutes.value) * 60000);
    const matchers = [["alertname", name], ...Object.entries(labels).filter(([label]) => !OWN.includes(label))];
    await change("POST", "/sns/silences", {
      matchers: matchers.map(([label, value]) => ({ name: label, value, isRegex: false, isEqual: true })),
      startsAt: now.toISOString(), endsAt: until.toISOString(),
      createdBy: form.who.value.trim(), comment: form.note.value.trim() || "acknowledged",
    });
  };
  dialog.returnValue = "no";
  dialog.showModal();
}

async function change(method, url, body) {
  const answer = await fetch(url, {
    method, headers: body ? { "Content-Type": "application/json" } : {}, body: body && JSON.stringify(body),
  });
  if (!answer.ok) alert(`SNS answers ${answer.status}: ${(await answer.text()).slice(0, 200)}`);
  document.dispatchEvent(new Event("acknowledged"));
}
